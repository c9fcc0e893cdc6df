import { expect, test } from 'vitest';
import { readAheadLines, type WaitingLane } from '../../src/limits/read-ahead.ts';

function lane(fields: Partial<WaitingLane> = {}): WaitingLane {
  return { waiting: 0, callsPerSecond: 20, parked: false, ...fields };
}

test('those in flight and some hundreds more', () => {
  expect(readAheadLines(64, 1, [lane()])).toBe(832);
  expect(readAheadLines(4000, 1, [lane()])).toBe(4768);
});

test('one model that is throttled: no more lines than that', () => {
  expect(readAheadLines(64, 1, [lane({ waiting: 5000 })])).toBe(832);
});

test('a throttled model, and another that has too little to send: what waits too long is not counted', () => {
  const throttled = lane({ waiting: 900, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane({ waiting: 3 })])).toBe(832 + 900 - 64);
});

test('a model of the job that no line was seen of yet: it may be behind what waits', () => {
  expect(readAheadLines(64, 2, [lane({ waiting: 900, callsPerSecond: 1 })])).toBeGreaterThan(832);
});

test('all have enough to send, or what has too little is parked: no more than for one model', () => {
  const throttled = lane({ waiting: 900, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane({ waiting: 200 })])).toBe(832);
  expect(readAheadLines(64, 2, [throttled, lane({ parked: true })])).toBe(832);
});

test('however much waits: bounded', () => {
  const throttled = lane({ waiting: 1_000_000, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane()])).toBe(832 + 8192);
});
