import { expect, test } from 'vitest';
import { Admissions } from '../../src/limits/admissions.ts';
import { RecoveryTarget } from '../../src/limits/recovery-target.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';

const SECOND_MS = 1000;
/** Twenty calls a second were given for a minute, then a run of refusals told of less. */
const BEFORE = { calls: 1200, minute: 1200, sixSeconds: 120 };
const RUN = { perMs: 0.02, before: BEFORE, wasGrowing: false, pauseMs: 0 };
/** A little less, as of all that was learned. */
const LEARNED = 0.985;

function left(limitPerMs: number | null, more: object = {}): never {
  const log = { between: () => ({ calls: 600, tokens: 0, refused: 0 }) };
  const admissions = new Admissions(log, 'calls', KNOWN_COSTS.measured);
  const pace = { perMs: limitPerMs ?? 0.01, boundPerMs: Infinity };
  const at = {
    pace,
    admissions,
    windowMs: SECOND_MS,
    costs: KNOWN_COSTS,
    limitPerMs,
    confirmations: 0,
  };
  return { ...at, ...more } as never;
}

test('a closure that shows half: the previous pace is returned to one window later', () => {
  const target = new RecoveryTarget();
  target.runEnded(5000, RUN, left(0.01));
  expect(target.targetPerMs(5500, 0.01)).toBeNull();
  expect(target.targetPerMs(6000, 0.01)).toBeCloseTo(0.02 * LEARNED, 9);
  expect(target.targetPerMs(9000, 0.0195)).toBeNull();
  expect(target.targetPerMs(9000, 0.01)).toBeNull();
});

test('a pace only grown to, or seen in too few calls, is not returned to', () => {
  const target = new RecoveryTarget();
  target.runEnded(5000, { ...RUN, wasGrowing: true }, left(0.01));
  const few = { calls: 12, minute: 12, sixSeconds: 2 };
  target.runEnded(9000, { ...RUN, before: few }, left(0.01));
  expect(target.targetPerMs(1e9, 0.001)).toBeNull();
});

test('a pace that was hardly used: the granted rate is returned to', () => {
  const target = new RecoveryTarget();
  const before = { calls: 600, minute: 600, sixSeconds: 60 };
  target.runEnded(5000, { ...RUN, before }, left(0.002));
  expect(target.targetPerMs(6000, 0.002)).toBeCloseTo(0.01 * LEARNED, 9);
});

test('what was granted before an outage is returned to, once a closure after it shows far less', () => {
  const target = new RecoveryTarget();
  target.granted(RUN, SECOND_MS);
  // An outage tells of no limit: nothing is missing yet.
  expect(target.targetPerMs(1e9, 0.02)).toBeNull();
  target.runEnded(5000, { ...RUN, before: { calls: 0, minute: 0, sixSeconds: 0 } }, left(0.002));
  expect(target.targetPerMs(6000, 0.002)).toBeCloseTo(0.02 * LEARNED, 9);
});

test('a window of many calls shows what is granted, even while the pace was only grown to', () => {
  const target = new RecoveryTarget();
  const windowMs = 60_000;
  target.runEnded(0, { ...RUN, perMs: 0.6, wasGrowing: true }, left(0.02, { windowMs }));
  const after = { ...RUN, before: { calls: 12, minute: 12, sixSeconds: 2 } };
  target.runEnded(windowMs, after, left(0.002, { windowMs }));
  expect(target.targetPerMs(2 * windowMs, 0.002)).toBeCloseTo(0.02 * LEARNED, 9);
});

test('a window of few calls does not, until it has shown the same three times', () => {
  const targetAfter = (confirmations: number) => {
    const target = new RecoveryTarget();
    const run = { ...RUN, before: { calls: 12, minute: 12, sixSeconds: 2 } };
    target.runEnded(0, run, left(0.01, { confirmations }));
    target.runEnded(5000, run, left(0.001));
    return target.targetPerMs(6000, 0.001);
  };
  expect(targetAfter(1)).toBeNull();
  expect(targetAfter(2)).toBeCloseTo(0.01 * LEARNED, 9);
});

