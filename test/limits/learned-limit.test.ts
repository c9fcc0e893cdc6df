import { expect, test } from 'vitest';
import { LearnedLimit } from '../../src/limits/learned-limit.ts';

test('Learned: nothing at first; a limit from an earlier run is untested until this one has shown one', () => {
  const learned = new LearnedLimit();
  expect(learned.perMs).toBeNull();
  expect(learned.isUntested).toBe(false);
  learned.begin(0.02);
  expect(learned.isUntested).toBe(true);
  learned.update(0.019, false);
  expect(learned.isUntested).toBe(false);
});

test('Learned: counts how often in a row about the same limit was shown', () => {
  const learned = new LearnedLimit();
  const times = [0.02, 0.021, 0.022, 0.03, 0.031].map((perMs) => {
    learned.update(perMs, false);
    return learned.confirmations;
  });
  expect(times).toEqual([0, 1, 2, 0, 1]);
  learned.update(null, false);
  expect(learned.confirmations).toBe(0);
});

test('Learned: after few calls it is doubted once, until a refusal, and not passed on meanwhile', () => {
  const learned = new LearnedLimit();
  learned.update(0.001, true);
  expect(learned.isDoubtful).toBe(true);
  expect(learned.storable(Infinity)).toBeNull();
  learned.refused();
  expect(learned.isDoubtful).toBe(false);
  learned.update(0.001, true);
  expect(learned.isDoubtful).toBe(false);
  expect(learned.storable(Infinity)).toBe(0.001);
});

test('Learned: a limit from an earlier run is not doubted if a few calls confirm it', () => {
  const same = new LearnedLimit();
  same.begin(0.001);
  same.update(0.0011, true);
  expect(same.isDoubtful).toBe(false);
  const less = new LearnedLimit();
  less.begin(0.001);
  less.update(0.0005, true);
  expect(less.isDoubtful).toBe(true);
});

test('Learned: a limit not met in this run is not passed on as if it were fresh', () => {
  const learned = new LearnedLimit();
  learned.begin(0.02);
  expect(learned.storable(Infinity)).toBeNull();
  learned.update(0.02, false);
  expect(learned.storable(Infinity)).toBe(0.02);
});

test('Learned: only a limit learned in this run is rescaled, up to the known one', () => {
  const learned = new LearnedLimit();
  learned.begin(10);
  learned.rescale(1 / 3, Infinity);
  expect(learned.perMs).toBe(10);
  learned.update(10, false);
  learned.rescale(1 / 3, Infinity);
  expect(learned.perMs).toBeCloseTo(3.33, 2);
  learned.rescale(30, 9);
  expect(learned.perMs).toBe(9);
});
