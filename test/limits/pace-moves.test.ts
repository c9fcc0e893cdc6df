import { describe, expect, test } from 'vitest';
import { Admissions } from '../../src/limits/admissions.ts';
import { cutForGrowth, cutPace, paceAfterTrial } from '../../src/limits/cut-pace.ts';
import { grownPace, restMs, type UsedPace } from '../../src/limits/grown-pace.ts';
import { Growth } from '../../src/limits/growth.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';
import { LearnedLimit } from '../../src/limits/learned-limit.ts';
import { Pace, type PacePhase } from '../../src/limits/pace.ts';
import { SHARES } from '../../src/limits/rate-shares.ts';
import { estimatedCosts } from '../../src/limits/estimated-costs.ts';
import type { StartCounts } from '../../src/limits/start-log.ts';

const NOW_MS = 1_000_000;
const TOKENS = estimatedCosts(() => null);

/** A pace in a phase, of which so much a millisecond was admitted, long after its first call. */
function viewOf(at: {
  readonly phase: PacePhase;
  readonly perMs: number;
  readonly admittedPerMs?: number;
  readonly costs?: typeof KNOWN_COSTS;
  /** A limit that somebody has set; not given: nobody has. */
  readonly setPerMinute?: number;
  readonly tokensPerCall?: number;
}) {
  const { costs = KNOWN_COSTS, phase, perMs, admittedPerMs = perMs, tokensPerCall = 1 } = at;
  const between = (fromMs: number, toMs: number): StartCounts => {
    const amount = (toMs - fromMs) * admittedPerMs;
    return { calls: amount / tokensPerCall, tokens: amount, refused: 0 };
  };
  const admissions = new Admissions({ between }, costs.amounts, costs.measured);
  const onChange = (): void => undefined;
  const { rampMs } = costs;
  const pace = new Pace({ unknownPerMs: perMs, rampMs, admissions, onChange });
  pace.startedMs = 0;
  pace.setLimit({ perMinute: at.setPerMinute ?? null, origin: 'set' });
  // What holds a pace up near a limit that is set is not what is looked at here.
  pace.floor.setLimit(0);
  pace.move(NOW_MS, { phase, perMs, reason: 'recovered' });
  return { pace, admissions, windowMs: 1000, costs };
}

const UNPAUSED = {
  ...{ nowMs: NOW_MS, sentMs: NOW_MS, pausedMs: 0, reopenedMs: -Infinity },
  growth: { probeAtMs: Infinity, restedPerMs: null },
};

describe('the first refusal of a run', () => {
  const cut = (view: ReturnType<typeof viewOf>) =>
    cutPace({ ...UNPAUSED, ...view, learned: { perMs: 0.02 } });

  test('a learned pace: slightly less', () => {
    const move = cut(viewOf({ phase: 'learned', perMs: 0.02 }));
    expect(move).toEqual({ phase: 'learned', perMs: 0.02 * SHARES.touchCut, reason: 'refused' });
  });

  test('a pace at an unknown limit: what was admitted, or half if nothing was', () => {
    const grown = cut(viewOf({ phase: 'growing', perMs: 0.04, admittedPerMs: 0.02 }));
    expect(grown.phase).toBe('learned');
    expect(grown.perMs).toBeCloseTo(0.02 * SHARES.learned, 9);
    expect(cut(viewOf({ phase: 'growing', perMs: 0.04, admittedPerMs: 0 })).perMs).toBe(0.02);
  });

  test('a hardly used pace is not the limit that was met: what was admitted', () => {
    const move = cut(viewOf({ phase: 'learned', perMs: 0.04, admittedPerMs: 0.01 }));
    expect(move.perMs).toBeCloseTo(0.01 * SHARES.learned, 9);
  });

  test('if refusals are steered for: next to nothing', () => {
    const { perMs } = cut(viewOf({ phase: 'learned', perMs: 200, costs: TOKENS }));
    expect(perMs).toBeLessThan(200);
    expect(perMs).toBeGreaterThan(200 * 0.99);
  });
});

