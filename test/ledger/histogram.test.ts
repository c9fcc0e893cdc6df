import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../src/ledger/histogram.ts';

test('Histogram: nothing seen, no percentiles', () => {
  expect(new Histogram().percentiles([50, 99])).toEqual([null, null]);
});

test('Histogram: any numbers, nearest ranks of a sorted list, within a 8,192nd', () => {
  const values = fc.array(fc.tuple(fc.nat(5_000_000), fc.integer({ min: 1, max: 4 })), {
    minLength: 1,
  });
  fc.assert(
    fc.property(values, (drawn) => {
      const histogram = new Histogram();
      for (const [value, count] of drawn) histogram.add(value, count);
      const sorted = drawn
        .flatMap(([value, count]) => Array.from({ length: count }, () => value))
        .toSorted((a, b) => a - b);
      expect(histogram.count).toBe(sorted.length);
      for (const percent of [1, 50, 90, 99, 100]) {
        const exact = sorted[Math.ceil((percent * sorted.length) / 100) - 1] ?? Number.NaN;
        const [found = null] = histogram.percentiles([percent]);
        expect(found).toBeLessThanOrEqual(exact);
        expect(found).toBeGreaterThanOrEqual(exact < 16_384 ? exact : exact - exact / 8_192);
      }
    }),
  );
});
