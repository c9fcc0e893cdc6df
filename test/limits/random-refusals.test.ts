import { describe, expect, test } from 'vitest';
import {
  RandomRefusals,
  type RefusalCause,
  type TrialResult,
} from '../../src/limits/random-refusals.ts';
import type { Costs } from '../../src/limits/costs.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';
import { estimatedCosts } from '../../src/limits/estimated-costs.ts';
import { StartLog } from '../../src/limits/start-log.ts';
import { seeded } from '../../bench/laboratory/virtual-time.ts';

/** A refusal comes back so soon. */
const PRESUMED_MS = 200;

const TOKENS = estimatedCosts(() => null);

/** A lane whose starts are spread a little, and whose calls are refused as the test has it. */
class LaneOfCalls {
  nowMs = 1_000_000;
  /** Whether refusals have brought the pace as low as they may. */
  isLow = false;
  private readonly random: () => number = seeded(1);
  readonly refusals: RandomRefusals;
  private readonly log: StartLog = new StartLog();

  constructor({ suspicionThreshold }: Costs = KNOWN_COSTS) {
    this.refusals = new RandomRefusals(this.log, suspicionThreshold);
  }

  /** Calls at `perSecond`, until a trial begins or ends, or there were `calls` of them. */
  send(
    calls: number,
    perSecond: number,
    isRefused: (nth: number) => boolean,
  ): { causes: RefusalCause[]; trialResult: TrialResult | null } {
    const causes: RefusalCause[] = [];
    const pace = { perMs: perSecond / 1000, isLow: this.isLow };
    for (let nth = 0; nth < calls; nth += 1) {
      this.nowMs += (1000 / perSecond) * (0.5 + this.random());
      this.log.started(this.nowMs, 1);
      if (isRefused(nth)) {
        this.log.refused(this.nowMs, 1);
        const refusal = { nowMs: this.nowMs, sentMs: this.nowMs, pausedMs: 0 };
        causes.push(this.refusals.refused(refusal, pace, false));
        if (causes.at(-1) === 'trial') return { causes, trialResult: null };
      }
      const trialResult = this.refusals.trialResult(this.nowMs, PRESUMED_MS);
      if (trialResult !== null) return { causes, trialResult };
    }
    return { causes, trialResult: null };
  }
}

const oneIn =
  (calls: number) =>
  (nth: number): boolean =>
    nth % calls === calls - 1;
const never = (): boolean => false;

/** A lane that has found out that one call in ten is refused, at any pace. */
function laneWithChance(): LaneOfCalls {
  const lane = new LaneOfCalls();
  expect(lane.send(2000, 20, oneIn(10)).causes.at(-1)).toBe('trial');
  expect(lane.send(2000, 10, oneIn(10)).trialResult).toEqual({
    perMs: 0.02,
    areRandom: true,
    isNews: true,
  });
  return lane;
}