describe('the first refusal of a run, where refusals are steered for and a limit is known', () => {
  const SET_PER_MINUTE = 600_000;
  const BOUND = (SET_PER_MINUTE / 60_000) * SHARES.bound;
  // Ten calls in a window of a second, which differ by half: windows do by a sixth.
  const costs = estimatedCosts(() => 0.5);
  const tokens = (perMs: number) =>
    viewOf({
      ...{ phase: 'learned', perMs, setPerMinute: SET_PER_MINUTE, costs },
      tokensPerCall: 1000,
    });
  const refusedAt = (view: ReturnType<typeof viewOf>, more: Partial<typeof PROBING> = {}) => {
    const move = cutPace({ ...UNPAUSED, ...view, learned: { perMs: view.pace.perMs }, ...more });
    view.pace.move(NOW_MS, move);
    return move.perMs;
  };
  const PROBING = { growth: { probeAtMs: NOW_MS - 5000, restedPerMs: 4 } };

  test('far below the limit, probing for more: half of what was added is taken back', () => {
    expect(refusedAt(tokens(5), PROBING)).toBeCloseTo(4.5, 1);
    // It rests, or has reached the limit: steered only.
    const resting = { growth: { probeAtMs: NOW_MS + 5000, restedPerMs: 4 } };
    expect(refusedAt(tokens(5), resting)).toBeGreaterThan(4.99);
    expect(refusedAt(tokens(BOUND * 0.9), PROBING)).toBeGreaterThan(BOUND * 0.89);
  });

  test('at the limit for the first time: some of it, so that few windows are used up early; then steered', () => {
    const view = tokens(BOUND);
    const first = refusedAt(view);
    expect(first).toBeLessThan(BOUND * 0.99);
    view.pace.move(NOW_MS, { phase: 'learned', perMs: BOUND, reason: 'felt for more' });
    expect(refusedAt(view)).toBeGreaterThan(BOUND * 0.998);
    // A far lower limit was met since: what the limit grants is found again, as at first.
    view.pace.windowReopened(NOW_MS, BOUND / 2, false);
    view.pace.move(NOW_MS, { phase: 'learned', perMs: BOUND, reason: 'felt for more' });
    expect(refusedAt(view)).toBeCloseTo(first, 9);
  });
});

describe('the first refusal of a run that asks for a pause', () => {
  const FEW = { ...UNPAUSED, pausedMs: 20_000, learned: { perMs: null } };
  const MANY = { ...FEW, learned: { perMs: 0.02 } };

  test('after a call at an unknown limit: one window holds that', () => {
    const view = viewOf({ phase: 'growing', perMs: 0.005 });
    const { perMs } = cutPace({ ...FEW, ...view, reopenedMs: NOW_MS - 200 });
    expect(perMs).toBeCloseTo(0.001 * SHARES.learned, 9);
  });

  test('after calls that took more than a window: one window and part of another', () => {
    const view = viewOf({ phase: 'learned', perMs: 0.0015 });
    const { perMs } = cutPace({ ...FEW, ...view, reopenedMs: NOW_MS - 1000 });
    expect(perMs).toBeCloseTo((1.5 / 1500) * SHARES.learned, 9);
  });

  test('after many calls at a learned pace: too high by one in thirty', () => {
    const { perMs } = cutPace({ ...MANY, ...viewOf({ phase: 'learned', perMs: 0.02 }) });
    expect(perMs).toBeCloseTo(0.02 * (30 / 31) * SHARES.learned, 9);
  });

  test('under a known limit: as without a pause', () => {
    const view = viewOf({ phase: 'learned', perMs: 0.02, setPerMinute: 1300 });
    expect(cutPace({ ...MANY, ...view }).perMs).toBeCloseTo(0.02 * SHARES.touchCut, 9);
  });

  test('right after the previous pause, in which nothing was sent: that does not make the pace unused', () => {
    const view = viewOf({
      phase: 'learned',
      perMs: 0.02,
      admittedPerMs: 0.005,
      setPerMinute: 1300,
    });
    const cut = (sinceOpenMs: number): number =>
      cutPace({ ...MANY, ...view, reopenedMs: NOW_MS - sinceOpenMs }).perMs;
    expect(cut(10_900)).toBeCloseTo(0.02 * SHARES.touchCut, 9);
    expect(cut(11_100)).toBeCloseTo(0.005 * SHARES.learned, 9);
  });
});

