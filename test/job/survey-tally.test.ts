import { expect, test } from 'vitest';
import { cheaperWays } from '../../src/job/cheaper-ways.ts';
import { SurveyTally } from '../../src/job/survey-tally.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { nothingSeen } from '../../src/plan.ts';
import { createPricing, type Pricing } from '../../src/pricing.ts';
import { requestOf } from '../helpers/parse-text.ts';

test('short lines behind thousands of long ones of blanks: each takes something, and every sum is a number', () => {
  const pricing = createPricing(loadCatalog(), 'cn', 'CNY');
  const tally = new SurveyTally({ pricing, outputSeen: nothingSeen });
  const blanks = requestOf({ model: 'qwen-plus', prompt: ' '.repeat(19_000) });
  const short = requestOf({ model: 'qwen-plus', prompt: 'hi' });
  const entry = () => tally.models.get('qwen-plus');
  for (let line = 0; line < 2_100; line += 1) tally.count(blanks, 1);
  for (let line = 0; line < 20; line += 1) {
    const before = entry()?.inputTokens ?? 0;
    tally.count(short, 1);
    expect(entry()?.inputTokens).toBeGreaterThan(before);
  }
  expect(entry()?.textPico).toBeGreaterThan(0);
});

test('a line without a maximum that is taken out again (a duplicate) leaves none', () => {
  const pricing = createPricing(loadCatalog(), 'cn', 'CNY');
  const tally = new SurveyTally({ pricing, outputSeen: nothingSeen });
  const bounded = { model: 'made-up', prompt: 'hi', enable_thinking: false, max_tokens: 10 };
  const boundless = requestOf({ model: 'made-up', prompt: 'hi' });
  tally.count(requestOf(bounded), 1);
  expect(tally.models.get('made-up')?.outputMaxTokens).toBe(10);
  tally.count(boundless, 1);
  expect(tally.models.get('made-up')?.outputMaxTokens).toBeNull();
  tally.count(boundless, -1);
  expect(tally.models.get('made-up')?.outputMaxTokens).toBe(10);
});

test('what searches cost is kept apart: a batch halves only the tokens', () => {
  const catalog = loadCatalog();
  const pricing = createPricing(catalog, 'cn', 'CNY');
  const half = createPricing(catalog, 'cn', 'CNY', { batch: true });
  const search = { model: 'qwen-plus', prompt: 'hi', enable_search: true, max_tokens: 100 };
  const expected = (by: Pricing): number => {
    const tally = new SurveyTally({ pricing: by, outputSeen: nothingSeen });
    for (let line = 0; line < 3; line += 1) tally.count(requestOf(search), 1);
    const ways = cheaperWays(tally.models, { catalog, pricing: by, usualHost: by === pricing });
    return ways[0]?.expectedPico ?? tally.models.get('qwen-plus')?.expectedPico ?? 0;
  };
  expect(expected(pricing)).toBeCloseTo(expected(half), 0);
});
