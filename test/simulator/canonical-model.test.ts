import { describe, expect, test } from 'vitest';
import { canonicalModel } from '../../src/simulator/canonical-model.ts';
import { maximaOf } from '../../src/simulator/model-maxima.ts';
import { modelTraits } from '../../src/simulator/model-traits.ts';

describe('canonicalModel', () => {
  test.each([
    ['qwen-plus-0112', 'qwen-plus-2025-01-12'],
    ['qwen-plus-1220', 'qwen-plus-2024-12-20'],
    ['qwen-vl-ocr-0413', 'qwen-vl-ocr-2025-04-13'],
    // Whole dates, other days, and numbers that are no date of a snapshot stay as they are.
    ['qwen-plus-2025-01-12', 'qwen-plus-2025-01-12'],
    ['qwen-plus-0113', 'qwen-plus-0113'],
    ['qwen3-235b-a22b-instruct-2507', 'qwen3-235b-a22b-instruct-2507'],
    ['deepseek-v4-flash-0731', 'deepseek-v4-flash-0731'],
    ['constructor-0112', 'constructor-0112'],
    ['', ''],
  ])('%s is %s', (model, expected) => {
    expect(canonicalModel(model)).toBe(expected);
  });
});

describe('traits of a snapshot by its second name', () => {
  test.each(['qwen-plus-0125', 'qwen-plus-1220', 'qwen-plus-0112'])('%s: no thinking', (model) => {
    expect(modelTraits(model)).toMatchObject({ thinking: 'no', needsStream: 'none' });
    expect(maximaOf(model, false)).toMatchObject({ input: 129_024, output: 8192 });
  });

  test.each(['qwen-turbo-1101', 'qwen-turbo-0211'])('%s: no thinking', (model) => {
    expect(modelTraits(model)).toMatchObject({ thinking: 'no', needsStream: 'none' });
  });

  test.each(['qwen-plus-0428', 'qwen-plus-0728', 'qwen-turbo-0715'])(
    '%s: thinks, and then needs a stream',
    (model) => {
      expect(modelTraits(model)).toMatchObject({
        thinking: 'default-off',
        needsStream: 'thinking',
      });
    },
  );
});
