import { describe, expect, test } from 'vitest';
import { Chance, type RefusalMeans, type TrialEnd } from '../../src/limits/chance.ts';
import type { Costs } from '../../src/limits/costs.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';
import { spreadCosts } from '../../src/limits/spread-costs.ts';
import { StartLog } from '../../src/limits/start-log.ts';
import { seeded } from '../../bench/laboratory/virtual-time.ts';

/** A refusal comes back so soon. */
const PRESUMED_MS = 200;

const TOKENS = spreadCosts(() => null);

/** A lane whose starts are spread a little, and whose calls are refused as the test has it. */
class LaneOfCalls {
  nowMs = 1_000_000;
  /** Whether refusals have brought the pace as low as they may. */
  isLow = false;
  private readonly random: () => number = seeded(1);
  readonly chance: Chance;
  private readonly log: StartLog = new StartLog();

  constructor({ suspicion }: Costs = KNOWN_COSTS) {
    this.chance = new Chance(this.log, suspicion);
  }

  /** Calls at `perSecond`, until a trial begins or ends, or there were `calls` of them. */
  send(
    calls: number,
    perSecond: number,
    isRefused: (nth: number) => boolean,
  ): { means: RefusalMeans[]; trialled: TrialEnd | null } {
    const means: RefusalMeans[] = [];
    const pace = { perMs: perSecond / 1000, isLow: this.isLow };
    for (let nth = 0; nth < calls; nth += 1) {
      this.nowMs += (1000 / perSecond) * (0.5 + this.random());
      this.log.started(this.nowMs, 1);
      if (isRefused(nth)) {
        this.log.refused(this.nowMs, 1);
        const refusal = { nowMs: this.nowMs, sentMs: this.nowMs, pausedMs: 0 };
        means.push(this.chance.refused(refusal, pace, false));
        if (means.at(-1) === 'trial') return { means, trialled: null };
      }
      const trialled = this.chance.look(this.nowMs, PRESUMED_MS);
      if (trialled !== null) return { means, trialled };
    }
    return { means, trialled: null };
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
  expect(lane.send(2000, 20, oneIn(10)).means.at(-1)).toBe('trial');
  expect(lane.send(2000, 10, oneIn(10)).trialled).toEqual({
    perMs: 0.02,
    stayed: true,
    isNews: true,
  });
  return lane;
}

describe('random refusals', () => {
  test('one in ten, evenly: each counts as the limit until enough calls show it, then the pace is tried at half', () => {
    const lane = new LaneOfCalls();
    const { means } = lane.send(2000, 20, oneIn(10));
    expect(means.at(-1)).toBe('trial');
    expect(new Set(means.slice(0, -1))).toEqual(new Set(['limit']));
    // A hundred calls at the least, and no more than some hundreds.
    expect(means.length).toBeGreaterThanOrEqual(10);
    expect(means.length).toBeLessThanOrEqual(40);
    expect(lane.chance.trialShare).toBe(0.5);
  });

  test('a lane that has just begun: its calls so far are the sample, forty in sixteen seconds', () => {
    const { means } = new LaneOfCalls().send(80, 3, oneIn(3));
    expect(means.at(-1)).toBe('trial');
    expect(means.length).toBeGreaterThanOrEqual(13);
  });

  test('they stay at half the pace: random from then on', () => {
    const lane = laneWithChance();
    const { means } = lane.send(500, 20, oneIn(10));
    expect(means).toHaveLength(50);
    expect(new Set(means)).toEqual(new Set(['chance']));
  });

  test('half of the calls: random, even if some in a row are refused; a closed window is not', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(2000, 20, oneIn(2)).means.at(-1)).toBe('trial');
    const { trialled } = lane.send(2000, 20 * lane.chance.trialShare, oneIn(2));
    expect(trialled).toMatchObject({ stayed: true, isNews: true });
    const { means } = lane.send(400, 20, (nth) => nth % 20 < 10);
    expect(new Set(means)).toEqual(new Set(['chance']));
    expect(lane.send(40, 20, () => true).means.at(-1)).toBe('limit');
  });

