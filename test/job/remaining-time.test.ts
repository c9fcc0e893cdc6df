import { expect, test } from 'vitest';
import { remainingMs } from '../../src/job/remaining-time.ts';

const SLOW = { openLines: 1000, linesPerSecond: 1, isPaced: false };
const FAST = { openLines: 1000, linesPerSecond: 100, isPaced: false };
const ALL = { openLines: 2000, linesPerSecond: 101, waitForSlots: false };

test('nothing has settled lately: nobody can say', () => {
  expect(remainingMs([SLOW], { openLines: 10, linesPerSecond: 0, waitForSlots: false })).toBeNull();
});

test('one model: what is open at the speed of now', () => {
  expect(remainingMs([FAST], { ...FAST, waitForSlots: false })).toBe(10_000);
});

test('several models: as long as the one that takes longest', () => {
  expect(remainingMs([FAST, SLOW], ALL)).toBe(1_000_000);
});

test('calls that wait for slots: the slow one goes faster once the other is done', () => {
  expect(remainingMs([FAST, SLOW], { ...ALL, waitForSlots: true })).toBe(19_802);
});

test('calls that wait for slots, but for those of the slow one, which goes at its own pace: it takes as long as before', () => {
  const models = [FAST, { ...SLOW, isPaced: true }];
  expect(remainingMs(models, { ...ALL, waitForSlots: true })).toBe(1_000_000);
});

test('a model of which nothing has settled yet: at least what all of them take', () => {
  const begun = { openLines: 1000, linesPerSecond: 0, isPaced: false };
  expect(remainingMs([FAST, begun], { ...ALL, linesPerSecond: 100 })).toBe(20_000);
});
