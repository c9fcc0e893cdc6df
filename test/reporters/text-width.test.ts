import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutToWidth, textWidth, wrapToWidth } from '../../src/reporters/text-width.ts';

describe('textWidth and its cutters', () => {
  test.each([
    ['qwen-plus', 9],
    ['通义千问', 8],
    ['ＡＢ，。', 8],
    ['ｱｲ', 2],
    ['한글', 4],
    ['e\u0301te\u0301', 3],
    ['👍🏽', 2],
    ['👨‍👩‍👧', 2],
    ['❤️', 2],
    ['🇨🇳', 2],
    ['a\u200Bb', 2],
    ['𠮷野家', 6],
    ['', 0],
  ])('textWidth: %j takes %i columns', (text, columns) => {
    expect(textWidth(text)).toBe(columns);
  });

  test('cutToWidth: a full-width character is never halved', () => {
    expect(cutToWidth('通义千问大模型', 10)).toBe('通义千...');
    expect(cutToWidth('通义千问', 8)).toBe('通义千问');
    expect(cutToWidth('通义', 1)).toBe('');
  });

  test('cutToWidth: any text and width, it fits and what is kept is a beginning', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 30 }), (text, columns) => {
        const cut = cutToWidth(text, columns);
        expect(textWidth(cut)).toBeLessThanOrEqual(columns);
        expect(text.startsWith(cut.replace(/\.\.\.$/u, '')) || text.startsWith(cut)).toBe(true);
      }),
    );
  });

  test('wrapToWidth: breaks at spaces, else anywhere, and loses only the spaces it breaks at', () => {
    expect(wrapToWidth('no right to call', 8)).toEqual(['no right', 'to call']);
    expect(wrapToWidth('账户欠费请充值', 6)).toEqual(['账户欠', '费请充', '值']);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 2, max: 30 }),
        (text, columns) => {
          const lines = wrapToWidth(text, columns);
          expect(lines.every((line) => textWidth(line) <= columns)).toBe(true);
          expect(lines.join('').replaceAll(/\s/gu, '')).toBe(text.replaceAll(/\s/gu, ''));
        },
      ),
    );
  });
});
