import { expect, test } from 'vitest';
import { SurveyTally } from '../../src/job/survey-tally.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { nothingSeen } from '../../src/plan.ts';
import { createPricing } from '../../src/pricing.ts';
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
