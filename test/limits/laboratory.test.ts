import { describe, expect, test } from 'vitest';
import { mean, measure, qbatch, SCENARIOS } from '../../bench/laboratory/index.ts';

const SEEDS = [1, 2];

// Virtual time and seeds: the same figures on every machine, however loaded.
describe.each(SCENARIOS.filter(({ quick }) => quick))('laboratory: $name', (scenario) => {
  test.each(['known', 'unknown'] as const)(
    'limits %s: nearly all of the quota, next to no refusals, hardly longer than a perfect client',
    async (know) => {
      const runs = [];
      for (const seed of SEEDS) runs.push(await measure(scenario, seed, qbatch(scenario, know)));
      const { usePercent, refusedPercent, makespanRatio } = mean(runs);
      const { use, refused, makespan } = scenario.goals;
      expect(usePercent).toBeGreaterThanOrEqual(use[know]);
      expect(refusedPercent).toBeLessThanOrEqual(refused[know]);
      expect(makespanRatio).toBeLessThanOrEqual(makespan[know]);
    },
  );
});
