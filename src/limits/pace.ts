import type { Admissions } from './admissions.ts';
import type { KnownLimit } from './pace-limits.ts';
import { PaceFloor } from './pace-floor.ts';
import { rampStartMs, rampedMs, rampShare } from './ramp.ts';
import { SHARES } from './rate-shares.ts';
import { StartTimes } from './start-times.ts';

/** The slowest pace: one call per this time. */
const SLOWEST_MS = 120_000;
const SECOND_MS = 1000;

/**
 * *Ramping*: climbing to a known limit. *Growing*: no limit is known, and the pace grows until the first refusal.
 * *Learned*: neither; refusals and answers move the pace slightly.
 */
export type PacePhase = 'ramping' | 'growing' | 'learned';

/** The phase of a pace, or *known*: the pace is at the known limit; or *half-open*: everything is refused. */
export type RateState = PacePhase | 'known' | 'half-open';

/** Why a pace was changed. */
export type RateReason =
  | 'refused'
  | 'reopened'
  | 'growth refused'
  | 'window learned'
  // More was tried than the learned limit. Ledgers store these words, so they stay as they were first written.
  | 'felt for more'
  | 'recovered'
  | 'set anew';

/** A decision about a pace: its new phase, the amount per millisecond, and why. */
export type PaceMove = {
  readonly phase: PacePhase;
  readonly perMs: number;
  readonly reason: RateReason;
  /** Reschedule the next start by the new pace, so that a slow lane does not wait out the spacing of the lower one. */
  readonly reschedulesNext?: boolean;
};

export type PaceOptions = {
  /** As in `Costs`. */
  readonly unknownPerMs: number;
  readonly rampMs: number;
  readonly admissions: Admissions;
  onChange(reason: RateReason): void;
};

/**
 * Evenly spaced amounts: how much per millisecond, when the next is due, and within which bounds that may move. The sole
 * owner of these; a `RateController` decides from refusals and answers which method to call. Times are monotonic milliseconds.
 *
 * | event                         | new pace                        | phase                  | reported as              |
 * | ----------------------------- | ------------------------------- | ---------------------- | ------------------------ |
 * | a limit is replaced           | close to it, by a ramp (2)      | ramping                | set anew                 |
 * | ... by none                   | the initial pace                | growing                | set anew                 |
 * | the ramp ends                 | unchanged                       | learned                | -                        |
 * | used without a refusal        | more, or unchanged: `grownPace` | unchanged, growing (3) | felt for more, recovered |
 * | first refusal of a run        | what `cutPace` leaves           | learned                | refused                  |
 * | growth refused                | what `cutForGrowth` leaves      | growing, if ramping    | growth refused           |
 * | a call is sent, or refused    | very slightly more, or less (1) | unchanged              | -                        |
 * | a run showed a window's grant | close to it                     | unchanged              | reopened                 |
 * | a run was an outage           | the pace before, by a ramp      | ramping                | reopened                 |
 * | nothing admitted, or known    | the initial pace                | growing                | reopened                 |
 * | refusals may be random        | less, or more, for a trial      | unchanged              | refused                  |
 * | the trial ends                | what `paceAfterTrial` returns   | growing, learned       | recovered                |
 *
 * (1) If it is steered (`Costs.steering`). (2) If the limit is more than twice the pace. (3) Once more than a limit from an
 * earlier run was granted.
 */
export class Pace {
  private ownPerMs: number;
  private ownPhase: PacePhase = 'growing';
  /** The known limit; Infinity: none. */
  boundPerMs: number = Infinity;
  /** Whether a call was refused at the bound since it was set, or since a far lower limit was met. */
  hasMetBound: boolean = false;
  /** When the first call started, or the first after an outage; null: none did. */
  startedMs: number | null = null;
  readonly starts: StartTimes = new StartTimes();
  readonly floor: PaceFloor;
  private lastAmount = 1;
  private readonly options: PaceOptions;

  constructor(options: PaceOptions) {
    this.options = options;
    this.ownPerMs = options.unknownPerMs;
    this.floor = new PaceFloor(options.admissions);
  }

  /** Amount per millisecond; Infinity: unbounded. */
  get perMs(): number {
    return this.ownPerMs;
  }

  get phase(): PacePhase {
    return this.ownPhase;
  }

  /** Whether refusals have brought it down to its floor. */
  get isLow(): boolean {
    return this.floor.isReachedBy(this.perMs);
  }

  /** Sets what is known of the limit. */
  setLimit({ perMinute, origin }: KnownLimit): void {
    const perMs = perMinute === null ? null : perMinute / 60_000;
    const isLearned = origin === 'learned';
    const share = isLearned ? SHARES.learned : SHARES.bound;
    this.ownPhase = perMs === null ? 'growing' : 'ramping';
    this.ownPerMs = perMs === null ? this.options.unknownPerMs : perMs * share;
    const isBound = perMs !== null && !isLearned;
    this.boundPerMs = isBound ? this.perMs : Infinity;
    this.hasMetBound = false;
    // A learned limit is only a hint: the real one will be seen, and a floor derived from a hint that is too high might
    // exceed it.
    this.floor.setLimit(isBound ? this.perMs : 0);
  }

