import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';
import { countOf } from './start-log.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/**
 * Isolated refusals are one in this many calls, over this span; where the service counts over more than a second, at least over the
 * time that so many calls take. Where it counts by the second, a slow pace that is slightly too high has single calls
 * refused as well.
 */
const FEW = { calls: 200, ms: 6000 } as const;
/**
 * A pace growing at an unknown limit overshoots so quickly that many are refused: fewer calls suffice, however long they
 * took.
 */
const FEW_GROWING = { calls: 20, ms: 2000 } as const;
/** And no other among this many calls before it: once a window is used up, calls are refused in a row. */
const CALLS_BEFORE = 10;
/** Margin in standard deviations above that share, over many calls. */
const DEVIATIONS = 2;
/** Resolution of start times. */
const RESOLUTION_MS = 20;

/** A refused call. `pausedMs`: the pause the service asked for; 0: none. */
export type RefusalTimes = {
  readonly nowMs: number;
  readonly sentMs: number;
  readonly pausedMs: number;
};

/**
 * Whether a call, the first refused since `reopenedMs` except for isolated ones, was refused although hardly any other was: a
 * limit that is met soon refuses a second one, since the pace goes on. Services refuse one call in a thousand for reasons
 * of their own (other clients on the account, a node with its own counter), and a pace cut each time ends where these are
 * as rare as its recoveries: the faster it was, the further below its limit. Pure; times are monotonic milliseconds.
 */
export function isIsolatedRefusal(
  { pace, admissions, windowMs, costs }: RateView,
  { nowMs, sentMs, pausedMs }: RefusalTimes,
  reopenedMs: number,
): boolean {
  // A pause after each costs more than a lower pace, at which they are rarer.
  if (pausedMs > 0) return false;
  const { perMs } = pace;
  // A steered pace counts every refusal, provided that it is what limits the lane.
  const isHolding =
    perMs !== Infinity && admissions.recentPerMs(sentMs, pace) >= perMs * SHARES.unused;
  if (costs.steering !== null && isHolding) return false;

  const isGrowing = pace.phase === 'growing';
  const few = isGrowing ? FEW_GROWING : FEW;
  const callsPerMs =
    perMs === Infinity
      ? admissions.between(nowMs - MINUTE_MS, nowMs).calls / MINUTE_MS
      : admissions.callsPerMs(nowMs, perMs);
  const before = admissions.between(sentMs - CALLS_BEFORE / callsPerMs, sentMs + RESOLUTION_MS);
  if (before.refused > 1) return false;
  const callsMs = isGrowing || windowMs > SECOND_MS ? few.calls / callsPerMs : 0;
  const sinceMs = Math.max(reopenedMs, sentMs - Math.max(few.ms, callsMs));
  const untilMs = sentMs + RESOLUTION_MS;
  const calls = countOf(admissions.between(sinceMs, untilMs));
  // If refusals take so long that more was sent since then, it may be the first of many.
  if (calls < few.calls || countOf(admissions.between(untilMs, nowMs)) > calls) return false;
  const expected = calls / FEW.calls;
  const { refused } = admissions.between(sinceMs, nowMs);
  return refused <= Math.max(1, expected + DEVIATIONS * (Math.sqrt(expected) - 1));
}
