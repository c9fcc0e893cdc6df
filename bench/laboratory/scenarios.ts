import {
  RANDOM_REFUSALS,
  FEW_RANDOM_REFUSALS,
  CONTENTION,
  COUNTED_AT_END,
  OUTDATED_LIMIT,
  OUTDATED_TOKEN_LIMIT,
  MINUTE,
  CHANGING,
  CHANGING_TOKENS,
  CHANGING_WINDOWS,
  MANY_RANDOM_REFUSALS,
  OWN_SERVER,
  PAUSES,
  SHARED,
  STALL,
  HEAVY_TAILS,
  TOKENS,
  STATED_TOO_HIGH,
} from './goals.ts';
import { CALLS, QUOTA, type Scenario, scenario } from './scenario.ts';

const TOKENS_BIND = { rpm: 6000, tpm: 600_000 } as const;

/** Every scenario; a job lasts five minutes or more at the full rate. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('RPM 1,200', { quick: true }),
  scenario('RPM 1,200, busy machine', { busy: true, quick: true }),
  scenario('own server, 32 slots', {
    calls: { lines: 3600 },
    quota: { rpm: 1e7, tpm: 1e11 },
    capacity: 32,
    goals: OWN_SERVER,
    quick: true,
  }),
  scenario('RPM 60', { calls: { lines: 600, latencyMs: 5000 }, quota: { rpm: 60 }, quick: true }),
  scenario('RPM 30,000', { calls: { lines: 180_000 }, quota: { rpm: 30_000, tpm: 1e8 } }),
  scenario('RPM 1', {
    calls: { lines: 240, latencyMs: 5000 },
    quota: { rpm: 1, windowMs: 60_000 },
    goals: MINUTE,
  }),
  scenario('6 s windows', { quota: { windowMs: 6000 }, quick: true }),
  scenario('60 s window', { quota: { windowMs: 60_000 }, goals: MINUTE, quick: true }),
  scenario('60 s window, RPM 60', {
    calls: { lines: 600 },
    quota: { rpm: 60, windowMs: 60_000 },
    goals: MINUTE,
  }),
  scenario('bucket of a minute', {
    quota: { windowMs: 60_000, kind: 'bucket' },
    goals: MINUTE,
  }),
  scenario('growth guard', { quota: { guard: { factor: 2, floor: 10 } }, quick: true }),
  scenario('quota halves 120-180 s', {
    calls: { lines: 9600 },
    quota: { change: { fromMs: 120_000, toMs: 180_000, share: 0.5 } },
    goals: CHANGING,
    quick: true,
  }),
  scenario('nothing admitted 120-300 s', {
    quota: { change: { fromMs: 120_000, toMs: 300_000, share: 0 } },
    goals: CHANGING,
  }),
  scenario('refused for the first 25 s', {
    quota: { change: { fromMs: 0, toMs: 25_000, share: 0 } },
    goals: CHANGING,
    quick: true,
  }),
  scenario('nothing admitted 120-150 s', {
    quota: { change: { fromMs: 120_000, toMs: 150_000, share: 0 } },
    goals: CHANGING,
    quick: true,
  }),
  scenario('growth refused 120-180 s', {
    quota: { change: { fromMs: 120_000, toMs: 180_000, share: 0, why: 'throttle_burst' } },
    goals: CHANGING,
    quick: true,
  }),
  // A tenth for two windows, the first of which looks like an outage.
  scenario('60 s window, cut 60-180 s', {
    calls: { lines: 12_000 },
    quota: { windowMs: 60_000, change: { fromMs: 60_000, toMs: 180_000, share: 0.1 } },
    goals: CHANGING_WINDOWS,
    quick: true,
  }),
  // Each second holds one call, and both want all of them.
  scenario('two clients, RPM 60', {
    calls: { lines: 600 },
    quota: { rpm: 60 },
    clients: 2,
    goals: CONTENTION,
  }),
  // A gateway in front of the service asks for a pause with each refusal.
  scenario('RPM 60, pauses of 20 s', {
    calls: { lines: 1200 },
    quota: { rpm: 60, retryAfterMs: 20_000 },
    goals: PAUSES,
    quick: true,
  }),
  scenario('RPM 60, pauses of 60 s', {
    calls: { lines: 1200 },
    quota: { rpm: 60, retryAfterMs: 60_000 },
    goals: PAUSES,
  }),
  scenario('RPM 600, pauses of 20 s', {
    calls: { lines: 12_000 },
    quota: { rpm: 600, retryAfterMs: 20_000 },
    goals: PAUSES,
  }),
  scenario('set 30,000, actual 1,200', {
    statedLimits: { rpm: 30_000, tpm: 5_000_000 },
    goals: STATED_TOO_HIGH,
    quick: true,
  }),
  scenario('learned 60, actual 1,200', {
    calls: { lines: 12_000 },
    statedLimits: { rpm: 60, tpm: null, origin: { rpm: 'learned' }, windowMs: 60_000 },
    goals: OUTDATED_LIMIT,
    quick: true,
  }),
  scenario('learned 6,000, actual 1,200', {
    statedLimits: { rpm: 6000, tpm: null, origin: { rpm: 'learned' }, windowMs: 60_000 },
    goals: OUTDATED_LIMIT,
    quick: true,
  }),
  // A twentieth of the tokens.
  scenario('TPM, learned 30k', {
    calls: { lines: 8600 },
    quota: TOKENS_BIND,
    statedLimits: { rpm: null, tpm: 30_000, origin: { tpm: 'learned' }, windowMs: 60_000 },
    goals: OUTDATED_TOKEN_LIMIT,
  }),
  scenario('stalled 15-25 s', {
    stall: { fromMs: 15_000, toMs: 25_000 },
    goals: STALL,
    quick: true,
  }),
  scenario('stalled 60-70 s', {
    stall: { fromMs: 60_000, toMs: 70_000 },
    goals: STALL,
    quick: true,
  }),
  // At a pace where each second brings isolated refusals.
  scenario('one in 1,000 refused', {
    calls: { lines: 72_000 },
    quota: { rpm: 12_000, tpm: 1e8, randomRefusals: { share: 0.001, why: 'throttle_rate' } },
  }),
  scenario('two in a hundred refused', {
    quota: { randomRefusals: { share: 0.02, why: 'throttle_rate' } },
    goals: FEW_RANDOM_REFUSALS,
    quick: true,
  }),
  scenario('one in ten refused', {
    quota: { randomRefusals: { share: 0.1, why: 'throttle_rate' } },
    goals: RANDOM_REFUSALS,
    quick: true,
  }),
  scenario('one in ten refused, tokens', {
    quota: { randomRefusals: { share: 0.1, why: 'throttle_tokens' } },
    goals: RANDOM_REFUSALS,
    quick: true,
  }),
  scenario('three in ten refused', {
    quota: { randomRefusals: { share: 0.3, why: 'throttle_rate' } },
    goals: MANY_RANDOM_REFUSALS,
    quick: true,
  }),
  scenario('a line always refused', {
    calls: { refusedEvery: 5000 },
    goals: CHANGING,
    quick: true,
  }),
  scenario('two clients', { calls: { lines: 4800 }, clients: 2, goals: CHANGING }),
  scenario('three clients', { calls: { lines: 4800 }, clients: 3, goals: SHARED, quick: true }),
  scenario('TPM 600k binds', {
    calls: { lines: 5200 },
    quota: TOKENS_BIND,
    goals: TOKENS,
    quick: true,
  }),
  scenario('TPM 5M, heavy tails', {
    calls: { lines: 43_000, outputSigma: 1.2 },
    quota: { rpm: 30_000, tpm: 5_000_000 },
    goals: TOKENS,
  }),
  scenario('TPM 600k, heavy tails', {
    calls: { lines: 5200, outputSigma: 1.2 },
    quota: TOKENS_BIND,
    goals: HEAVY_TAILS,
  }),
  scenario('TPM, 60 s window', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, windowMs: 60_000 },
    goals: TOKENS,
  }),
  scenario('TPM, 60 s window, cut 60-180 s', {
    calls: { lines: 8600 },
    quota: {
      ...TOKENS_BIND,
      windowMs: 60_000,
      change: { fromMs: 60_000, toMs: 180_000, share: 0.1 },
    },
    goals: CHANGING_WINDOWS,
    quick: true,
  }),
  scenario('TPM, counted at the end', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, charge: 'end' },
    goals: COUNTED_AT_END,
  }),
  scenario('TPM halves 120-180 s', {
    calls: { lines: 5200 },
    quota: { ...TOKENS_BIND, change: { fromMs: 120_000, toMs: 180_000, share: 0.5 } },
    goals: CHANGING_TOKENS,
    quick: true,
  }),
  scenario('TPM, estimate 1/3', {
    calls: { lines: 5200, estimate: 1 / 3 },
    quota: TOKENS_BIND,
    goals: TOKENS,
  }),
  scenario('TPM, estimate x3', {
    calls: { lines: 5200, estimate: 3 },
    quota: TOKENS_BIND,
    goals: TOKENS,
  }),
  scenario('latency 40 s, RPM 600', {
    calls: { lines: 3600, latencyMs: 40_000, outputTokens: 3000 },
    quota: { rpm: 600 },
    quick: true,
  }),
  scenario('latency 10 min, RPM 300', {
    calls: { lines: 6000, latencyMs: 600_000, outputTokens: 3000 },
    quota: { rpm: 300 },
  }),
  scenario('two models, mixed', {
    workloads: [CALLS, { ...CALLS, model: 'qwen-max', lines: 400, quota: { ...QUOTA, rpm: 60 } }],
  }),
  scenario('two models, in blocks', {
    workloads: [CALLS, { ...CALLS, model: 'qwen-max', lines: 3600, quota: { ...QUOTA, rpm: 600 } }],
    order: 'blocks',
  }),
  scenario('three models, one by one', {
    workloads: [
      { ...CALLS, model: 'qwen-turbo', lines: 18_000, quota: { ...QUOTA, rpm: 3000 } },
      { ...CALLS, lines: 14_400, quota: { ...QUOTA, rpm: 2400 } },
      { ...CALLS, model: 'qwen-max', lines: 12_000, quota: { ...QUOTA, rpm: 2000 } },
    ],
    order: 'one by one',
    quick: true,
  }),
];