  test('they vanish at half the pace: they were caused by the limit', () => {
    const lane = new LaneOfCalls();
    lane.send(2000, 20, oneIn(10));
    expect(lane.send(2000, 10, never).trialled).toMatchObject({ perMs: 0.02, stayed: false });
    expect(lane.send(30, 20, oneIn(10)).means).toEqual(['limit', 'limit', 'limit']);
  });

  test('far more at half the pace: less is granted, they are not random', () => {
    const lane = new LaneOfCalls();
    lane.send(2000, 20, oneIn(10));
    expect(lane.send(2000, 10, oneIn(2)).trialled).toMatchObject({ perMs: 0.02, stayed: false });
  });

  test('they have cut the pace to a call a minute: a much higher pace is tried, not the same for ever', () => {
    const lane = new LaneOfCalls();
    lane.isLow = true;
    expect(lane.send(200, 1 / 60, oneIn(5)).means.at(-1)).toBe('trial');
    expect(lane.chance.trialShare).toBeGreaterThan(10);
    expect(lane.send(200, 1 / 3, oneIn(5)).trialled).toMatchObject({ stayed: true, isNews: true });
  });

  test('they have already cut the pace: a higher one is tried, and has no more of them', () => {
    const lane = new LaneOfCalls();
    lane.send(60, 20, oneIn(10));
    expect(lane.send(2000, 5, oneIn(10)).means.at(-1)).toBe('trial');
    expect(lane.chance.trialShare).toBe(2);
    expect(lane.send(2000, 10, oneIn(10)).trialled).toEqual({
      perMs: 0.005,
      stayed: true,
      isNews: true,
    });
  });

  test('a low pace, far more at the higher one: they are caused by a limit', () => {
    const lane = new LaneOfCalls();
    lane.isLow = true;
    lane.send(2000, 5, oneIn(10));
    expect(lane.chance.trialShare).toBe(2);
    expect(lane.send(2000, 10, oneIn(3)).trialled).toMatchObject({ stayed: false });
  });

  test('costs known only afterwards, and the pace is already low: no trial is needed', () => {
    const lane = new LaneOfCalls(TOKENS);
    lane.send(100, 20, oneIn(8));
    expect(lane.send(2000, 5, oneIn(8)).means.at(-1)).toBe('trial');
    const trialled = { perMs: 0.005, stayed: true, isNews: true };
    expect(lane.chance.look(lane.nowMs, PRESUMED_MS)).toEqual(trialled);
  });

  test('a slow lane, sixty calls a minute: its last calls show it, however long ago they were', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(400, 1, oneIn(8)).means.at(-1)).toBe('trial');
    expect(lane.send(400, 0.5, oneIn(8)).trialled).toMatchObject({ stayed: true });
  });

  test('six calls a minute are never tried lower, which would take a quarter of an hour, but higher', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(400, 0.1, oneIn(8)).means.at(-1)).toBe('trial');
    expect(lane.chance.trialShare).toBeGreaterThan(2);
    // It is the limit after all: five calls show it.
    expect(lane.send(5, 0.4, (nth) => nth > 0).means.at(-1)).toBe('limit');
    expect(lane.chance.isTrying).toBe(false);
  });

  test('costs known only afterwards: more calls are needed', () => {
    const lane = new LaneOfCalls(TOKENS);
    const { means } = lane.send(2000, 20, oneIn(10));
    expect(means.at(-1)).toBe('trial');
    expect(means.length).toBeGreaterThanOrEqual(20);
  });
});

