import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CustomIdIndex, hashCustomId } from '../../src/input/custom-id-index.ts';

test('CustomIdIndex: any hashes, colliding slots among them: the same as a Set', () => {
  // The low 32 bits choose the slot: multiples of 2^32 all want the same one.
  const hash = fc.oneof(
    fc.integer({ min: 1, max: 2 ** 53 - 1 }),
    fc.integer({ min: 0, max: 2 ** 20 }).map((high) => high * 2 ** 32 + 7),
    fc.integer({ min: 1, max: 50 }),
  );
  fc.assert(
    fc.property(
      fc.array(hash, { maxLength: 3000 }),
      fc.constantFrom(0, 10, 5000),
      (hashes, expected) => {
        const index = new CustomIdIndex(expected);
        const model = new Set<number>();
        for (const one of hashes) {
          expect(index.has(one)).toBe(model.has(one));
          expect(index.add(one)).toBe(model.has(one));
          model.add(one);
        }
      },
    ),
  );
});

test('CustomIdIndex: grows far beyond what was expected', () => {
  const index = new CustomIdIndex(1);
  for (let lineNo = 1; lineNo <= 100_000; lineNo += 1)
    expect(index.add(hashCustomId(`line-${lineNo}`))).toBe(false);
  for (let lineNo = 1; lineNo <= 100_000; lineNo += 997)
    expect(index.add(hashCustomId(`line-${lineNo}`))).toBe(true);
});

test('CustomIdIndex: an absurd guess of how many will come: no memory for it', () => {
  const index = new CustomIdIndex(2 ** 36);
  expect(index.add(7)).toBe(false);
  expect(index.add(7)).toBe(true);
});

test('hashCustomId: any text: a whole number from 1 to 2^53 - 1, always the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const hash = hashCustomId(text);
      expect(Number.isSafeInteger(hash) && hash > 0).toBe(true);
      expect(hashCustomId(text)).toBe(hash);
    }),
  );
});

test('hashCustomId: like ids differ in both halves of the hash', () => {
  const hashes = Array.from({ length: 50_000 }, (_, index) => hashCustomId(`评论-${index}`));
  expect(new Set(hashes).size).toBe(50_000);
  expect(new Set(hashes.map((hash) => hash % 65_536)).size).toBeGreaterThan(30_000);
});