describe('random refusals', () => {
  test('one in ten, evenly: each counts as the limit until enough calls show it, then the pace is tried at half', () => {
    const lane = new LaneOfCalls();
    const { causes } = lane.send(2000, 20, oneIn(10));
    expect(causes.at(-1)).toBe('trial');
    expect(new Set(causes.slice(0, -1))).toEqual(new Set(['limit']));
    // A hundred calls at the least, and no more than some hundreds.
    expect(causes.length).toBeGreaterThanOrEqual(10);
    expect(causes.length).toBeLessThanOrEqual(40);
    expect(lane.refusals.trialShare).toBe(0.5);
  });

  test('a lane that has just begun: its calls so far are the sample, forty in sixteen seconds', () => {
    const { causes } = new LaneOfCalls().send(80, 3, oneIn(3));
    expect(causes.at(-1)).toBe('trial');
    expect(causes.length).toBeGreaterThanOrEqual(13);
  });

  test('they stay at half the pace: random from then on', () => {
    const lane = laneWithChance();
    const { causes } = lane.send(500, 20, oneIn(10));
    expect(causes).toHaveLength(50);
    expect(new Set(causes)).toEqual(new Set(['random']));
  });

  test('half of the calls: random, even if some in a row are refused; a closed window is not', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(2000, 20, oneIn(2)).causes.at(-1)).toBe('trial');
    const { trialResult } = lane.send(2000, 20 * lane.refusals.trialShare, oneIn(2));
    expect(trialResult).toMatchObject({ areRandom: true, isNews: true });
    const { causes } = lane.send(400, 20, (nth) => nth % 20 < 10);
    expect(new Set(causes)).toEqual(new Set(['random']));
    expect(lane.send(40, 20, () => true).causes.at(-1)).toBe('limit');
  });

  test('they vanish at half the pace: they were caused by the limit', () => {
    const lane = new LaneOfCalls();
    lane.send(2000, 20, oneIn(10));
    expect(lane.send(2000, 10, never).trialResult).toMatchObject({ perMs: 0.02, areRandom: false });
    expect(lane.send(30, 20, oneIn(10)).causes).toEqual(['limit', 'limit', 'limit']);
  });

  test('far more at half the pace: less is granted, they are not random', () => {
    const lane = new LaneOfCalls();
    lane.send(2000, 20, oneIn(10));
    expect(lane.send(2000, 10, oneIn(2)).trialResult).toMatchObject({
      perMs: 0.02,
      areRandom: false,
    });
  });

  test('they have cut the pace to a call a minute: a much higher pace is tried, not the same for ever', () => {
    const lane = new LaneOfCalls();
    lane.isLow = true;
    expect(lane.send(200, 1 / 60, oneIn(5)).causes.at(-1)).toBe('trial');
    expect(lane.refusals.trialShare).toBeGreaterThan(10);
    expect(lane.send(200, 1 / 3, oneIn(5)).trialResult).toMatchObject({
      areRandom: true,
      isNews: true,
    });
  });

  test('they have already cut the pace: a higher one is tried, and has no more of them', () => {
    const lane = new LaneOfCalls();
    lane.send(60, 20, oneIn(10));
    expect(lane.send(2000, 5, oneIn(10)).causes.at(-1)).toBe('trial');
    expect(lane.refusals.trialShare).toBe(2);
    expect(lane.send(2000, 10, oneIn(10)).trialResult).toEqual({
      perMs: 0.005,
      areRandom: true,
      isNews: true,
    });
  });

  test('a low pace, far more at the higher one: they are caused by a limit', () => {
    const lane = new LaneOfCalls();
    lane.isLow = true;
    lane.send(2000, 5, oneIn(10));
    expect(lane.refusals.trialShare).toBe(2);
    expect(lane.send(2000, 10, oneIn(3)).trialResult).toMatchObject({ areRandom: false });
  });

  test('costs known only afterwards, and the pace is already low: no trial is needed', () => {
    const lane = new LaneOfCalls(TOKENS);
    lane.send(100, 20, oneIn(8));
    expect(lane.send(2000, 5, oneIn(8)).causes.at(-1)).toBe('trial');
    const trialResult = { perMs: 0.005, areRandom: true, isNews: true };
    expect(lane.refusals.trialResult(lane.nowMs, PRESUMED_MS)).toEqual(trialResult);
  });

  test('a slow lane, sixty calls a minute: its last calls show it, however long ago they were', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(400, 1, oneIn(8)).causes.at(-1)).toBe('trial');
    expect(lane.send(400, 0.5, oneIn(8)).trialResult).toMatchObject({ areRandom: true });
  });

  test('six calls a minute are never tried lower, which would take a quarter of an hour, but higher', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(400, 0.1, oneIn(8)).causes.at(-1)).toBe('trial');
    expect(lane.refusals.trialShare).toBeGreaterThan(2);
    // It is the limit after all: five calls show it.
    expect(lane.send(5, 0.4, (nth) => nth > 0).causes.at(-1)).toBe('limit');
    expect(lane.refusals.isTrying).toBe(false);
  });

  test('costs known only afterwards: more calls are needed', () => {
    const lane = new LaneOfCalls(TOKENS);
    const { causes } = lane.send(2000, 20, oneIn(10));
    expect(causes.at(-1)).toBe('trial');
    expect(causes.length).toBeGreaterThanOrEqual(20);
  });
});

