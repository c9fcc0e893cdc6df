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

test('the window: calls in flight plus some hundreds of lines', () => {
  expect(aheadOf({}).windowLines()).toBe(832);
  expect(aheadOf({}, { concurrency: 4000 }).windowLines()).toBe(4768);
});

test('a job of one model: nothing is read beyond the window', () => {
  expect(aheadOf({ slow: lane() }).lacksAny(NONE)).toBe(false);
  expect(aheadOf({}, { models: 1 }).lacksAny(NONE)).toBe(false);
});

test('a model has enough if some seconds of its starts wait, and a few lines; plenty at four times that', () => {
  const ahead = aheadOf({
    slow: lane({ waiting: 16, startsPerSecond: 1 }),
    few: lane({ waiting: 15, startsPerSecond: 1 }),
    many: lane({ waiting: 64, startsPerSecond: 1 }),
    fast: lane({ waiting: 499, startsPerSecond: 100 }),
    busy: lane({ waiting: 500, startsPerSecond: 100 }),
  });
  const models = ['slow', 'few', 'many', 'fast', 'busy', 'unseen'];
  expect(models.filter((one) => ahead.lacksLines(one))).toEqual(['few', 'fast', 'unseen']);
  expect(models.filter((one) => ahead.hasPlenty(one))).toEqual(['many']);
});

test.each([2, 10, 500])(
  '%i models, however fast: all may have plenty at the same time',
  (models) => {
    const each = Math.floor(8192 / models);
    const at = (waiting: number) =>
      aheadOf({ fast: lane({ waiting, startsPerSecond: 5000 }) }, { models });
    expect(at(each - 1).hasPlenty('fast')).toBe(false);
    expect(at(each + 1).hasPlenty('fast')).toBe(true);
    expect(at(Math.floor(each / 2) - 1).lacksLines('fast')).toBe(true);
    expect(at(each).lacksLines('fast')).toBe(false);
  },
);

test('lines are read ahead while a model has too little, unless all of its lines are known to be behind', () => {
  const ahead = aheadOf({ slow: lane({ waiting: 900 }), fast: lane({ waiting: 3 }) });
  expect(ahead.lacksAny(NONE)).toBe(true);
  expect(ahead.lacksAny(new Set(['slow']))).toBe(true);
  expect(ahead.lacksAny(new Set(['fast']))).toBe(false);
  expect(
    aheadOf({ slow: lane({ waiting: 900 }), fast: lane({ waiting: 200 }) }).lacksAny(NONE),
  ).toBe(false);
});

test('a model without a line so far: its lines may be behind those that wait', () => {
  expect(aheadOf({ slow: lane({ waiting: 900 }) }, { models: 2 }).lacksAny(NONE)).toBe(true);
});

test('a parked model: nothing is read ahead for it, and its lines end as soon as they are met', () => {
  const ahead = aheadOf({
    slow: lane({ waiting: 900 }),
    parked: lane({ parked: true }),
  });
  expect(ahead.lacksAny(NONE)).toBe(false);
  expect(ahead.lacksLines('parked')).toBe(true);
  expect(ahead.hasPlenty('parked')).toBe(false);
});
