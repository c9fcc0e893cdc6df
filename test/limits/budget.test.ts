import { expect, test } from 'vitest';
import { Budget } from '../../src/limits/budget.ts';

test('Budget: no cap: everything fits', () => {
  const budget = new Budget(null, 5);
  budget.reserve(10 ** 15);
  expect(budget.fits(10 ** 15)).toBe(true);
});

test('Budget: what was spent before, what is reserved and the next call together stay within the cap', () => {
  const budget = new Budget(1000, 390, 10);
  expect(budget.fits(600)).toBe(true);
  expect(budget.fits(601)).toBe(false);
  budget.reserve(500);
  expect(budget.fits(100)).toBe(true);
  expect(budget.fits(101)).toBe(false);
});

test('Budget: a settled call gives its reservation back and takes what it really cost', () => {
  const budget = new Budget(1000, 0);
  budget.reserve(500);
  budget.settle(500, { pico: 100, uncertainPico: 20 });
  expect(budget.fits(880)).toBe(true);
  expect(budget.fits(881)).toBe(false);
  expect(budget.possiblyBilledPico).toBe(20);
});

test('Budget: a call without an estimate reserves nothing and is charged all the same', () => {
  const budget = new Budget(1000, 0);
  budget.reserve(null);
  expect(budget.fits(1000)).toBe(true);
  budget.settle(null, { pico: 300, uncertainPico: 0 });
  expect(budget.fits(701)).toBe(false);
});
