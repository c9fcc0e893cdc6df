import { describe, expect, test } from 'vitest';
import type { DispatchFacts } from '../../src/ledger/read-trace.ts';
import { dispatchReport } from '../../src/report/dispatch-report.ts';
import { dispatchText } from '../../src/report/dispatch-text.ts';

const START = Date.UTC(2026, 10, 1, 12);

/** 120 seconds (both ends included) at a limit of 600 a minute: 1,200 calls could have been let in. */
const LANE: DispatchFacts['lanes'][number] = {
  model: 'qwen-plus',
  rpmLimit: 600,
  rpmOrigin: 'learned',
  tpmLimit: null,
  tpmOrigin: 'none',
  firstStartAt: START,
  lastStartAt: START + 119_000,
  starts: 1_200,
  startsMost: 12,
  throttles: { rate: 10, tokens: 1, burst: 1 },
  tokens: 100_000,
  usedRequests: 1_140,
  allowedRequests: 1_200,
  usedTokens: 0,
  allowedTokens: 0,
  latencyMs: 2_000,
};

const FACTS: DispatchFacts = {
  run: 2,
  startedAt: START - 500,
  endedAt: START + 128_800,
  lanes: [LANE],
  changes: [
    {
      model: 'qwen-plus',
      at: START + 5_000,
      dimension: 'requests',
      from: 300,
      to: 600,
      reason: 'learned',
    },
    {
      model: null,
      at: START + 6_000,
      dimension: 'concurrency',
      from: 64,
      to: null,
      reason: 'asked',
    },
  ],
  throttled: [{ code: 'Throttling.RateQuota', attempts: 12 }],
  attempts: 1_500,
  linesTried: 1_250,
};

describe('dispatchReport', () => {
  test('the last run, its makespan against what its limits would have taken', () => {
    const report = dispatchReport(FACTS, null);
    // 95 % of 120 s of quota were used: 114 s at the whole of it, and the last call's 2 s.
    expect(report).toMatchObject({
      run: 2,
      makespan_ms: 128_800,
      ideal_ms: 116_000,
      makespan_ratio: 1.11,
      attempts_per_line: 1.2,
    });
    expect(report.models).toEqual([
      {
        model: 'qwen-plus',
        rpm_limit: 600,
        rpm_origin: 'learned',
        tpm_limit: null,
        tpm_origin: 'none',
        starts: 1_200,
        admitted: 1_188,
        throttled: { rate: 10, tokens: 1, burst: 1 },
        utilisation: 0.95,
        // 12 in the fullest second, 10 in the mean one.
        evenness: 1.2,
      },
    ]);
  });

  test('the dimension that is used most is the one that binds', () => {
    const lanes = [{ ...LANE, tpmLimit: 500, usedTokens: 990, allowedTokens: 1_000 }];
    expect(dispatchReport({ ...FACTS, lanes }, null).models[0]?.utilisation).toBe(0.99);
  });

  test('a limit that was known for a while and is not any more: no share of it, and nothing that it would have taken', () => {
    const lanes = [{ ...LANE, rpmLimit: null, rpmOrigin: 'unknown' }];
    const report = dispatchReport({ ...FACTS, lanes }, null);
    expect(report.models[0]?.utilisation).toBeNull();
    expect(report).toMatchObject({ ideal_ms: null, makespan_ratio: null });
    const other = [{ ...LANE, rpmLimit: null, tpmLimit: 500, usedTokens: 9, allowedTokens: 10 }];
    expect(dispatchReport({ ...FACTS, lanes: other }, null).models[0]?.utilisation).toBe(0.9);
  });

  test('a run that goes on ends now; one that died has no end', () => {
    const open = { ...FACTS, endedAt: null };
    expect(dispatchReport(open, START + 60_000).makespan_ms).toBe(60_000);
    expect(dispatchReport(open, null)).toMatchObject({ makespan_ms: null, makespan_ratio: null });
  });

  test('without a known limit or an answer, nothing is claimed of the ideal', () => {
    for (const lane of [
      { ...LANE, allowedRequests: 0, usedRequests: 0 },
      { ...LANE, latencyMs: null },
    ]) {
      const report = dispatchReport({ ...FACTS, lanes: [LANE, lane] }, null);
      expect(report).toMatchObject({ ideal_ms: null, makespan_ratio: null });
    }
    const none = dispatchReport({ ...FACTS, lanes: [], linesTried: 0, attempts: 0 }, null);
    expect(none).toMatchObject({ makespan_ms: null, attempts_per_line: null, models: [] });
  });
});

describe('dispatchText', () => {
  test('a table of the models, the makespan, the 429s and the last changes', () => {
    const text = dispatchText(dispatchReport(FACTS, null));
    expect(text).toEqual([
      'quota use of run 2:',
      'model          rpm limit  tpm limit  starts  admitted  429s  of quota  most/mean',
      'qwen-plus  600 (learned)          -   1,200     1,188    12     95.0%       1.20',
      'it took 2m 9s, 1.11 x the 1m 56s that its limits would have taken',
      '1.20 attempts a line over all runs',
      '429s by code, over all runs: Throttling.RateQuota 12',
      'last of 2 changes of limits and pace:',
      '  2026-11-01T12:00:05.000Z qwen-plus rpm 300 -> 600: learned',
      '  2026-11-01T12:00:06.000Z calls in flight 64 -> any: asked',
    ]);
  });

  test('what befell a model as a whole is told by its reason, not by numbers that it has not', () => {
    const lane = { model: 'qwen-plus', at: START, dimension: 'lane', from: null, to: null };
    const changes = ['capacity', 'recovered', 'retry-after', 'parked', 'of a later version'].map(
      (reason) => ({ ...lane, reason }),
    );
    expect(dispatchText(dispatchReport({ ...FACTS, changes }, null)).slice(-5)).toEqual([
      '  2026-11-01T12:00:00.000Z qwen-plus called less often for a while: calls failed at the service',
      '  2026-11-01T12:00:00.000Z qwen-plus called as often as before: its failures do not come from how often it is called',
      '  2026-11-01T12:00:00.000Z qwen-plus paused: the service asked for it (Retry-After)',
      '  2026-11-01T12:00:00.000Z qwen-plus parked: no more calls of it in that run',
      '  2026-11-01T12:00:00.000Z qwen-plus of a later version',
    ]);
  });

  test('names that others wrote reach no terminal raw; a run that sent nothing says nothing', () => {
    const lanes = [{ ...LANE, model: 'qwen\u001B[31m\n' }];
    expect(dispatchText(dispatchReport({ ...FACTS, lanes }, null)).join('')).not.toMatch(/\p{Cc}/u);
    expect(dispatchText(dispatchReport({ ...FACTS, lanes: [] }, null))).toEqual([]);
  });
});
