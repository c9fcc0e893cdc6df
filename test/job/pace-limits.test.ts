import { expect, test } from 'vitest';
import { callsInFlight } from '../../src/job/pace-limits.ts';

const SIMULATED = { rpm: null, tpm: null, errorRate: 0, seed: 1 };

test('callsInFlight: what was asked for, with a simulator or without', () => {
  expect(callsInFlight({ concurrency: 7, simulate: undefined })).toBe(7);
  expect(callsInFlight({ concurrency: 7, simulate: { ...SIMULATED, latencyMs: 200 } })).toBe(7);
  expect(callsInFlight({ concurrency: 'auto', simulate: undefined })).toBe('auto');
});

test.each([
  [0, 64],
  [10, 64],
  [200, 300],
  [2_000, 3_000],
  [60_000, 4_000],
])('callsInFlight: a simulator that takes %i ms, %i', (latencyMs, calls) => {
  const simulate = { ...SIMULATED, latencyMs };
  expect(callsInFlight({ concurrency: 'auto', simulate })).toBe(calls);
});
