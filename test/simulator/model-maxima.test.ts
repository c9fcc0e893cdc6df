import { describe, expect, test } from 'vitest';
import { maximaOf } from '../../src/simulator/model-maxima.ts';

describe('what is shorter while a model thinks', () => {
  // Model list of Model Studio, February 2026.
  test.each(['qwen3-max', 'qwen3-max-2026-01-23', 'qwen3-max-preview'])(
    '%s: the answer',
    (model) => {
      expect(maximaOf(model, false)).toMatchObject({ input: 258_048, output: 65_536 });
      expect(maximaOf(model, true)).toMatchObject({ input: 258_048, output: 32_768 });
    },
  );

  test.each([
    ['qwen-plus', 997_952, 995_904],
    ['qwen-plus-2025-07-14', 129_024, 98_304],
    ['qwen-plus-0714', 129_024, 98_304],
    ['qwen3-omni-flash', 49_152, 16_384],
  ])('%s: the input', (model, plain, thinking) => {
    expect(maximaOf(model, false).input).toBe(plain);
    expect(maximaOf(model, true).input).toBe(thinking);
  });
});
