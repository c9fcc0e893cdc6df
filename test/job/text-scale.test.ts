import { describe, expect, it } from 'vitest';
import { measureTextScales, scaleOf } from '../../src/job/text-scale.ts';
import type { SampledLine } from '../../src/input/sample-lines.ts';
import type { TokenCounter } from '../../src/tokenizer/count-exactly.ts';

function line(lineNo: number, textTokens: number, pieces: readonly string[]): SampledLine {
  // A fast estimate of half a token a character.
  const pieceTokens = pieces.reduce((sum, piece) => sum + piece.length / 2, 0);
  return { lineNo, textTokens, pieces, pieceTokens };
}

/** As many tokens as characters. */
const counter: TokenCounter = {
  count: (texts) => Promise.resolve(texts.map((text) => text.length)),
  close: () => Promise.resolve(),
};

describe('scaleOf', () => {
  it('is exact ÷ fast over all lines, each with the weight of all its text', () => {
    // The first line's ratio is 2 with weight 10; the second's, of a part of its text, 1 with weight 30.
    const lines = [line(1, 10, ['x'.repeat(20)]), line(2, 30, ['y'.repeat(8), 'z'.repeat(12)])];
    expect(scaleOf(lines, [20, 4, 6])).toBe((10 * 2 + 30 * 1) / 40);
  });

  it('is 1 where there is nothing to go by', () => {
    expect(scaleOf([], [])).toBe(1);
    expect(scaleOf([line(1, 3, [])], [])).toBe(1);
  });
});

describe('measureTextScales', () => {
  it('counts the lines of each model apart; a model without lines has no scale', async () => {
    const scales = await measureTextScales(
      new Map([
        ['qwen-plus', [line(1, 2, ['abcd']), line(2, 1, ['ab'])]],
        ['qwen-max', []],
      ]),
      counter,
    );
    expect([...scales]).toEqual([['qwen-plus', { scale: 2, lines: 2 }]]);
  });

  it('counts at most 2,000,000 characters, of lines from everywhere', async () => {
    const lines = Array.from({ length: 2_000 }, (_, index) =>
      line(index, 2_048, ['x'.repeat(4_096)]),
    );
    const scales = await measureTextScales(new Map([['qwen-plus', lines]]), counter);
    const counted = scales.get('qwen-plus')?.lines ?? 0;
    expect(counted * 4_096).toBeLessThanOrEqual(2_000_000);
    expect(counted).toBeGreaterThan(300);
  });
});
