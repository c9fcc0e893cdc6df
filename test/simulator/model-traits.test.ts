import { describe, expect, test } from 'vitest';
import { modelTraits } from '../../src/simulator/model-traits.ts';

describe('modelTraits', () => {
  // API reference, November 2025: commercial Qwen3 answers as text, open Qwen3 as message, but for one.
  test.each([
    ['qwen-plus', false],
    ['qwen3-coder-plus', false],
    ['qwen3-coder-flash-2025-07-28', false],
    ['qwen3-next-80b-a3b-instruct', false],
    ['qwen3-coder-480b-a35b-instruct', true],
    ['qwen3-coder-next', true],
    ['qwen3-32b', true],
    ['qwen3-max', true],
  ])('%s answers as a message where nothing is said: %s', (model, expected) => {
    expect(modelTraits(model).messageByDefault).toBe(expected);
  });
});
