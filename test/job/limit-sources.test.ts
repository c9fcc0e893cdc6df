import { expect, test } from 'vitest';
import { knownLimits, type LimitSourceOptions } from '../../src/job/limit-sources.ts';
import { loadCatalog } from '../../src/models/catalog.ts';

const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';

function sources(
  compatibleBaseUrl: string | undefined,
  overrides?: unknown,
  rpm: ReadonlyMap<string, number> = new Map(),
): LimitSourceOptions {
  return {
    settings: {
      rpm,
      tpm: new Map(),
      simulate: undefined,
      baseUrl: undefined,
      compatibleBaseUrl,
    },
    origins: new Map(),
    quotas: new Map(),
    learned: new Map(),
    catalog: loadCatalog(overrides),
    scope: 'cn',
    endpoint: { dashscope: 'https://batch.dashscope.aliyuncs.com/api/v1' },
  };
}

function limitsOf(options: LimitSourceOptions): (number | null)[] {
  const { rpm, tpm } = knownLimits(options, null, 'qwen3-vl-plus');
  return [rpm?.perMinute ?? null, tpm?.perMinute ?? null];
}

test('a realtime host is paced by the quotas that the rate-limit page lists', () => {
  expect(limitsOf(sources(undefined))).toEqual([3_000, 5_000_000]);
});

test('Batch Chat is not: it takes 10,000 calls in 10 s, and counts no tokens', () => {
  expect(limitsOf(sources(BATCH))).toEqual([60_000, null]);
});

test("the user's own limits hold for Batch Chat too, by flag or by catalog file", () => {
  expect(limitsOf(sources(BATCH, undefined, new Map([['', 120]])))).toEqual([120, null]);
  const file = {
    models: [{ id: 'qwen3-vl-plus', rate_limits: [{ scope: 'cn', rpm: 90, tpm: 70_000 }] }],
  };
  expect(limitsOf(sources(BATCH, file))).toEqual([90, 70_000]);
});
