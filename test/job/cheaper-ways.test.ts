import { expect, test } from 'vitest';
import { cheaperWays } from '../../src/job/cheaper-ways.ts';
import { LineEstimator } from '../../src/job/line-estimator.ts';
import type { ModelSurvey } from '../../src/job/survey-tally.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import type { Scope } from '../../src/models/scope.ts';
import { nothingSeen } from '../../src/plan.ts';
import { createPricing } from '../../src/pricing.ts';

const catalog = loadCatalog();

/** 1,000 lines of 100 tokens in and 500 out; costs what the catalog says. */
function surveyed(model: string, scope: Scope = 'cn', thinkingLines = 0): Map<string, ModelSurvey> {
  const pricing = createPricing(catalog, scope, scope === 'cn' ? 'CNY' : 'USD');
  const pico = pricing.estimatePico(model, { input: 100, output: 500, thinking: false });
  const entry: ModelSurvey = {
    lines: 1_000,
    inputTokens: 100_000,
    outputExpectedTokens: 500_000,
    outputMaxTokens: null,
    expectedPico: (pico ?? 0) * 1_000,
    searchPico: 0,
    maxPico: null,
    priced: pico !== null,
    textTokens: 0,
    textPico: 0,
    textScale: 1,
    countedLines: 0,
    thinkingLines,
    estimator: new LineEstimator(nothingSeen),
  };
  return new Map([[model, entry]]);
}

function waysOf(model: string, scope: Scope = 'cn', usualHost = true) {
  const pricing = createPricing(catalog, scope, scope === 'cn' ? 'CNY' : 'USD');
  return cheaperWays(surveyed(model, scope), { catalog, pricing, usualHost });
}

test('half of it by Batch Chat and Batch File, where the service takes the model there', () => {
  // 100 x 0.8 + 500 x 2 CNY a million tokens, a thousand times: 1.08 CNY.
  expect(waysOf('qwen-plus').slice(0, 2)).toEqual([
    { model: 'qwen-plus', way: 'batch-chat', instead: null, expectedPico: 0.54e12 },
    { model: 'qwen-plus', way: 'batch-file', instead: null, expectedPico: 0.54e12 },
  ]);
  const abroad = waysOf('qwen-plus', 'intl').map(({ way }) => way);
  expect(abroad).toContain('batch-file');
  expect(abroad).not.toContain('batch-chat');
});

test('a version of the same model that costs less, and never one that costs more', () => {
  let found = 0;
  for (const model of catalog.ids()) {
    for (const way of waysOf(model).filter((one) => one.way === 'snapshot')) {
      found += 1;
      const own = surveyed(model).get(model)?.expectedPico ?? 0;
      const other = surveyed(way.instead ?? '').get(way.instead ?? '')?.expectedPico ?? 0;
      expect(way.expectedPico / other).toBeCloseTo(1, 9);
      expect(other).toBeLessThan(own * 0.95);
      // The name up to its date or version is the same.
      expect(way.instead?.startsWith(model.replace(/-(?:\d{4}.*|latest)$/, ''))).toBe(true);
    }
  }
  expect(found).toBeGreaterThan(0);
});

test('lines that think: no version that does not, however cheap', () => {
  const pricing = createPricing(catalog, 'cn', 'CNY');
  const picoOf = (id: string): number =>
    pricing.estimatePico(id, { input: 100, output: 500, thinking: true }) ?? 0;
  expect(catalog.profile('qwen-plus-2024-12-20').thinking).toBe('none');
  expect(picoOf('qwen-plus-2024-12-20')).toBeLessThan(picoOf('qwen-plus') / 2);
  const ways = cheaperWays(surveyed('qwen-plus', 'cn', 1_000), {
    catalog,
    pricing,
    usualHost: true,
  });
  for (const { instead } of ways)
    if (instead !== null) expect(catalog.profile(instead).thinking).toBe('hybrid');
  expect(ways.map(({ way }) => way)).toContain('batch-chat');
});

test('nothing where calls go elsewhere, or nobody knows a price', () => {
  expect(waysOf('qwen-plus', 'cn', false)).toEqual([]);
  expect(waysOf('my-own-model')).toEqual([]);
});
