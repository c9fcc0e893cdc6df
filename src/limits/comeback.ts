import type { AdmittedBefore } from './admissions.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';

/** First it is tried after so long, twice as long each time that less was met. */
const AGAIN_MS = { first: 60_000, most: 960_000 } as const;
/** And after so many calls, where those are few. */
const AGAIN_CALLS = 20;
/** And after so many long windows: one is closed each time, and some tens of calls are refused. */
const AGAIN_WINDOWS = 8;
/** Told much the same so many times more it is so; of a second, others may use up as much twice. */
const SURE = { seconds: 2, longWindows: 1 } as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const SIX_SECONDS_MS = 6000;
/** A minute or six seconds of fewer calls say little. */
const CALLS_LEAST = 20;

/** A run of refusals that is over. Amounts a millisecond. */
export type RunOver = {
  /** The pace before it, and the amounts that were admitted in the last minute and six seconds. */
  readonly perMs: number;
  readonly before: AdmittedBefore;
  /** Nothing was known of the limit: the pace was a guess. */
  readonly wasGrowing: boolean;
  /** The longest pause that the service asked for in it, in milliseconds; 0: none. */
  readonly pauseMs: number;
};

/**
 * The way back to a pace that a lane once held. What a closure tells may be of others that used up a window, or of an
 * outage, and a pace that goes up from it by one in a hundred takes an hour. So the pace that was given before is
 * remembered and come back to, half of what is missing in each window: at once after a closure that tells of far less;
 * later, and later each time, once as much less was met again. A limit that is lower for good is met a few times more.
 */
export class Comeback {
  /** The most that was given for some seconds; 0: nothing is known. */
  private highPerMs = 0;
  /** From when on it is come back to; Infinity: it is not. */
  private fromMs = Infinity;
  private againMs: number = AGAIN_MS.first;
  /** The most that was given since a closure told of something. */
  private sincePerMs = 0;

  /** Forgets what was given: the limit is another now. */
  drop(): void {
    this.highPerMs = 0;
    this.fromMs = Infinity;
    this.againMs = AGAIN_MS.first;
    this.sincePerMs = 0;
  }

  /** What a lane with a pace of `perMs` comes back to now; null: nothing. */
  targetPerMs(nowMs: number, perMs: number): number | null {
    if (nowMs < this.fromMs) return null;
    if (perMs < this.highPerMs * SHARES.back) return this.highPerMs;
    this.fromMs = Infinity;
    this.againMs = AGAIN_MS.first;
    return null;
  }

  /** Notes what was given before a run of refusals, also where that says nothing of the limit. */
  gave(run: RunOver, windowMs: number): void {
    // Six seconds may be of two windows: they do for a first guess.
    const isFirst = this.highPerMs === 0 && windowMs <= SECOND_MS;
    const givenPerMs = givenBefore(run.before, isFirst);
    this.sincePerMs = Math.max(this.sincePerMs, givenPerMs);
    if (!run.wasGrowing) this.note(Math.min(run.perMs, givenPerMs * SHARES.learned));
  }

  /**
   * A run of refusals is over. `toldPerMs`: what it told of the limit (null: only the edge was touched); `sameTimes`:
   * times in a row that much the same was told before.
   */
  runOver(
    nowMs: number,
    run: RunOver,
    left: RateView & { readonly toldPerMs: number | null; readonly sameTimes: number },
  ): void {
    const { toldPerMs, sameTimes, windowMs, admissions } = left;
    const { perMs } = left.pace;
    this.gave(run, windowMs);
    // What was given while it grew is not known by minutes yet: a closure that has many calls, or says the same again, tells.
    const isMeasured =
      toldPerMs !== null && (sameTimes >= SURE.seconds || toldPerMs * windowMs >= CALLS_LEAST);
    if (isMeasured) this.note(Math.min(run.perMs, toldPerMs * SHARES.learned));
    // It came back in between: that as little is told again does not say that it stays.
    const cameBack = toldPerMs !== null && this.sincePerMs > toldPerMs * SHARES.twoWindows;
    if (toldPerMs !== null) this.sincePerMs = 0;
    const wasBack = nowMs >= this.fromMs;
    if (perMs >= this.highPerMs * SHARES.farBelow) {
      // Near enough: the rest is felt for.
      if (wasBack) this.fromMs = Infinity;
      return;
    }
    // A window of a minute that is used up is closed for long: a single refusal is no reason to wait for it.
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
