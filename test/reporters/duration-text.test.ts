import { expect, test } from 'vitest';
import { durationText } from '../../src/reporters/duration-text.ts';

test.each([
  [0, '0s'],
  [420, '0.4s'],
  [5_000, '5s'],
  [9_960, '10s'],
  [59_600, '1m 0s'],
  [192_000, '3m 12s'],
  [3_599_600, '1h 0m'],
  [7_500_000, '2h 5m'],
  [86_400_000, '1d 0h'],
  [273_600_000, '3d 4h'],
  [-1, '?'],
  [Number.POSITIVE_INFINITY, '?'],
])('durationText: %d ms is %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
