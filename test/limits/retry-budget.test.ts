import { expect, test } from 'vitest';
import { RetryBudget } from '../../src/limits/retry-budget.ts';

test('a full budget: a hundred retries after server errors, or fifty after timeouts, without waiting', () => {
  const server = new RetryBudget();
  for (let nth = 0; nth < 100; nth += 1) expect(server.take(0, 'server')).toBe(0);
  expect(server.take(0, 'server')).toBeGreaterThan(0);
  const timeout = new RetryBudget();
  for (let nth = 0; nth < 50; nth += 1) expect(timeout.take(0, 'timeout')).toBe(0);
  expect(timeout.take(0, 'timeout')).toBeGreaterThan(0);
});

test('an empty one: each retry waits a second more than the previous, at most a minute, and never fails', () => {
  const budget = new RetryBudget();
  for (let nth = 0; nth < 100; nth += 1) budget.take(0, 'server');
  expect([1, 2, 3].map(() => budget.take(0, 'server'))).toEqual([1000, 2000, 3000]);
  for (let nth = 0; nth < 200; nth += 1) budget.take(0, 'server');
  expect(budget.take(0, 'server')).toBe(60_000);
});

test('answers and time refill it, never beyond its capacity', () => {
  const budget = new RetryBudget();
  for (let nth = 0; nth < 100; nth += 1) budget.take(0, 'server');
  for (let nth = 0; nth < 5; nth += 1) budget.answered();
  expect(budget.take(0, 'server')).toBe(0);
  expect(budget.take(1000, 'server')).toBe(0);
  expect(budget.take(1000, 'server')).toBe(1000);
  for (let nth = 0; nth < 10_000; nth += 1) budget.answered();
  for (let nth = 0; nth < 100; nth += 1) expect(budget.take(1000, 'server')).toBe(0);
  expect(budget.take(1000, 'server')).toBeGreaterThan(0);
});
