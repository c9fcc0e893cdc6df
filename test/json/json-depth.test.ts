import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDeeperThan } from '../../src/json/json-depth.ts';

/** How deep a value is nested, its own level included. */
function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test('isDeeperThan: of any JSON as deep as it is, whatever stands in its texts', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), (text) => {
      const depth = depthOf(JSON.parse(text));
      expect([isDeeperThan(text, depth), isDeeperThan(text, depth - 1)]).toEqual([
        false,
        depth > 0,
      ]);
    }),
  );
});

test.each([
  ['brackets that nothing closes', '['.repeat(4), true],
  ['brackets in a text', '{"a":"[[[[{{{{"}', false],
  ['a text with quotes and backslashes in it', String.raw`["\"[[[[","\\",[["\\\"{{"]]]`, false],
  ['a text that is never closed', '["[[[[', false],
  ['side by side', '[[]][[]]'.repeat(9), false],
])('isDeeperThan, 3: %s', (_what, text, expected) => {
  expect(isDeeperThan(text, 3)).toBe(expected);
});