describe('growth is refused: 80 %', () => {
  test.each([
    ['ramping', 'growing'],
    ['growing', 'growing'],
    ['learned', 'learned'],
  ] as const)('a pace that was %s is %s', (phase, after) => {
    const move = cutForGrowth(viewOf({ phase, perMs: 0.02 }), NOW_MS);
    expect(move).toMatchObject({ phase: after, reason: 'growth refused' });
    expect(move.perMs).toBeCloseTo(0.016, 9);
  });

  test('of what was admitted, but of at least half the pace', () => {
    const few = viewOf({ phase: 'learned', perMs: 0.02, admittedPerMs: 0.001 });
    expect(cutForGrowth(few, NOW_MS).perMs).toBeCloseTo(0.008, 9);
  });
});

describe('the end of a trial', () => {
  const resultOf = (areRandom: boolean, isNews: boolean) => ({ perMs: 0.02, areRandom, isNews });

  test.each([
    ['stayed, which is news: grown on from the pace before', true, true, 'growing', 0.02],
    ['stayed again: the pace before', true, false, 'learned', 0.02],
    ['went: as after a refusal', false, true, 'learned', 0.02 * SHARES.touchCut],
  ] as const)('refusals %s', (_, areRandom, isNews, phase, perMs) => {
    const move = paceAfterTrial(resultOf(areRandom, isNews), KNOWN_COSTS);
    expect(move).toEqual({ phase, perMs, reason: 'recovered' });
  });

  test('refusals vanished, where they are steered for: the pace before', () => {
    expect(paceAfterTrial(resultOf(false, true), TOKENS).perMs).toBe(0.02);
  });
});

