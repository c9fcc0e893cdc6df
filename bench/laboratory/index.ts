import type { PaceEvent } from '../../src/limits/pace-event.ts';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import type { Client } from './client.ts';
import { callsOf } from './calls.ts';
import { type Figures, figuresFrom, measure } from './measure.ts';
import { qbatchClient } from './qbatch-client.ts';
import { REAL_TIME_SCENARIOS } from './real-time-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { Service } from './service.ts';

export { evenClient } from './even-client.ts';
export { scriptClient } from './script-client.ts';
export { callsOf, figuresFrom, measure, REAL_TIME_SCENARIOS, SCENARIOS, Service };
export type { Client, Figures, Scenario };

/** qbatch's own limiter, with the limits known or unknown. */
export function qbatch(
  scenario: Scenario,
  know: 'known' | 'unknown',
  onPace?: (event: PaceEvent) => void,
): Client {
  const limits = new Map<string, PaceLimits>(
    scenario.workloads.map(({ model, quota: { rpm, tpm } }) => [
      model,
      scenario.statedLimits ?? { rpm, tpm },
    ]),
  );
  const nothing: PaceLimits = { rpm: null, tpm: null };
  return qbatchClient({
    isOwnServer: scenario.capacity !== null,
    limits: (model) =>
      know === 'known' && scenario.capacity === null ? (limits.get(model) ?? nothing) : nothing,
    ...(onPace !== undefined && { onPace }),
  });
}

/** Means over seeds. */
export function mean(runs: readonly Figures[]): Figures {
  const of = (what: keyof Figures): number =>
    runs.reduce((sum, run) => sum + run[what], 0) / Math.max(1, runs.length);
  return {
    usePercent: of('usePercent'),
    refusedPercent: of('refusedPercent'),
    makespanMs: of('makespanMs'),
    makespanRatio: of('makespanRatio'),
    unevenness: of('unevenness'),
    heldMost: of('heldMost'),
    sent: of('sent'),
  };
}