/** Windows of a minute: one told of a tenth at 0, and its pace is come back to from 60 s on. */
const MINUTE_MS = 60_000;
const tenth = (more: object = {}) => left(0.002, { windowMs: MINUTE_MS, ...more });

test.each([
  ['is no reason to wait', 0, 0.02 * LEARNED],
  ['that asks for a pause is met again each time: later', 20_000, null],
])('a single refusal during the return in long windows %s', (_, pauseMs, targetPerMs) => {
  const target = new RecoveryTarget();
  target.runEnded(0, RUN, tenth());
  expect(target.targetPerMs(MINUTE_MS, 0.002)).not.toBeNull();
  const touched = left(null, { windowMs: MINUTE_MS, pace: { perMs: 0.01, boundPerMs: Infinity } });
  target.runEnded(70_000, { ...RUN, pauseMs }, touched);
  const nowPerMs = target.targetPerMs(71_000, 0.01);
  if (targetPerMs === null) expect(nowPerMs).toBeNull();
  else expect(nowPerMs).toBeCloseTo(targetPerMs, 9);
});

test.each([
  ['much more was given in between: back a window later', 0.005, true],
  ['no more than two such windows were: later', 0.004, false],
])('a long window shows as little again, and %s', (_, givenPerMs, isBackSoon) => {
  const target = new RecoveryTarget();
  target.runEnded(0, RUN, tenth());
  const calls = givenPerMs * MINUTE_MS;
  const before = { calls, minute: calls, sixSeconds: calls / 10 };
  // An outage says nothing of the limit, but what was given before it does.
  target.granted({ ...RUN, before }, MINUTE_MS);
  target.runEnded(
    5 * MINUTE_MS,
    { ...RUN, before: { ...before, minute: 120 } },
    tenth({ confirmations: 1 }),
  );
  expect(target.targetPerMs(6 * MINUTE_MS, 0.002) !== null).toBe(isBackSoon);
});

test('the same is shown again and again: later each time, but at least every sixteen minutes', () => {
  const target = new RecoveryTarget();
  target.runEnded(0, RUN, left(0.01));
  const waits: number[] = [];
  let nowMs = SECOND_MS;
  for (let nth = 0; nth < 7; nth += 1) {
    target.runEnded(nowMs, RUN, left(0.01, { confirmations: 2 + nth }));
    const fromMs = nowMs;
    while (target.targetPerMs(nowMs, 0.01) === null) nowMs += SECOND_MS;
    waits.push((nowMs - fromMs) / 60_000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 16, 16]);
});

test('windows of a minute confirm it with the second closure', () => {
  const target = new RecoveryTarget();
  const windowMs = 60_000;
  target.runEnded(0, RUN, left(0.01, { windowMs }));
  expect(target.targetPerMs(windowMs, 0.01)).toBeCloseTo(0.02 * LEARNED, 9);
  target.runEnded(90_000, RUN, left(0.01, { windowMs, confirmations: 1 }));
  expect(target.targetPerMs(90_000 + 479_999, 0.01)).toBeNull();
  expect(target.targetPerMs(90_000 + 480_000, 0.01)).toBeCloseTo(0.02 * LEARNED, 9);
});

test('another limit is set: what was granted before is forgotten', () => {
  const target = new RecoveryTarget();
  target.runEnded(0, RUN, left(0.01));
  target.reset();
  expect(target.targetPerMs(1e9, 0.01)).toBeNull();
});

test('near enough: the rest is probed for, not returned to at each touch', () => {
  const target = new RecoveryTarget();
  target.runEnded(0, RUN, left(0.01));
  expect(target.targetPerMs(2000, 0.018)).not.toBeNull();
  target.runEnded(3000, RUN, left(0.018));
  expect(target.targetPerMs(4000, 0.018)).toBeNull();
});
