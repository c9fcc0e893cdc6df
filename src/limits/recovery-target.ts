import type { AdmittedBefore } from './admissions.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';

/** How long until a return is attempted; doubles each time that less was granted. */
const NEXT_DELAY_MS = { first: 60_000, most: 960_000 } as const;
/** And after this many calls, if those are few. */
const DELAY_CALLS = 20;
/** And after this many long windows: each attempt closes one and has some tens of calls refused. */
const DELAY_WINDOWS = 8;
/** Confirmations after which a measured limit is certain; for windows of a second, other clients may use up as much twice. */
const CONFIRMATIONS = { seconds: 2, longWindows: 1 } as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const SIX_SECONDS_MS = 6000;
/** A minute or six seconds with fewer calls prove little. */
const CALLS_LEAST = 20;

/** A finished run of refusals. Amounts per millisecond. */
export type EndedRun = {
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
 * value was confirmed. A limit that is lower for good is met a few more times.
 */
export class RecoveryTarget {
  /** The highest pace granted for some seconds; 0: unknown. */
  private highestGrantedPerMs = 0;
  /** When the return starts; Infinity: not at all. */
  private fromMs = Infinity;
  private nextDelayMs: number = NEXT_DELAY_MS.first;
  /** The most granted since a closure last showed a limit. */
  private grantedSincePerMs = 0;

  /** Forgets the granted pace: the limit was replaced. */
  reset(): void {
    this.highestGrantedPerMs = 0;
    this.fromMs = Infinity;
    this.nextDelayMs = NEXT_DELAY_MS.first;
    this.grantedSincePerMs = 0;
  }

  /** The pace that a lane at `perMs` should return to now; null: none. */
  targetPerMs(nowMs: number, perMs: number): number | null {
    if (nowMs < this.fromMs) return null;
    if (perMs < this.highestGrantedPerMs * SHARES.returned) return this.highestGrantedPerMs;
    this.fromMs = Infinity;
    this.nextDelayMs = NEXT_DELAY_MS.first;
    return null;
  }

  /** Records what was granted before a run of refusals, even if the run says nothing of the limit. */
  granted(run: EndedRun, windowMs: number): void {
    // Six seconds may span two windows: good enough for a first guess.
    const isFirst = this.highestGrantedPerMs === 0 && windowMs <= SECOND_MS;
    const grantedPerMs = grantedBefore(run.before, isFirst);
    this.grantedSincePerMs = Math.max(this.grantedSincePerMs, grantedPerMs);
    if (!run.wasGrowing) this.raiseTo(Math.min(run.perMs, grantedPerMs * SHARES.learned));
  }

  /**
   * A run of refusals is over. `limitPerMs`: the limit it showed (null: only the edge was touched); `confirmations`: how many
   * times in a row about the same limit was shown.
   */
  runEnded(
    nowMs: number,
    run: EndedRun,
    outcome: RateView & { readonly limitPerMs: number | null; readonly confirmations: number },
  ): void {
    const { limitPerMs, confirmations, windowMs, admissions } = outcome;
    const { perMs } = outcome.pace;
    this.granted(run, windowMs);
    // A growing pace has no full minutes to measure yet: a closure with many calls, or one that repeats the last result, is
    // a measurement.
    const isMeasured =
      limitPerMs !== null &&
      (confirmations >= CONFIRMATIONS.seconds || limitPerMs * windowMs >= CALLS_LEAST);
    if (isMeasured) this.raiseTo(Math.min(run.perMs, limitPerMs * SHARES.learned));
    // More was granted in between: seeing the lower value again does not prove that it is permanent.
    const wasMoreGranted =
      limitPerMs !== null && this.grantedSincePerMs > limitPerMs * SHARES.twoWindows;
    if (limitPerMs !== null) this.grantedSincePerMs = 0;
    const wasRecovering = nowMs >= this.fromMs;
    if (perMs >= this.highestGrantedPerMs * SHARES.farBelow) {
      // Near enough: the rest is probed for.
      if (wasRecovering) this.fromMs = Infinity;
      return;
    }
    // A used-up window of a minute stays closed for long: a single refusal is no reason to wait for it.
    const isLong = windowMs > SECOND_MS;
    if (isLong && limitPerMs === null && run.pauseMs === 0 && this.fromMs !== Infinity) return;
    const isFar = limitPerMs !== null && limitPerMs < this.highestGrantedPerMs * SHARES.farBelow;
    const isSure = isLong
      ? confirmations >= CONFIRMATIONS.longWindows && !wasMoreGranted
      : confirmations >= CONFIRMATIONS.seconds;
    if (isFar && !isSure) {
      this.fromMs = nowMs + windowMs;
      return;
    }
    if (!wasRecovering && this.fromMs !== Infinity) return;
    const callsMs = DELAY_CALLS / admissions.callsPerMs(nowMs, perMs);
    const windowsMs = isLong ? DELAY_WINDOWS * windowMs : 0;
    this.fromMs = nowMs + Math.max(this.nextDelayMs, callsMs, windowsMs);
    this.nextDelayMs = Math.min(NEXT_DELAY_MS.most, this.nextDelayMs * 2);
  }

  private raiseTo(perMs: number): void {
    this.highestGrantedPerMs = Math.max(this.highestGrantedPerMs, perMs);
  }
}

function grantedBefore(before: AdmittedBefore, orInSeconds: boolean): number {
  const { calls, minute, sixSeconds } = before;
  if (calls < CALLS_LEAST || minute === 0) return 0;
  const isMany = orInSeconds && (calls * sixSeconds) / minute >= CALLS_LEAST;
  return Math.max(minute / MINUTE_MS, isMany ? sixSeconds / SIX_SECONDS_MS : 0);
}
