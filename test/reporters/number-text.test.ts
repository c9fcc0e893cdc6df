import { expect, test } from 'vitest';
import { countText, shortText, wholeText } from '../../src/reporters/number-text.ts';

test.each([
  [0, '0', '0'],
  [999, '999', '999'],
  [999.6, '1,000', '1.0k'],
  [9_960, '9,960', '10k'],
  [92_400, '92,400', '92k'],
  [999_600, '999,600', '1.0M'],
  [1_234_567, '1,234,567', '1.2M'],
  [12_345_678_901, '12,345,678,901', '12G'],
  [Number.NaN, '?', '?'],
])('wholeText and shortText: %d', (value, whole, short) => {
  expect(wholeText(value)).toBe(whole);
  expect(shortText(value)).toBe(short);
});

test('countText: one is singular, everything else plural', () => {
  expect([0, 1, 2, 1_200].map((count) => countText(count, 'line'))).toEqual([
    '0 lines',
    '1 line',
    '2 lines',
    '1,200 lines',
  ]);
});
