import { expect, test } from 'vitest';
import { BatchSize } from '../../src/execute/batch-size.ts';

/** Commits, each followed by records so many milliseconds later. */
function after(gapsMs: readonly number[]): number {
  const size = new BatchSize();
  let nowMs = 1000;
  for (const gapMs of gapsMs) {
    size.committed(nowMs);
    nowMs += gapMs;
    size.recorded(nowMs);
    // Only the first one after a commit tells of a gap.
    nowMs += 500;
    size.recorded(nowMs);
  }
  return size.recordsEnough;
}

const times = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

test.each([
  ['at the start', [], 512],
  ['records come as soon as a batch is durable', times(50, 0.7), 512],
  ['the loop waits between its batches', times(50, 4), 128],
  ['every second batch is followed by a wait', times(50, 0).flatMap((ms) => [ms, 8]), 128],
  ['one long wait', [...times(50, 0.7), 60_000], 128],
  ['soon after one long wait', [...times(50, 0.7), 60_000, ...times(16, 0.7)], 512],
])('BatchSize: %s', (_, gaps, enough) => {
  expect(after(gaps)).toBe(enough);
});
