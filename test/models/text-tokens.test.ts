import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateText } from '../../src/models/text-tokens.ts';

describe('estimateText', () => {
  it('counts digits one by one, as the vocabulary does', () => {
    expect(Math.abs(estimateText('20251128'.repeat(25)) - 200)).toBeLessThan(4);
  });

  it('an empty text has none', () => {
    expect(estimateText('')).toBe(0);
  });

  it('a run of blanks counts once, whatever its length', () => {
    const of = (blanks: number): number => estimateText(`a${' '.repeat(blanks)}b`);
    expect(of(40)).toBe(of(3));
  });

  it.each([
    ['carefully', false, 20_000],
    ['quickly', true, 3_000],
    ['however long', true, 120_000],
  ])('stays within 3 %% of the full count where a text is sampled: %s', (_, quick, length) => {
    const paragraph =
      '从前有一座山，山里有座庙，庙里有个老和尚在讲故事。Once upon a time there were 3 bears,\nand they lived in the woods.';
    const whole = estimateText(paragraph.repeat(30));
    const repeats = Math.ceil(length / paragraph.length);
    const expected = (whole / 30) * repeats;
    const sampled = estimateText(paragraph.repeat(repeats), quick);
    expect(Math.abs(sampled / expected - 1)).toBeLessThan(0.03);
  });

  it('property: never negative, and nothing much lost by cutting a text in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        const whole = estimateText(a + b);
        const parts = estimateText(a) + estimateText(b);
        expect(whole).toBeGreaterThanOrEqual(0);
        // The first character after the cut may count, and any other way, by a token or two.
        expect(Math.abs(whole - parts)).toBeLessThanOrEqual(2.55);
      }),
    );
  });
});
