import { expect, it } from 'vitest';
import { openTokenCounter } from '../../src/tokenizer/count-exactly.ts';

it('openTokenCounter: counts lists of texts one after the other, in their order', async () => {
  const counter = openTokenCounter();
  // "hello world" and each Arabic digit are documented counts of byte-level vocabularies.
  expect(await counter.count(['hello world', '', '2026'])).toEqual([2, 0, 4]);
  expect(await counter.count([])).toEqual([]);
  await counter.close();
});
