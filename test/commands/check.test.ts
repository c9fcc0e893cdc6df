import { expect, test } from 'vitest';
import { type CheckReport, checkText } from '../../src/commands/check.ts';

const NO_TOKENS = { input: 0, output_expected: 0, output_max: 0, counted_lines: 0 };

/** Of two models that Batch Chat takes for half, one of which has a cheaper version too. */
const REPORT: CheckReport = {
  schema: 1,
  input: 'a.jsonl',
  lines: { total: 2, valid: 2, invalid: 0 },
  problems: [],
  problem_counts: { error: 0, warning: 0, note: 0 },
  tokens: NO_TOKENS,
  cost: { expected: '3.000000', max: null, currency: 'CNY', unpriced_lines: 0, priced_in: null },
  models: ['qwen-plus', 'qwen3-max'].map((model) => ({
    model,
    lines: 1,
    tokens: NO_TOKENS,
    cost: { expected: '1.500000', max: null },
    seconds: null,
  })),
  cheaper: [
    { model: 'qwen-plus', way: 'batch-chat', instead: null, expected: '0.500000' },
    { model: 'qwen-plus', way: 'snapshot', instead: 'qwen-plus-0112', expected: '0.750000' },
    { model: 'qwen3-max', way: 'batch-chat', instead: null, expected: '1.000000' },
  ],
};

test('checkText: cheaper ways, a line each with its models, the address of Batch Chat once', () => {
  const text = checkText(REPORT);
  expect(text.split('\n').filter((line) => line.startsWith('cheaper'))).toEqual([
    expect.stringMatching(
      /^cheaper by Batch Chat \(.*\): qwen-plus about 0\.500000 CNY, qwen3-max about 1\.000000 CNY$/,
    ),
    'cheaper by another version: qwen-plus with qwen-plus-0112 about 0.750000 CNY',
  ]);
  expect(text.split('https://')).toHaveLength(2);
});