describe('refusals caused by a limit', () => {
  test('in one place: the limit was met', () => {
    const lane = new LaneOfCalls();
    const { causes } = lane.send(2000, 20, (nth) => nth % 320 > 280);
    expect(new Set(causes)).toEqual(new Set(['limit']));
  });

  test('scattered, but within a few seconds: an interference that is over', () => {
    const lane = new LaneOfCalls();
    const { causes } = lane.send(2000, 20, (nth) => nth % 320 > 220 && nth % 3 === 0);
    expect(causes.length).toBeGreaterThan(100);
    expect(new Set(causes)).toEqual(new Set(['limit']));
  });

  test('now and then, as at the edge of a limit', () => {
    const { causes } = new LaneOfCalls().send(20_000, 20, oneIn(250));
    expect(new Set(causes)).toEqual(new Set(['limit']));
  });

  test('one in fifty, in a few places', () => {
    const { causes } = new LaneOfCalls().send(5000, 20, (nth) => nth % 500 < 10);
    expect(new Set(causes)).toEqual(new Set(['limit']));
  });

  test.each([12, 10, 8])(
    'at the end of each second, 13 calls where %i are admitted: other clients may use up the rest',
    (letThrough) => {
      const lane = new LaneOfCalls();
      let second = 0;
      let count = 0;
      const { causes } = lane.send(4000, 13, () => {
        if (Math.floor(lane.nowMs / 1000) !== second) {
          second = Math.floor(lane.nowMs / 1000);
          count = 0;
        }
        count += 1;
        return count > letThrough;
      });
      expect(causes.length).toBeGreaterThan(15);
      expect(causes).not.toContain('random');
      expect(causes.filter((mean) => mean === 'trial').length).toBeLessThanOrEqual(1);
    },
  );

  test('three in four: less is granted', () => {
    const { causes } = new LaneOfCalls().send(2000, 20, (nth) => nth % 4 < 3);
    expect(new Set(causes)).toEqual(new Set(['limit']));
  });

  test('half of the calls, and none at the admitted part of the pace: caused by the limit', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(2000, 20, oneIn(2)).causes.at(-1)).toBe('trial');
    expect(lane.refusals.trialShare).toBeLessThan(0.5);
    expect(lane.send(2000, 20 * lane.refusals.trialShare, never).trialResult).toMatchObject({
      areRandom: false,
    });
  });

  test('a closed window counts as the limit, even if one in ten is refused at random', () => {
    const lane = laneWithChance();
    const { causes } = lane.send(60, 20, (nth) => nth % 10 === 9 || nth > 50);
    expect(causes.slice(0, 6)).not.toContain('limit');
    expect(causes.at(-1)).toBe('limit');
  });

  test('clearly more than random counts as the limit', () => {
    const lane = laneWithChance();
    lane.send(200, 20, oneIn(10));
    const { causes } = lane.send(120, 20, oneIn(4));
    expect(causes[0]).toBe('random');
    expect(causes.at(-1)).toBe('limit');
  });
});

test('slightly more than random for a minute counts as the limit', () => {
  const lane = laneWithChance();
  const { causes } = lane.send(1100, 20, oneIn(6));
  expect(causes[0]).toBe('random');
  expect(causes.slice(-20)).toContain('limit');
});

describe('the end of random refusals', () => {
  test('after a minute they are tried again, and stay', () => {
    const lane = laneWithChance();
    const { causes } = lane.send(2000, 20, oneIn(10));
    expect(causes.at(-1)).toBe('trial');
    // A minute at twenty a second.
    expect(causes.length).toBeGreaterThanOrEqual(120);
    expect(lane.send(2000, 10, oneIn(10)).trialResult).toMatchObject({
      areRandom: true,
      isNews: false,
    });
    expect(lane.send(2000, 20, oneIn(10)).causes.length).toBe(200);
  });

  test('none for a minute: the next one counts as the limit', () => {
    const lane = laneWithChance();
    lane.send(1300, 20, never);
    expect(lane.send(10, 20, oneIn(10)).causes).toEqual(['limit']);
  });
});

test('a trial is aborted if everything is refused: a limit was met', () => {
  const lane = new LaneOfCalls();
  expect(lane.send(2000, 20, oneIn(10)).causes.at(-1)).toBe('trial');
  expect(lane.refusals.isTrying).toBe(true);
  const { causes } = lane.send(10, 10, () => true);
  expect(causes.at(-1)).toBe('limit');
  expect(lane.refusals.isTrying).toBe(false);
});
