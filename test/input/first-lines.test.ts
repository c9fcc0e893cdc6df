import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FirstLines } from '../../src/input/first-lines.ts';

test('any ids, more than the table begins with: the first line of each, as a Map says', () => {
  const id = fc.oneof(fc.nat(3000).map(String), fc.string({ unit: 'binary' }));
  fc.assert(
    fc.property(fc.array(id, { minLength: 1, maxLength: 4000, size: 'max' }), (ids) => {
      const firstLines = new FirstLines();
      const known = new Map<string, number>();
      for (const [index, customId] of ids.entries()) {
        if (!known.has(customId)) known.set(customId, index + 1);
      }
      expect(ids.map((customId, index) => firstLines.firstOf(customId, index + 1))).toEqual(
        ids.map((customId) => known.get(customId)),
      );
    }),
    { numRuns: 20 },
  );
});

test('lone surrogates, which UTF-8 cannot tell apart: different ids', () => {
  const firstLines = new FirstLines();
  expect(firstLines.firstOf('\ud800', 1)).toBe(1);
  expect(firstLines.firstOf('\ud801', 2)).toBe(2);
  expect(firstLines.firstOf('\ud800', 3)).toBe(1);
});
