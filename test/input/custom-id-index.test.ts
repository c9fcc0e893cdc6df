import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CustomIdIndex, type CustomIdHash, hashCustomId } from '../../src/input/custom-id-index.ts';

const key = ({ place, mark }: CustomIdHash): string => `${place} ${mark}`;

test('CustomIdIndex: any hashes that differ in their marks, colliding places among them: the same as a Set', () => {
  const place = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constant(7),
    // The last slots, so that a run of full ones goes on at the front.
    fc.integer({ min: 0, max: 3 }).map((fromEnd) => 2 ** 32 - 1 - fromEnd),
  );
  fc.assert(
    fc.property(
      // Each mark has one place here: the same mark nearby is taken for a repeat, which the next test shows.
      fc.array(fc.tuple(place, fc.integer({ min: 1, max: 2 ** 32 - 1 })), { maxLength: 3000 }),
      fc.constantFrom(0, 10, 5000),
      (pairs, expected) => {
        const places = new Map(pairs.map(([at, mark]) => [mark, at]));
        const index = new CustomIdIndex(expected);
        const model = new Set<string>();
        for (const [, mark] of pairs) {
          const hash = { place: places.get(mark) ?? 0, mark };
          expect(index.has(hash)).toBe(model.has(key(hash)));
          expect(index.add(hash)).toBe(model.has(key(hash)));
          model.add(key(hash));
        }
      },
    ),
  );
});

test('CustomIdIndex: the same mark in a run of full slots: taken for a repeat; beyond it: not', () => {
  const index = new CustomIdIndex(1);
  expect(index.add({ place: 5, mark: 9 })).toBe(false);
  expect(index.has({ place: 4, mark: 9 })).toBe(false);
  expect(index.add({ place: 4, mark: 1 })).toBe(false);
  expect(index.has({ place: 4, mark: 9 })).toBe(true);
  expect(index.has({ place: 6, mark: 9 })).toBe(false);
});

test('CustomIdIndex: grows far beyond what was expected, and forgets none', () => {
  const index = new CustomIdIndex(1);
  for (let lineNo = 1; lineNo <= 100_000; lineNo += 1)
    expect(index.add(hashCustomId(`line-${lineNo}`))).toBe(false);
  for (let lineNo = 1; lineNo <= 100_000; lineNo += 1) {
    expect(index.has(hashCustomId(`line-${lineNo}`))).toBe(true);
    expect(index.add(hashCustomId(`line-${lineNo}`))).toBe(true);
  }
  expect(index.has(hashCustomId('line-100001'))).toBe(false);
});

test('CustomIdIndex: the id that comes just when a table is full is one of its own', () => {
  const index = new CustomIdIndex();
  // 768 fill the first table of 1,024.
  for (let id = 1; id <= 768; id += 1) index.add(hashCustomId(`${id}`));
  expect(index.add(hashCustomId('768'))).toBe(true);
  expect(index.add(hashCustomId('769'))).toBe(false);
  expect(index.add(hashCustomId('769'))).toBe(true);
});

test('CustomIdIndex: an absurd guess of how many will come: no memory for it', () => {
  const index = new CustomIdIndex(2 ** 36);
  expect(index.add({ place: 7, mark: 7 })).toBe(false);
  expect(index.add({ place: 7, mark: 7 })).toBe(true);
});

test('hashCustomId: any text: two whole numbers below 2^32, the mark never 0, always the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { place, mark } = hashCustomId(text);
      for (const half of [place, mark])
        expect(Number.isInteger(half) && half >= 0 && half < 2 ** 32).toBe(true);
      expect(mark).toBeGreaterThan(0);
      expect(hashCustomId(text)).toEqual({ place, mark });
    }),
  );
});

test('hashCustomId: like ids differ in both halves of the hash', () => {
  const hashes = Array.from({ length: 50_000 }, (_, index) => hashCustomId(`评论-${index}`));
  expect(new Set(hashes.map(key)).size).toBe(50_000);
  // Of 50,000 in 2^32 one pair in three tries is the same by chance.
  for (const half of ['place', 'mark'] as const) {
    expect(new Set(hashes.map((hash) => hash[half])).size).toBeGreaterThan(49_990);
    expect(new Set(hashes.map((hash) => hash[half] % 65_536)).size).toBeGreaterThan(30_000);
  }
});
