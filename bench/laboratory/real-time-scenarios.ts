import { CHANGING, TOKENS } from './goals.ts';
import { type Scenario, scenario } from './scenario.ts';

/**
 * Scenarios that bench/quota.mjs also runs in real time, three minutes or more each. The program
 * expects 512 tokens of an answer where a request names no bound, hence the estimate.
 */
export const REAL_TIME_SCENARIOS: readonly Scenario[] = [
  scenario('RPM 1,200, sliced', { calls: { lines: 3600, estimate: 1.3 } }),
  scenario('RPM 600, TPM 300k binds', {
    calls: { lines: 1300, estimate: 1.3 },
    quota: { rpm: 600, tpm: 300_000 },
    goals: TOKENS,
  }),
  scenario('quota halves 60-120 s', {
    calls: { lines: 3600, estimate: 1.3 },
    quota: { change: { fromMs: 60_000, toMs: 120_000, share: 0.5 } },
    goals: CHANGING,
  }),
];