describe('refusals caused by a limit', () => {
  test('in one place: the limit was met', () => {
    const lane = new LaneOfCalls();
    const { means } = lane.send(2000, 20, (nth) => nth % 320 > 280);
    expect(new Set(means)).toEqual(new Set(['limit']));
  });

  test('scattered, but within a few seconds: an interference that is over', () => {
    const lane = new LaneOfCalls();
    const { means } = lane.send(2000, 20, (nth) => nth % 320 > 220 && nth % 3 === 0);
    expect(means.length).toBeGreaterThan(100);
    expect(new Set(means)).toEqual(new Set(['limit']));
  });

  test('now and then, as at the edge of a limit', () => {
    const { means } = new LaneOfCalls().send(20_000, 20, oneIn(250));
    expect(new Set(means)).toEqual(new Set(['limit']));
  });

  test('one in fifty, in a few places', () => {
    const { means } = new LaneOfCalls().send(5000, 20, (nth) => nth % 500 < 10);
    expect(new Set(means)).toEqual(new Set(['limit']));
  });

  test.each([12, 10, 8])(
    'at the end of each second, 13 calls where %i are admitted: other clients may use up the rest',
    (letThrough) => {
      const lane = new LaneOfCalls();
      let second = 0;
      let count = 0;
      const { means } = lane.send(4000, 13, () => {
        if (Math.floor(lane.nowMs / 1000) !== second) {
          second = Math.floor(lane.nowMs / 1000);
          count = 0;
        }
        count += 1;
        return count > letThrough;
      });
      expect(means.length).toBeGreaterThan(15);
      expect(means).not.toContain('chance');
      expect(means.filter((mean) => mean === 'trial').length).toBeLessThanOrEqual(1);
    },
  );

  test('three in four: less is granted', () => {
    const { means } = new LaneOfCalls().send(2000, 20, (nth) => nth % 4 < 3);
    expect(new Set(means)).toEqual(new Set(['limit']));
  });

  test('half of the calls, and none at the admitted part of the pace: caused by the limit', () => {
    const lane = new LaneOfCalls();
    expect(lane.send(2000, 20, oneIn(2)).means.at(-1)).toBe('trial');
    expect(lane.chance.trialShare).toBeLessThan(0.5);
    expect(lane.send(2000, 20 * lane.chance.trialShare, never).trialled).toMatchObject({
      stayed: false,
    });
  });

  test('a closed window counts as the limit, even if one in ten is refused at random', () => {
    const lane = laneWithChance();
    const { means } = lane.send(60, 20, (nth) => nth % 10 === 9 || nth > 50);
    expect(means.slice(0, 6)).not.toContain('limit');
    expect(means.at(-1)).toBe('limit');
  });

  test('clearly more than random counts as the limit', () => {
    const lane = laneWithChance();
    lane.send(200, 20, oneIn(10));
    const { means } = lane.send(120, 20, oneIn(4));
    expect(means[0]).toBe('chance');
    expect(means.at(-1)).toBe('limit');
  });
});

test('slightly more than random for a minute counts as the limit', () => {
  const lane = laneWithChance();
  const { means } = lane.send(1100, 20, oneIn(6));
  expect(means[0]).toBe('chance');
  expect(means.slice(-20)).toContain('limit');
});

describe('the end of random refusals', () => {
  test('after a minute they are tried again, and stay', () => {
    const lane = laneWithChance();
    const { means } = lane.send(2000, 20, oneIn(10));
    expect(means.at(-1)).toBe('trial');
    // A minute at twenty a second.
    expect(means.length).toBeGreaterThanOrEqual(120);
    expect(lane.send(2000, 10, oneIn(10)).trialled).toMatchObject({ stayed: true, isNews: false });
    expect(lane.send(2000, 20, oneIn(10)).means.length).toBe(200);
  });

  test('none for a minute: the next one counts as the limit', () => {
    const lane = laneWithChance();
    lane.send(1300, 20, never);
    expect(lane.send(10, 20, oneIn(10)).means).toEqual(['limit']);
  });
});

test('a trial is aborted if everything is refused: a limit was met', () => {
  const lane = new LaneOfCalls();
  expect(lane.send(2000, 20, oneIn(10)).means.at(-1)).toBe('trial');
  expect(lane.chance.isTrying).toBe(true);
  const { means } = lane.send(10, 10, () => true);
  expect(means.at(-1)).toBe('limit');
  expect(lane.chance.isTrying).toBe(false);
});
