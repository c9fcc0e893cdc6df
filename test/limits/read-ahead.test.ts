import { expect, test } from 'vitest';
import { readAheadLines, type WaitingLane } from '../../src/limits/read-ahead.ts';

function lane(fields: Partial<WaitingLane> = {}): WaitingLane {
  return { waiting: 0, callsPerSecond: 20, parked: false, ...fields };
}

test('twice the calls in flight, a thousand lines at the least', () => {
  expect(readAheadLines(64, 1, [lane()])).toBe(1024);
  expect(readAheadLines(4000, 1, [lane()])).toBe(8000);
});

test('one model that is throttled: no more lines than that', () => {
  expect(readAheadLines(64, 1, [lane({ waiting: 5000 })])).toBe(1024);
});

test('a throttled model, and another that has too little to send: what waits too long is not counted', () => {
  const throttled = lane({ waiting: 900, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane({ waiting: 3 })])).toBe(1024 + 900 - 64);
});

test('a model of the job that no line was seen of yet: it may be behind what waits', () => {
  expect(readAheadLines(64, 2, [lane({ waiting: 900, callsPerSecond: 1 })])).toBeGreaterThan(1024);
});

test('all have enough to send, or what has too little is parked: no more than for one model', () => {
  const throttled = lane({ waiting: 900, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane({ waiting: 200 })])).toBe(1024);
  expect(readAheadLines(64, 2, [throttled, lane({ parked: true })])).toBe(1024);
});

test('however much waits: bounded', () => {
  const throttled = lane({ waiting: 1_000_000, callsPerSecond: 1 });
  expect(readAheadLines(64, 2, [throttled, lane()])).toBe(1024 + 8192);
});
