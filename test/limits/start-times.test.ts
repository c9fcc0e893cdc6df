import { expect, test } from 'vitest';
import { StartTimes } from '../../src/limits/start-times.ts';

/** Starts at once whatever is due, as a timer at `atMs` would; returns how many that is. */
function startAll(starts: StartTimes, atMs: number): number {
  let count = 0;
  while (starts.nextMs(atMs) <= atMs) {
    starts.started(atMs, 50);
    count += 1;
  }
  return count;
}

test('timers on time: a start every 50 ms', () => {
  const starts = new StartTimes();
  starts.notBefore(1000);
  for (let atMs = 1000; atMs < 2000; atMs += 50) expect(startAll(starts, atMs)).toBe(1);
});

test('somebody waited and the timer was 180 ms late: all missed starts are caught up', () => {
  const starts = new StartTimes();
  starts.notBefore(1000);
  expect(starts.nextMs(900)).toBe(1000);
  // Due at 1000, 1050, 1100 and 1150.
  expect(startAll(starts, 1180)).toBe(4);
  expect(starts.nextMs(1180)).toBe(1200);
});

test('a timer 600 ms late: 200 ms are caught up, the rest is lost', () => {
  const starts = new StartTimes();
  starts.notBefore(1000);
  starts.nextMs(900);
  expect(startAll(starts, 1600)).toBe(5);
});

test('nobody waited: no more than 50 ms are caught up', () => {
  const starts = new StartTimes();
  starts.notBefore(1000);
  expect(startAll(starts, 1600)).toBe(2);
});

test('a wait abandoned long ago does not count', () => {
  const starts = new StartTimes();
  starts.notBefore(1000);
  starts.nextMs(900);
  expect(startAll(starts, 61_000)).toBe(2);
});
