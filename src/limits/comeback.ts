import type { AdmittedBefore } from './admissions.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';

/** How long until a return is attempted; doubles each time that less was granted. */
const AGAIN_MS = { first: 60_000, most: 960_000 } as const;
/** And after this many calls, if those are few. */
const AGAIN_CALLS = 20;
/** And after this many long windows: each attempt closes one and has some tens of calls refused. */
const AGAIN_WINDOWS = 8;
/** Confirmations after which a measured limit is certain; for windows of a second, other clients may use up as much twice. */
const SURE = { seconds: 2, longWindows: 1 } as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const SIX_SECONDS_MS = 6000;
/** A minute or six seconds with fewer calls prove little. */
const CALLS_LEAST = 20;

/** A finished run of refusals. Amounts per millisecond. */
export type RunOver = {
  /** The pace before it, and the amounts admitted in the last minute and six seconds. */
  readonly perMs: number;
  readonly before: AdmittedBefore;
  /** The limit was unknown: the pace was a guess. */
  readonly wasGrowing: boolean;
  /** The longest pause the service asked for during it, in milliseconds; 0: none. */
  readonly pauseMs: number;
};

/**
 * The way back to a pace that a lane once held. What a closure shows may be due to other clients that used up a window, or
 * to an outage; growing back by 1 % a step would take an hour. So the highest granted pace is remembered and returned to,
 * halving the gap each window: at once after a closure that shows far less; later, and later each time, once the lower
 * value was confirmed. A limit that is lower for good is hit a few more times.
 */
export class Comeback {
  /** The highest pace granted for some seconds; 0: unknown. */
  private highPerMs = 0;
  /** When the return starts; Infinity: not at all. */
  private fromMs = Infinity;
  private againMs: number = AGAIN_MS.first;
  /** The most granted since a closure last showed a limit. */
  private sincePerMs = 0;

  /** Forgets the granted pace: the limit was replaced. */
  drop(): void {
    this.highPerMs = 0;
    this.fromMs = Infinity;
    this.againMs = AGAIN_MS.first;
    this.sincePerMs = 0;
  }

  /** The pace that a lane at `perMs` should return to now; null: none. */
  targetPerMs(nowMs: number, perMs: number): number | null {
    if (nowMs < this.fromMs) return null;
    if (perMs < this.highPerMs * SHARES.back) return this.highPerMs;
    this.fromMs = Infinity;
    this.againMs = AGAIN_MS.first;
    return null;
  }

  /** Records what was granted before a run of refusals, even if the run says nothing of the limit. */
  gave(run: RunOver, windowMs: number): void {
    // Six seconds may span two windows: good enough for a first guess.
    const isFirst = this.highPerMs === 0 && windowMs <= SECOND_MS;
    const givenPerMs = givenBefore(run.before, isFirst);
    this.sincePerMs = Math.max(this.sincePerMs, givenPerMs);
    if (!run.wasGrowing) this.note(Math.min(run.perMs, givenPerMs * SHARES.learned));
  }

  /**
   * A run of refusals is over. `toldPerMs`: the limit it showed (null: only the edge was touched); `sameTimes`: how many
   * times in a row about the same limit was shown.
   */
  runOver(
    nowMs: number,
    run: RunOver,
    left: RateView & { readonly toldPerMs: number | null; readonly sameTimes: number },
  ): void {
    const { toldPerMs, sameTimes, windowMs, admissions } = left;
    const { perMs } = left.pace;
    this.gave(run, windowMs);
    // A growing pace has no full minutes to measure yet: a closure with many calls, or one that repeats the last result, is
    // a measurement.
    const isMeasured =
      toldPerMs !== null && (sameTimes >= SURE.seconds || toldPerMs * windowMs >= CALLS_LEAST);
    if (isMeasured) this.note(Math.min(run.perMs, toldPerMs * SHARES.learned));
    // More was granted in between: seeing the lower value again does not prove that it is permanent.
    const cameBack = toldPerMs !== null && this.sincePerMs > toldPerMs * SHARES.twoWindows;
    if (toldPerMs !== null) this.sincePerMs = 0;
    const wasBack = nowMs >= this.fromMs;
    if (perMs >= this.highPerMs * SHARES.farBelow) {
      // Near enough: the rest is probed for.
      if (wasBack) this.fromMs = Infinity;
      return;
    }
    // A used-up window of a minute stays closed for long: a single refusal is no reason to wait for it.
    const isLong = windowMs > SECOND_MS;
    if (isLong && toldPerMs === null && run.pauseMs === 0 && this.fromMs !== Infinity) return;
    const isFar = toldPerMs !== null && toldPerMs < this.highPerMs * SHARES.farBelow;
    const isSure = isLong ? sameTimes >= SURE.longWindows && !cameBack : sameTimes >= SURE.seconds;
    if (isFar && !isSure) {
      this.fromMs = nowMs + windowMs;
      return;
    }
    if (!wasBack && this.fromMs !== Infinity) return;
    const callsMs = AGAIN_CALLS / admissions.callsPerMs(nowMs, perMs);
    const windowsMs = isLong ? AGAIN_WINDOWS * windowMs : 0;
    this.fromMs = nowMs + Math.max(this.againMs, callsMs, windowsMs);
    this.againMs = Math.min(AGAIN_MS.most, this.againMs * 2);
  }

  private note(perMs: number): void {
    this.highPerMs = Math.max(this.highPerMs, perMs);
  }
}

function givenBefore(before: AdmittedBefore, orInSeconds: boolean): number {
  const { calls, minute, sixSeconds } = before;
  if (calls < CALLS_LEAST || minute === 0) return 0;
  const isMany = orInSeconds && (calls * sixSeconds) / minute >= CALLS_LEAST;
  return Math.max(minute / MINUTE_MS, isMany ? sixSeconds / SIX_SECONDS_MS : 0);
}
