import { describe, expect, test } from 'vitest';
import { Admissions } from '../../src/limits/admissions.ts';
import type { Costs } from '../../src/limits/costs.ts';
import { KNOWN_COSTS } from '../../src/limits/known-costs.ts';
import { Pace } from '../../src/limits/pace.ts';
import { estimatedCosts } from '../../src/limits/estimated-costs.ts';
import { StartLog } from '../../src/limits/start-log.ts';
import { isIsolatedRefusal } from '../../src/limits/is-isolated-refusal.ts';

const NOW_MS = 100_000;
const TOKENS_EACH = 100;

type Lane = {
  readonly perSecond: number;
  readonly windowMs?: number;
  /** Calls before now that were refused besides, the last start being 0. */
  readonly refused: readonly number[];
  readonly isGrowing?: boolean;
  readonly reopenedMs?: number;
  readonly sinceMs?: number;
  readonly pausedMs?: number;
  /** How many calls ago the refused one was started. */
  readonly ago?: number;
  readonly costs?: Costs;
  /** The pace, in amounts a second; by default what was sent. */
  readonly pacePerSecond?: number;
};

/** Whether the last call that a lane has started, or an earlier one, is an isolated refusal, where it is the one that was refused now. */
function isLastStray(lane: Lane): boolean {
  const { perSecond, refused, costs = KNOWN_COSTS } = lane;
  const log = new StartLog();
  const starts: number[] = [];
  for (let atMs = lane.sinceMs ?? 0; atMs <= NOW_MS; atMs += 1000 / perSecond) starts.push(atMs);
  for (const atMs of starts) log.started(atMs, TOKENS_EACH);
  const ago = lane.ago ?? 0;
  const sentMs = starts.at(-1 - ago) ?? 0;
  for (const before of [ago, ...refused])
    log.refused(starts[starts.length - 1 - before] ?? 0, TOKENS_EACH);
  const admissions = new Admissions(log, costs.amounts, costs.measured);
  const { unknownPerMs, rampMs } = costs;
  const pace = new Pace({ unknownPerMs, rampMs, admissions, onChange: () => undefined });
  pace.setLimit({ perMinute: null, origin: 'set' });
  pace.spend(starts[0] ?? 0, 1);
  const each = costs.amounts === 'tokens' ? TOKENS_EACH : 1;
  if (lane.isGrowing !== true) {
    const perMs = (lane.pacePerSecond ?? perSecond * each) / 1000;
    pace.move(NOW_MS, { phase: 'learned', perMs, reason: 'refused' });
  }
  const view = { pace, admissions, windowMs: lane.windowMs ?? 1000, costs };
  const nowMs = NOW_MS + 60;
  const refusal = { nowMs, sentMs, pausedMs: lane.pausedMs ?? 0 };
  return isIsolatedRefusal(view, refusal, lane.reopenedMs ?? -Infinity);
}

describe('isIsolatedRefusal', () => {
  test('one call of a thousand, unlike a limit that is met', () => {
    expect(isLastStray({ perSecond: 200, refused: [] })).toBe(true);
    expect(isLastStray({ perSecond: 200, refused: [400] })).toBe(true);
  });

  test('if refusals take so long that more was sent since then, it may be the first of many', () => {
    expect(isLastStray({ perSecond: 200, refused: [], ago: 1000 })).toBe(true);
    expect(isLastStray({ perSecond: 200, refused: [], ago: 1300 })).toBe(false);
    const growing = { perSecond: 20, isGrowing: true, sinceMs: 90_000, refused: [] };
    expect(isLastStray({ ...growing, ago: 20 })).toBe(true);
    expect(isLastStray({ ...growing, ago: 100 })).toBe(false);
  });

  test('later refused calls count, but not as admitted ones', () => {
    expect(isLastStray({ perSecond: 200, refused: [500], ago: 900 })).toBe(true);
    expect(
      isLastStray({
        perSecond: 200,
        refused: [0, 100, 200, 300, 400, 500, 600, 700, 800],
        ago: 1000,
      }),
    ).toBe(false);
  });

  test('none if the service asks for a pause with it: a lower pace has fewer of these', () => {
    expect(isLastStray({ perSecond: 200, refused: [], pausedMs: 1000 })).toBe(false);
  });

  test('a used-up window refuses calls in a row', () => {
    expect(isLastStray({ perSecond: 200, refused: [1] })).toBe(false);
    expect(isLastStray({ perSecond: 200, refused: [1, 2, 3] })).toBe(false);
  });

  test('more than a few of many calls is not isolated', () => {
    const oneIn = (calls: number): number[] =>
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((n) => n * calls);
    expect(isLastStray({ perSecond: 200, refused: oneIn(180) })).toBe(true);
    expect(isLastStray({ perSecond: 200, refused: oneIn(90) })).toBe(false);
  });

  test('a slow lane in windows of a second: single refusals are caused by the limit; in longer ones they are not', () => {
    expect(isLastStray({ perSecond: 20, refused: [] })).toBe(false);
    expect(isLastStray({ perSecond: 20, windowMs: 60_000, refused: [] })).toBe(true);
    expect(isLastStray({ perSecond: 20, windowMs: 60_000, refused: [150] })).toBe(false);
  });

  test('while the limit is being searched for some tens of calls suffice', () => {
    expect(isLastStray({ perSecond: 20, isGrowing: true, sinceMs: 98_000, refused: [] })).toBe(
      true,
    );
    expect(isLastStray({ perSecond: 20, isGrowing: true, sinceMs: 98_000, refused: [15] })).toBe(
      false,
    );
    expect(isLastStray({ perSecond: 5, isGrowing: true, sinceMs: 98_000, refused: [] })).toBe(
      false,
    );
  });

  test('refusals of an earlier run do not count; nor is anything isolated right after it', () => {
    const run = Array.from({ length: 30 }, (_, nth) => 500 + nth);
    expect(isLastStray({ perSecond: 200, refused: run })).toBe(false);
    expect(isLastStray({ perSecond: 200, refused: run, reopenedMs: NOW_MS - 2400 })).toBe(true);
    expect(isLastStray({ perSecond: 200, refused: [], reopenedMs: NOW_MS - 900 })).toBe(false);
  });

  test('tokens: each refusal steers the pace, unless calls use less than half of it', () => {
    const costs = estimatedCosts(() => 0.5);
    expect(isLastStray({ perSecond: 200, costs, refused: [] })).toBe(false);
    expect(isLastStray({ perSecond: 200, costs, pacePerSecond: 100_000, refused: [] })).toBe(true);
    expect(isLastStray({ perSecond: 200, costs, isGrowing: true, refused: [] })).toBe(true);
  });
});
