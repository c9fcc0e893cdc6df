import type { Admissions, AdmittedBefore } from './admissions.ts';
import type { Pace } from './pace.ts';
import type { Steering } from './steering.ts';

const SECOND_MS = 1000;
/** This many rounds of refusals after the first may be calls at the edge of a limit; with more the limit is closed. */
const EDGE_ROUNDS = 2;
/** The first gap between tries is 50 ms, or a 40th of the known window if that is more; no gap exceeds `msMost`. */
const GAP = { msLeast: 50, windowShare: 1 / 40, msMost: 30_000 } as const;
/** Gaps grow up to this share of the run's duration so far, or a second; further where a window grants few calls. */
const ELAPSED_SHARE = 1 / 5;
/**
 * Windows used up at random reopen soon: for `ms` there are no gaps, only a rest of `spacings` calls' time after each
 * refusal.
 */
const RANDOM = { spacings: 2, ms: 2000 } as const;

/** A first refusal and its circumstances (a `RateView`). */
export type RunStart = {
  /** When it came back, when its call started, and the call's amount. */
  readonly nowMs: number;
  readonly sentMs: number;
  readonly amount: number;
  /** Whether growth was refused, not a quota. */
  readonly isOfGrowth: boolean;
  /** The pace before; finite (`Pace.makeFinite`). */
  readonly pace: Pick<Pace, 'perMs' | 'phase'>;
  readonly admissions: Admissions;
  readonly windowMs: number;
  readonly costs: { readonly steering: Steering | null };
};

/**
 * A run of refusals: from the first refused call until a call started after it is admitted. Meanwhile tries back off, since
 * nobody tells when a used-up quota reopens. Times are monotonic milliseconds; `sentMs` is when a call started.
 *
 * Calls in flight when the first refusal came back may be refused too, which is no news. Each later refusal is a
 * round of tries that was refused, and doubles the gap between tries; *half-open* is reported after more such rounds than a
 * touched edge produces. Each start is a *try*. The run ends with the first try that is certainly admitted
 * (`RateController.admitted`), or not refused for as long as refusals take (`RateController.nextStartMs`).
 */
export class RefusalRun {
  /** When the first refused call started. */
  readonly firstSentMs: number;
  /** When the last refused call started. */
  lastSentMs: number;
  /** Rounds of tries refused after the first refusal had come back. */
  refusedRounds = 0;
  /** When the first refusal came back. */
  readonly knownMs: number;
  /** Calls started before this belong to the last round: their refusal is no news. */
  private roundMs: number;
  /** The pace before the run. */
  readonly perMs: number;
  readonly before: AdmittedBefore;
  isOfGrowth: boolean;
  /** The limit was unknown. */
  readonly wasGrowing: boolean;
  /** The longest pause the service asked for during the run; 0: none. */
  pauseMs = 0;
  /** So far the window may have been used up at random. */
  private mayBeRandom: boolean;
  private readonly spacingMs: number;
  private readonly gapMsLeast: number;
  private readonly elapsedShare: number;
  /** The current gap between tries; 0: the pace's own spacing. */
  gapMs = 0;
  /** Starts since the last refused one, outcome unknown. */
  private tries: number[] = [];

  constructor(begin: RunStart) {
    const { nowMs, sentMs, amount, isOfGrowth, pace, admissions, costs } = begin;
    const windowMs = isOfGrowth ? SECOND_MS : begin.windowMs;
    const admitted = admissions.between(sentMs - begin.windowMs, sentMs).calls;
    this.before = admissions.before(sentMs);
    this.wasGrowing = pace.phase === 'growing';
    this.isOfGrowth = isOfGrowth;
    this.firstSentMs = sentMs;
    this.lastSentMs = sentMs;
    this.knownMs = nowMs;
    this.roundMs = nowMs;
    this.perMs = pace.perMs;
    this.gapMsLeast = Math.max(GAP.msLeast, windowMs * GAP.windowShare);
    this.elapsedShare = Math.max(ELAPSED_SHARE, 1 / Math.max(1, admitted));
    this.mayBeRandom = costs.steering !== null && !this.wasGrowing;
    this.spacingMs = amount / pace.perMs;
  }

  /** Whether more was refused than calls at the edge of a limit: only single tries are made. */
  get isHalfOpen(): boolean {
    return this.refusedRounds > EDGE_ROUNDS;
  }

  /** How long everything was refused, as far as tries have shown. */
  get closedMs(): number {
    return this.lastSentMs - this.firstSentMs;
  }

  /** How long nothing is sent after a refusal. */
  get restMs(): number {
    return this.mayBeRandom ? RANDOM.spacings * this.spacingMs : this.gapMs;
  }

  /** A call was refused again. `spacingMs`: the spacing of calls at the current pace. */
  refused(nowMs: number, sentMs: number, spacingMs: number): void {
    this.lastSentMs = Math.max(this.lastSentMs, sentMs);
    this.tries = this.tries.filter((tryMs) => tryMs > sentMs);
    if (sentMs < this.roundMs) return;
    this.roundMs = nowMs;
    this.refusedRounds += 1;
    this.mayBeRandom &&= nowMs - this.firstSentMs < RANDOM.ms;
    if (this.mayBeRandom) return;
    const most = Math.max(1000, this.gapMsLeast, (nowMs - this.firstSentMs) * this.elapsedShare);
    const least = Math.max(this.gapMsLeast, Math.min(spacingMs, 1000));
    this.gapMs = Math.min(Math.max(least, this.gapMs * 2), most, GAP.msMost);
  }

  started(nowMs: number): void {
    this.tries.push(nowMs);
  }

  /** The try started at `sentMs` proves nothing: it was rejected for its content. */
  withdraw(sentMs: number): void {
    const at = this.tries.indexOf(sentMs);
    if (at >= 0) this.tries.splice(at, 1);
  }

  /** The start of the oldest try whose outcome is unknown; Infinity: none. */
  get oldestTryMs(): number {
    return this.tries[0] ?? Infinity;
  }
}
