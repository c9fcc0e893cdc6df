import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';
import { countOf } from './start-log.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
/**
 * Strays are one of so many calls. Looked at is so long; where the service counts over more than a second, as long as so
 * many calls take: where it counts by the second, a slow pace that is a little too high has single calls refused as well.
 */
const FEW = { calls: 200, ms: 6000 } as const;
/** A pace in the dark goes so far beyond its limit at once that many are refused: fewer calls say it, however long they took. */
const FEW_GROWING = { calls: 20, ms: 2000 } as const;
/** And of so many calls before it none other: what comes after a window is used up is refused in a row. */
const CALLS_BEFORE = 10;
/** So many standard deviations more than that share of many calls. */
const DEVIATIONS = 2;
/** Starts are known to so many milliseconds. */
const KNOWN_TO_MS = 20;

/** A call was refused. `pausedMs`: for how long the service asked that none be sent; 0: it did not. */
export type Refusal = {
  readonly nowMs: number;
  readonly sentMs: number;
  readonly pausedMs: number;
};

/**
 * Whether a call was refused, the first since `reopenedMs` but for strays, though hardly any other of late: a limit that is
 * met refuses a second one soon, since the pace goes on. Services refuse a call of a thousand for reasons of their own (others
 * on the account, a node that counts for itself), and a pace that is cut each time comes to where these are as rare as it
 * recovers: the faster it was, the further below its limit. Pure; times are monotonic milliseconds.
 */
export function isStray(
  { pace, admissions, windowMs, costs }: RateView,
  { nowMs, sentMs, pausedMs }: Refusal,
  reopenedMs: number,
): boolean {
  // A pause after each costs more than a lower pace, at which they are rarer.
  if (pausedMs > 0) return false;
  const { perMs } = pace;
  // A pace that is steered counts each refusal, where it is what holds the lane up.
  const isHolding =
    perMs !== Infinity && admissions.recentPerMs(sentMs, pace) >= perMs * SHARES.unused;
  if (costs.steering !== null && isHolding) return false;

  const isGrowing = pace.phase === 'growing';
  const few = isGrowing ? FEW_GROWING : FEW;
  const callsPerMs =
    perMs === Infinity
      ? admissions.between(nowMs - MINUTE_MS, nowMs).calls / MINUTE_MS
      : admissions.callsPerMs(nowMs, perMs);
  const before = admissions.between(sentMs - CALLS_BEFORE / callsPerMs, sentMs + KNOWN_TO_MS);
  if (before.refused > 1) return false;
  const callsMs = isGrowing || windowMs > SECOND_MS ? few.calls / callsPerMs : 0;
  const sinceMs = Math.max(reopenedMs, sentMs - Math.max(few.ms, callsMs));
  const untilMs = sentMs + KNOWN_TO_MS;
  const calls = countOf(admissions.between(sinceMs, untilMs));
  // Where refusals take so long that more was sent since then, it may be the first of many.
  if (calls < few.calls || countOf(admissions.between(untilMs, nowMs)) > calls) return false;
  const expected = calls / FEW.calls;
  const { refused } = admissions.between(sinceMs, nowMs);
  return refused <= Math.max(1, expected + DEVIATIONS * (Math.sqrt(expected) - 1));
}