  /** The same while calls are made: a much higher limit is ramped up to, and the next start is rescheduled by the new pace. */
  retune(nowMs: number, known: KnownLimit): void {
    const before = this.perMs * this.rampShare(nowMs);
    this.setLimit(known);
    this.startedMs = rampStartMs(this.startedMs, nowMs, before / this.perMs, this.options.rampMs);
    this.starts.notAfter(nowMs + this.spacingMs(nowMs, this.lastAmount), nowMs);
  }

  /** Records that `amount` is spent now. */
  spend(nowMs: number, amount: number): void {
    this.startedMs ??= nowMs;
    if (amount > 0) this.lastAmount = amount;
    if (this.perMs !== Infinity) this.starts.started(nowMs, this.spacingMs(nowMs, amount));
  }

  /** Schedules the next start no later than one spacing after `fromMs`. */
  scheduleFrom(fromMs: number, nowMs: number): void {
    this.starts.notAfter(fromMs + this.lastAmount / this.perMs, nowMs);
  }

  /** Applies a decision, within floor and bound. */
  move(nowMs: number, { phase, perMs, reason, reschedulesNext }: PaceMove): void {
    this.ownPhase = phase;
    if (reason === 'refused' && this.perMs >= this.boundPerMs) this.hasMetBound = true;
    this.set(nowMs, perMs, reason);
    if (reschedulesNext === true) this.scheduleFrom(nowMs, nowMs);
  }

  /** The ramp has ended. */
  rampedUp(): void {
    this.ownPhase = 'learned';
  }

  /** A call was sent where refusals are steered for: multiplies the pace by `gain`. Too small to report. */
  steerUp(gain: number): void {
    this.ownPerMs = Math.min(this.boundPerMs, this.perMs * gain);
  }

  /**
   * A call was refused where refusals are steered for: multiplies the pace by `cut`, down to the floor. Too small to
   * report.
   */
  steerDown(nowMs: number, cut: number): void {
    this.ownPerMs = Math.max(this.perMs * cut, this.floor.perMs(nowMs, this));
  }

  /** An unbounded pace was refused: it becomes the rate admitted before `sentMs`, or `amount` per second if nothing was. */
  makeFinite(sentMs: number, amount: number): void {
    if (this.perMs === Infinity)
      this.ownPerMs = this.options.admissions.recentPerMs(sentMs, this) || amount / SECOND_MS;
  }

  /**
   * Token costs turned out to be `factor` times the estimate: rescales, or goes close to the bound, which was in true
   * tokens.
   */
  rescale(factor: number): void {
    const underBound = this.boundPerMs * SHARES.rescaled;
    this.ownPerMs = underBound === Infinity ? this.perMs * factor : underBound;
  }

  /** A closure showed what a window grants; `isSure`: a long, well-measured one, or one that repeats the last result. */
  windowReopened(nowMs: number, perMs: number, isSure: boolean): void {
    if (isSure) this.floor.lower(perMs);
    if (perMs < this.boundPerMs * SHARES.farBelow) this.hasMetBound = false;
    this.set(nowMs, perMs * SHARES.learned, 'reopened');
  }

  /** Scales the pace by `share` for a trial; may go below the floor, whose premise the trial tests. */
  scaleForTrial(nowMs: number, share: number): void {
    this.starts.notAfter(nowMs, nowMs);
    this.ownPerMs = Math.min(this.perMs * share, this.boundPerMs);
    this.options.onChange('refused');
  }

  /** Ramps up to a pace as at the start. */
  resume(nowMs: number, perMs: number): void {
    this.ownPhase = 'ramping';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.set(nowMs, perMs, 'reopened');
  }

  /** Starts over as with an unknown limit. */
  restart(nowMs: number): void {
    this.ownPhase = 'growing';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.ownPerMs = this.options.unknownPerMs;
    this.options.onChange('reopened');
  }

  /** The share of the pace that the ramp has reached. */
  rampShare(nowMs: number): number {
    return rampShare(this.rampedForMs(nowMs), this.options.rampMs);
  }

  /** Sets the pace, between its floor (for cuts) and its bound. */
  private set(nowMs: number, perMs: number, reason: RateReason): void {
    const before = this.perMs;
    const least = perMs < before ? this.floor.perMs(nowMs, this) : 0;
    this.ownPerMs = Math.min(Math.max(perMs, least, this.lastAmount / SLOWEST_MS), this.boundPerMs);
    if (this.perMs !== before) this.options.onChange(reason);
  }

  /** How long the pace takes for `amount` from now on. */
  private spacingMs(nowMs: number, amount: number): number {
    return rampedMs(amount / this.perMs, this.rampedForMs(nowMs), this.options.rampMs);
  }

  /** How long the ramp has been climbing; Infinity: there is none. */
  private rampedForMs(nowMs: number): number {
    return this.phase === 'ramping' ? nowMs - (this.startedMs ?? nowMs) : Infinity;
  }
}
