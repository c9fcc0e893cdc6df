import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OutputSizes } from '../../src/models/output-sizes.ts';

const sizesIn = fc.array(fc.integer({ min: 0, max: 2_000_000 }), { minLength: 1, maxLength: 300 });

test('quantile: never below the true one, and at most a tenth above it', () => {
  fc.assert(
    fc.property(sizesIn, fc.constantFrom(0.5, 0.9, 0.99, 1), (tokens, share) => {
      const sizes = new OutputSizes();
      for (const size of tokens) sizes.add(size);
      const sorted = tokens.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(tokens.length * share)) - 1] ?? 0;
      expect(sizes.quantile(share)).toBeGreaterThanOrEqual(exact);
      expect(sizes.quantile(share)).toBeLessThanOrEqual(Math.ceil(exact * 1.1));
    }),
  );
});

test('mean and count are exact, and survive being written down and added', () => {
  fc.assert(
    fc.property(sizesIn, sizesIn, (first, second) => {
      const sizes = new OutputSizes();
      for (const size of first) sizes.add(size);
      const others = new OutputSizes();
      for (const size of second) others.add(size);
      const text = JSON.stringify(sizes.record());
      const again = OutputSizes.of(JSON.parse(text) as ReturnType<OutputSizes['record']>);
      again.addAll(others);
      const all = [...first, ...second];
      expect(again.count).toBe(all.length);
      expect(again.mean).toBeCloseTo(all.reduce((a, b) => a + b, 0) / all.length, 6);
      for (const size of second) sizes.add(size);
      expect(again.quantile(0.99)).toBe(sizes.quantile(0.99));
    }),
  );
});

test('before the first answer: nothing is known', () => {
  const sizes = new OutputSizes();
  expect([sizes.count, sizes.mean, sizes.quantile(1)]).toEqual([0, null, 0]);
});