describe('a pace without a refusal for a second', () => {
  function grown(
    view: ReturnType<typeof viewOf>,
    more: Partial<UsedPace> & { readonly learnedPerMs?: number; readonly probeAtMs?: number } = {},
  ) {
    const learned = new LearnedLimit();
    if (more.learnedPerMs !== undefined) learned.update(more.learnedPerMs, false);
    const growth = new Growth(view.costs.probeStepMost);
    growth.probeAtMs = more.probeAtMs ?? Infinity;
    const at = { learned, growth, passedMs: 1000, nowMs: NOW_MS, reopenedMs: NOW_MS };
    return grownPace({ ...view, ...at, recoveryPerMs: null, ...more });
  }

  test('ramping: unchanged', () => {
    expect(grown(viewOf({ phase: 'ramping', perMs: 0.02 }))).toBeNull();
  });

  test('growing: 50 % more', () => {
    const move = grown(viewOf({ phase: 'growing', perMs: 0.02 }));
    expect(move?.perMs).toBeCloseTo(0.03, 9);
    expect(move).toMatchObject({ phase: 'growing', reason: 'felt for more' });
  });

  test('at the learned limit: unchanged while it rests, then 1 % more', () => {
    const view = viewOf({ phase: 'learned', perMs: 0.02 });
    const learnedPerMs = 0.02 / SHARES.learned;
    expect(grown(view, { learnedPerMs, probeAtMs: NOW_MS + 1 })).toBeNull();
    const move = grown(view, { learnedPerMs, probeAtMs: NOW_MS });
    expect(move?.perMs).toBeCloseTo(0.0202, 6);
    expect(move?.reason).toBe('felt for more');
  });

  test('if refusals cost pauses: later, and no faster for sixteen spans of ten calls', () => {
    const growth = new Growth(KNOWN_COSTS.probeStepMost);
    growth.rest(NOW_MS, 0.01, { ms: 1000, pauseMs: 20_000 });
    expect(growth.probeAtMs).toBe(NOW_MS + 20_000 * SHARES.pausesApart);
    const probed = (forMs: number): number =>
      growth.probing({ forMs, windowMs: 1000, callsPerMs: 0.01, seconds: 1 });
    expect(probed(16_000)).toBeCloseTo(1.01, 9);
    expect(probed(20_000)).toBeCloseTo(1.02, 9);
    growth.rest(NOW_MS, 0.01, { ms: 1000, pauseMs: 0 });
    expect(growth.probeAtMs).toBe(NOW_MS + 1000);
    expect(probed(16_000)).toBeCloseTo(1.16, 9);
  });

  /** At what a run before has learned, so many times as much: what becomes of it, as a multiple, and its phase. */
  const hinted = (times: number, forMs: number, costs = KNOWN_COSTS) => {
    const learned = new LearnedLimit();
    learned.begin(0.02 / SHARES.learned);
    const view = viewOf({ phase: 'learned', perMs: 0.02 * times, costs });
    const move = grown(view, { learned, probeAtMs: NOW_MS - forMs });
    expect(move?.reschedulesNext).toBe(true);
    return { times: (move?.perMs ?? NaN) / view.pace.perMs, phase: move?.phase };
  };

  test.each([
    ['at once', 1, 0, 1.03, 'learned'],
    ['twice as much after two seconds', 1, 2000, 1.06, 'learned'],
    ['soon as if nothing were known', 1.2, 8000, 1.48, 'growing'],
    ['no faster than that', 4, 60_000, 1.5, 'growing'],
  ] as const)('at what a run before has learned: probed %s', (_, times, forMs, more, phase) => {
    for (const costs of [KNOWN_COSTS, TOKENS]) {
      const move = hinted(times, forMs, costs);
      expect(move.times).toBeCloseTo(more, 6);
      expect(move.phase).toBe(phase);
    }
  });

  test.each([KNOWN_COSTS, TOKENS])('a limit from an earlier run needs no rest', (costs) => {
    const learned = new LearnedLimit();
    learned.begin(0.02);
    const view = { ...viewOf({ phase: 'learned', perMs: 0.02, costs }), windowMs: 60_000 };
    expect(restMs(view, learned, NOW_MS)).toBe(0);
    learned.update(0.02, false);
    expect(restMs(view, learned, NOW_MS)).toBeGreaterThanOrEqual(60_000);
  });

  test.each([
    ['of a second: 20 s', 1000, 100, 20_000],
    ['of a second, few calls: a hundred of them', 1000, 400, 40_000],
    ['of a minute: 10 s', 60_000, 100, 10_000],
  ])('tokens far below a known limit, windows %s', (_, windowMs, tokensPerCall, ms) => {
    const learned = new LearnedLimit();
    const shape = { phase: 'learned', perMs: 1, setPerMinute: 600_000, costs: TOKENS } as const;
    const view = { ...viewOf({ ...shape, tokensPerCall }), windowMs };
    learned.update(1, false);
    expect(restMs(view, learned, NOW_MS)).toBe(ms);
    // The same limit again: only where a probe may use up a window is it rested for longer.
    learned.update(1, false);
    expect(restMs(view, learned, NOW_MS)).toBe(windowMs > 1000 ? 2 * ms : ms);
  });

  test('a pace of one call in minutes is raised: the next call is rescheduled by the new pace', () => {
    const { pace } = viewOf({ phase: 'learned', perMs: 1 / 120_000 });
    pace.spend(NOW_MS, 1);
    const probed = { phase: 'learned', perMs: 1 / 60_000, reason: 'felt for more' } as const;
    pace.move(NOW_MS + 1000, probed);
    expect(pace.starts.nextMs(NOW_MS + 1000)).toBe(NOW_MS + 119_950);
    pace.move(NOW_MS + 1000, { ...probed, reschedulesNext: true });
    expect(pace.starts.nextMs(NOW_MS + 1000)).toBe(NOW_MS + 61_000);
  });

  test('below the learned limit: halfway back, however long it should rest', () => {
    const move = grown(viewOf({ phase: 'learned', perMs: 0.016 }), {
      learnedPerMs: 0.02 / SHARES.learned,
    });
    expect(move?.perMs).toBeCloseTo(0.018, 9);
    expect(move?.reason).toBe('recovered');
  });

  test('below what was granted before: half of the gap per window', () => {
    const move = grown(viewOf({ phase: 'learned', perMs: 0.03 }), { recoveryPerMs: 0.04 });
    expect(move?.perMs).toBeCloseTo(0.035, 9);
    expect(move?.reason).toBe('recovered');
  });

  test('far below what was granted before, windows of a minute: half of the gap per window as well', () => {
    const view = { ...viewOf({ phase: 'learned', perMs: 0.002 }), windowMs: 60_000 };
    const move = grown(view, { recoveryPerMs: 0.02 });
    expect(move?.perMs).toBeCloseTo(0.002 + 0.018 * (1 - 2 ** (-1 / 60)), 9);
  });

  /** What becomes of it, as a multiple; `probedMs`: it was probed for so long; `unrefusedMs`: so long nothing was refused. */
  const far = (perMinute: number, setPerMinute: number, ms: readonly [number, number]) => {
    const [probedMs, unrefusedMs] = ms;
    const view = viewOf({ phase: 'learned', perMs: perMinute / 60_000, setPerMinute });
    const learnedPerMs = perMinute / 60_000 / SHARES.learned;
    const since = { probeAtMs: NOW_MS - probedMs, reopenedMs: NOW_MS - unrefusedMs };
    const move = grown({ ...view, windowMs: 60_000 }, { learnedPerMs, passedMs: 60_000, ...since });
    return ((move?.perMs ?? perMinute / 60_000) * 60_000) / perMinute;
  };

  test.each([
    ['probed for ten minutes and', 4, 60, [600_001, 600_001]],
    ['a slow lane for ten minutes, however long it should rest,', 3, 60, [-1, 600_001]],
  ] as const)('far below what somebody has set, %s not refused: doubled', (_, pace, set, ms) => {
    expect(far(pace, set, ms)).toBeCloseTo(2, 9);
  });

  test.each([
    ['a quarter of it and more', 15, 60, [3_600_000, 3_600_000]],
    ['no limit is set', 1, Infinity, [3_600_000, 3_600_000]],
    ['fewer than ten minutes', 4, 60, [600_000, 3_600_000]],
    ['a slow lane for fewer than ten minutes', 3, 60, [1000, 600_000]],
  ] as const)('probed gently: %s', (_, pace, set, ms) => {
    const times = far(pace, set, ms);
    expect(times).toBeGreaterThan(1);
    expect(times).toBeLessThan(2);
  });

  test('far below a known limit, and it rests: unchanged', () => {
    expect(far(4, 60, [-1, 3_600_000])).toBe(1);
  });

  test('below what was learned or granted, where it is steered: it recovers by itself', () => {
    const view = viewOf({ phase: 'learned', perMs: 100, costs: TOKENS });
    expect(grown(view, { learnedPerMs: 200, recoveryPerMs: 200 })).toBeNull();
  });

  test('but not in windows of a minute: half of the gap in each', () => {
    const view = { ...viewOf({ phase: 'learned', perMs: 100, costs: TOKENS }), windowMs: 60_000 };
    const move = grown(view, { learnedPerMs: 100, recoveryPerMs: 180, passedMs: 60_000 });
    expect(move?.perMs).toBeCloseTo(140, 6);
    expect(move?.reason).toBe('recovered');
  });
});
