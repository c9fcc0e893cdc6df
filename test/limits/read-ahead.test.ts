import { expect, test } from 'vitest';
import { readAhead, type WaitingLane } from '../../src/limits/read-ahead.ts';

const NONE = new Set<string>();

function lane(fields: Partial<WaitingLane> = {}): WaitingLane {
  return { waiting: 0, startsPerSecond: 20, parked: false, ...fields };
}

function aheadOf(
  waiting: Readonly<Record<string, WaitingLane>>,
  { models = Object.keys(waiting).length, concurrency = 64 } = {},
) {
  return readAhead({ concurrency, waiting: new Map(Object.entries(waiting)) }, models);
}

test('the window: those in flight and some hundreds more', () => {
  expect(aheadOf({}).windowLines()).toBe(832);
  expect(aheadOf({}, { concurrency: 4000 }).windowLines()).toBe(4768);
});

test('a job of one model: nothing is looked for beyond the window', () => {
  expect(aheadOf({ slow: lane() }).lacksAny(NONE)).toBe(false);
  expect(aheadOf({}, { models: 1 }).lacksAny(NONE)).toBe(false);
});

test('a model has enough where some seconds of what it sends wait, and a few lines', () => {
  const ahead = aheadOf({
    slow: lane({ waiting: 64, startsPerSecond: 1 }),
    few: lane({ waiting: 63, startsPerSecond: 1 }),
    fast: lane({ waiting: 2499, startsPerSecond: 500 }),
    busy: lane({ waiting: 2500, startsPerSecond: 500 }),
  });
  const lacking = ['slow', 'few', 'fast', 'busy', 'unseen'].filter((one) => ahead.lacksLines(one));
  expect(lacking).toEqual(['few', 'fast', 'unseen']);
});

test('lines are looked for while a model has too little, unless they are known to wait behind', () => {
  const ahead = aheadOf({ slow: lane({ waiting: 900 }), fast: lane({ waiting: 3 }) });
  expect(ahead.lacksAny(NONE)).toBe(true);
  expect(ahead.lacksAny(new Set(['slow']))).toBe(true);
  expect(ahead.lacksAny(new Set(['fast']))).toBe(false);
  expect(
    aheadOf({ slow: lane({ waiting: 900 }), fast: lane({ waiting: 200 }) }).lacksAny(NONE),
  ).toBe(false);
});

test('a model of the job that no line was seen of yet: it may be behind what waits', () => {
  expect(aheadOf({ slow: lane({ waiting: 900 }) }, { models: 2 }).lacksAny(NONE)).toBe(true);
});

test('a parked model: nothing is looked for, and its lines come to their end as soon as they are met', () => {
  const ahead = aheadOf({
    slow: lane({ waiting: 900 }),
    parked: lane({ parked: true }),
  });
  expect(ahead.lacksAny(NONE)).toBe(false);
  expect(ahead.lacksLines('parked')).toBe(true);
});
