import { expect, test } from 'vitest';
import { Admissions } from '../../src/limits/admissions.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';
import { PaceFloor } from '../../src/limits/pace-floor.ts';
import type { StartCounts } from '../../src/limits/start-log.ts';

const NOW_MS = 1_000_000;
/** Twenty calls a second. */
const PACE = { perMs: 0.02, boundPerMs: Infinity, startedMs: 0 };

/** A floor over a lane in which so many calls a second were admitted and refused, ever since. */
function floorOver(perSecond: { admitted: number; refused: number }): PaceFloor {
  const between = (fromMs: number, toMs: number): StartCounts => {
    const seconds = (toMs - fromMs) / 1000;
    const { admitted, refused } = perSecond;
    return { calls: admitted * seconds, tokens: 0, refused: refused * seconds };
  };
  return new PaceFloor(new Admissions({ between }, 'calls', KNOWN_COSTS.measured));
}

test('one in ten refused: a third of the known limit stays, however low the pace is', () => {
  const floor = floorOver({ admitted: 0.9, refused: 0.1 });
  floor.setLimit(0.02);
  expect(floor.perMs(NOW_MS, PACE)).toBeCloseTo(0.007, 6);
  expect(floor.perMs(NOW_MS, { ...PACE, perMs: 0.008 })).toBeCloseTo(0.007, 6);
});

test('no refusal raises a pace', () => {
  const floor = floorOver({ admitted: 0.9, refused: 0.1 });
  floor.setLimit(0.02);
  expect(floor.perMs(NOW_MS, { ...PACE, perMs: 0.001 })).toBe(0.001);
});

test('no limit known: a third of what the last minute admitted', () => {
  expect(floorOver({ admitted: 18, refused: 2 }).perMs(NOW_MS, PACE)).toBeCloseTo(0.0063, 6);
});

test('four in ten refused: the limit is lower than the known one', () => {
  const floor = floorOver({ admitted: 12, refused: 8 });
  floor.setLimit(0.02);
  expect(floor.perMs(NOW_MS, PACE)).toBeCloseTo(0.0042, 6);
});

test('a few calls do not prove that the limit is lower', () => {
  // Four calls in all, two of them refused.
  const few = { between: () => ({ calls: 2, tokens: 0, refused: 2 }) };
  const floor = new PaceFloor(new Admissions(few, 'calls', KNOWN_COSTS.measured));
  floor.setLimit(0.02);
  expect(floor.perMs(NOW_MS, PACE)).toBeCloseTo(0.007, 6);
});

test('a pace far too high: the refusals of the last seconds show it, though those now hold few calls', () => {
  // 600 a second are known; the last seconds gave 2 and refused 18 each, mostly single tries.
  const floor = floorOver({ admitted: 2, refused: 18 });
  floor.setLimit(0.6);
  expect(floor.perMs(NOW_MS, { ...PACE, perMs: 0.6 })).toBeCloseTo(0.0007, 6);
});

test('a lower limit was set: what a minute before admitted keeps no floor above it', () => {
  const floor = floorOver({ admitted: 100, refused: 1 });
  floor.setLimit(0.02);
  expect(floor.perMs(NOW_MS, { ...PACE, boundPerMs: 0.02 })).toBeCloseTo(0.007, 6);
});

test('a window showed less: the floor is no higher, and rises with what is admitted', () => {
  const floor = floorOver({ admitted: 0.9, refused: 0.1 });
  floor.setLimit(0.02);
  floor.lower(0.002);
  expect(floor.perMs(NOW_MS, PACE)).toBeCloseTo(0.002, 6);
});
