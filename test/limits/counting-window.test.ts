import { expect, test } from 'vitest';
import { estimatedCosts } from '../../src/limits/estimated-costs.ts';
import { CountingWindow, windowClosedFor } from '../../src/limits/counting-window.ts';

test.each([
  [100, 1000],
  [1040, 1000],
  [1100, 6000],
  [6200, 6000],
  [7000, 60_000],
  [62_000, 60_000],
  [70_000, null],
])('closed for %i ms: the window is %s ms', (closedMs, windowMs) => {
  expect(windowClosedFor(closedMs)).toBe(windowMs);
});

test('costs known in advance: one closure shows the window, which never gets shorter', () => {
  const window = new CountingWindow(1000, null);
  expect(window.opened(10_000, 4000)).toBe(true);
  expect(window.windowMs).toBe(6000);
  expect(window.opened(20_000, 500)).toBe(false);
  expect(window.windowMs).toBe(6000);
  expect(window.opened(900_000, 300_000)).toBe(false);
  expect(window.windowMs).toBe(6000);
});

test('costs known only afterwards: a few seconds are random, and so is a single long closure', () => {
  const window = new CountingWindow(1000, estimatedCosts(() => null).windowProof);
  expect(window.opened(10_000, 4000)).toBe(false);
  expect(window.opened(60_000, 30_000)).toBe(false);
  expect(window.opened(400_000, 30_000)).toBe(false);
  expect(window.windowMs).toBe(1000);
  expect(window.opened(460_000, 20_000)).toBe(true);
  expect(window.windowMs).toBe(60_000);
});

test.each([
  ['a minute', 60_000, 1000],
  ['six seconds', 6000, 6000],
  ['nothing', 1000, 1000],
])(
  'an earlier run has learned %s: no more than six seconds are believed unseen',
  (_, learnedMs, windowMs) => {
    const window = new CountingWindow(learnedMs, null);
    expect(window.windowMs).toBe(windowMs);
    expect(window.opened(100_000, 30_000)).toBe(true);
    expect(window.windowMs).toBe(60_000);
  },
);

test('costs known only afterwards: a long closure that an earlier run has seen as well is not random', () => {
  const { windowProof } = estimatedCosts(() => null);
  const window = new CountingWindow(60_000, windowProof);
  expect(window.windowMs).toBe(1000);
  expect(window.opened(10_000, 4000)).toBe(false);
  expect(window.opened(60_000, 30_000)).toBe(true);
  expect(window.windowMs).toBe(60_000);
  expect(new CountingWindow(6000, windowProof).opened(60_000, 30_000)).toBe(false);
});
