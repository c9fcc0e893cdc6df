import { expect, test } from 'vitest';
import { Learned } from '../../src/limits/learned.ts';

test('Learned: nothing at first; a limit from an earlier run is untested until this one has shown one', () => {
  const learned = new Learned();
  expect(learned.perMs).toBeNull();
  expect(learned.isUntested).toBe(false);
  learned.begin(0.02);
  expect(learned.isUntested).toBe(true);
  learned.told(0.019, false);
  expect(learned.isUntested).toBe(false);
});

test('Learned: counts how often in a row about the same limit was shown', () => {
  const learned = new Learned();
  const times = [0.02, 0.021, 0.022, 0.03, 0.031].map((perMs) => {
    learned.told(perMs, false);
    return learned.times;
  });
  expect(times).toEqual([0, 1, 2, 0, 1]);
  learned.told(null, false);
  expect(learned.times).toBe(0);
});

test('Learned: after few calls it is doubted once, until a refusal, and not passed on meanwhile', () => {
  const learned = new Learned();
  learned.told(0.001, true);
  expect(learned.isDoubtful).toBe(true);
  expect(learned.tellable(Infinity)).toBeNull();
  learned.refused();
  expect(learned.isDoubtful).toBe(false);
  learned.told(0.001, true);
  expect(learned.isDoubtful).toBe(false);
  expect(learned.tellable(Infinity)).toBe(0.001);
});

test('Learned: a limit from an earlier run is not doubted if a few calls confirm it', () => {
  const same = new Learned();
  same.begin(0.001);
  same.told(0.0011, true);
  expect(same.isDoubtful).toBe(false);
  const less = new Learned();
  less.begin(0.001);
  less.told(0.0005, true);
  expect(less.isDoubtful).toBe(true);
});

test('Learned: a limit not met in this run is not passed on as if it were fresh', () => {
  const learned = new Learned();
  learned.begin(0.02);
  expect(learned.tellable(Infinity)).toBeNull();
  learned.told(0.02, false);
  expect(learned.tellable(Infinity)).toBe(0.02);
});

test('Learned: only a limit learned in this run is rescaled, up to the known one', () => {
  const learned = new Learned();
  learned.begin(10);
  learned.recount(1 / 3, Infinity);
  expect(learned.perMs).toBe(10);
  learned.told(10, false);
  learned.recount(1 / 3, Infinity);
  expect(learned.perMs).toBeCloseTo(3.33, 2);
  learned.recount(30, 9);
  expect(learned.perMs).toBe(9);
});
