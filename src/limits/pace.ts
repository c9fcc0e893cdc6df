import type { Admissions } from './admissions.ts';
import type { KnownLimit } from './pace-limits.ts';
import { PaceFloor } from './pace-floor.ts';
import { rampAnewMs, rampedMs, rampShare } from './ramp.ts';
import { SHARES } from './rate-shares.ts';
import { StartTimes } from './start-times.ts';

/** The slowest pace: one call in so long. */
const SLOWEST_MS = 120_000;
const SECOND_MS = 1000;

/**
 * *Ramping*: the limit is known, and the pace climbs to it. *Growing*: nothing is known of a limit, and more is tried
 * until the first refusal. *Learned*: neither; refusals and answers move the pace a little.
 */
export type PacePhase = 'ramping' | 'growing' | 'learned';

/** Why a pace was changed. */
export type RateReason =
  | 'refused'
  | 'reopened'
  | 'growth refused'
  | 'window learned'
  | 'felt for more'
  | 'recovered'
  | 'set anew';

/** What a pace becomes, as somebody has decided: its phase, the amount a millisecond, and why. */
export type PaceMove = {
  readonly phase: PacePhase;
  readonly perMs: number;
  readonly reason: RateReason;
  /** The next start is due as this pace has it: a slow lane does not wait out what a lower one had asked for. */
  readonly isDueAnew?: boolean;
};

export type PaceParts = {
  /** As `Costs` has them. */
  readonly unknownPerMs: number;
  readonly rampMs: number;
  readonly admissions: Admissions;
  onChange(reason: RateReason): void;
};

/**
 * Evenly spaced amounts: how much a millisecond, when the next is due, and between which bounds that may move. Nobody
 * else changes these; what refusals and answers say of them, and so which method is called, is a `Rate`'s business.
 * Times are monotonic milliseconds.
 *
 * | what happens                     | what the pace becomes           | its phase           | told as                  |
 * | -------------------------------- | ------------------------------- | ------------------- | ------------------------ |
 * | a limit is set anew              | nearly that, by a ramp (2)      | ramping             | set anew                 |
 * | ... and there is none            | what is begun with              | growing             | set anew                 |
 * | the ramp is at its end           | as it was                       | learned             | -                        |
 * | used, and nothing was refused    | more, or as it was: `grownPace` | as it was           | felt for more, recovered |
 * | the first refusal of a run       | what `cutPace` leaves           | learned             | refused                  |
 * | growth is refused                | what `cutForGrowth` leaves      | growing, if ramping | growth refused           |
 * | a call goes through, or does not | a very little more, or less (1) | as it was           | -                        |
 * | a run told what a window gave    | nearly that                     | as it was           | reopened                 |
 * | a run was an outage              | what it was before, by a ramp   | ramping             | reopened                 |
 * | nothing was admitted, or known   | what is begun with              | growing             | reopened                 |
 * | refusals may come by chance      | less, or more, for a trial      | as it was           | refused                  |
 * | the trial is over                | what `paceAfterTrial` has       | growing, learned    | recovered                |
 *
 * (1) Where it is steered (`Costs.steering`). (2) Where that is more than twice what it was.
 */
export class Pace {
  private ownPerMs: number;
  private ownPhase: PacePhase = 'growing';
  /** The limit that somebody has set; Infinity: none. */
  boundPerMs: number = Infinity;
  /** When the first call was started, or the first after an outage; null: none was. */
  startedMs: number | null = null;
  readonly starts: StartTimes = new StartTimes();
  readonly floor: PaceFloor;
  private lastAmount = 1;
  private readonly parts: PaceParts;

  constructor(parts: PaceParts) {
    this.parts = parts;
    this.ownPerMs = parts.unknownPerMs;
    this.floor = new PaceFloor(parts.admissions);
  }

  /** The amount a millisecond; Infinity: unbounded. */
  get perMs(): number {
    return this.ownPerMs;
  }

  get phase(): PacePhase {
    return this.ownPhase;
  }

  /** Whether refusals have brought it as low as they may. */
  get isLow(): boolean {
    return this.floor.isReachedBy(this.perMs);
  }

  /** Sets what is known of the limit. */
  limit({ perMinute, origin }: KnownLimit): void {
    const perMs = perMinute === null ? null : perMinute / 60_000;
    const isLearned = origin === 'learned';
    const share = isLearned ? SHARES.learned : SHARES.bound;
    this.ownPhase = perMs === null ? 'growing' : 'ramping';
    this.ownPerMs = perMs === null ? this.parts.unknownPerMs : perMs * share;
    const isBound = perMs !== null && !isLearned;
    this.boundPerMs = isBound ? this.perMs : Infinity;
    // A limit that was learned is a hint: what is given is seen, and a floor below one that is too high would be above the limit.
    this.floor.hold(isBound ? this.perMs : 0);
  }

  /** The same while calls are made: up to a much higher one by the ramp, and the next start is due as the new pace has it. */
  retune(nowMs: number, known: KnownLimit): void {
    const before = this.perMs * this.rampShare(nowMs);
    this.limit(known);
    this.startedMs = rampAnewMs(this.startedMs, nowMs, before / this.perMs, this.parts.rampMs);
    this.starts.notAfter(nowMs + this.spacingMs(nowMs, this.lastAmount), nowMs);
  }

  /** Notes that so much is spent now. */
  spend(nowMs: number, amount: number): void {
    this.startedMs ??= nowMs;
    if (amount > 0) this.lastAmount = amount;
    if (this.perMs !== Infinity) this.starts.started(nowMs, this.spacingMs(nowMs, amount));
  }

  /** The next start is due as the pace has it after one of `fromMs`, and no later. */
  goOn(fromMs: number, nowMs: number): void {
    this.starts.notAfter(fromMs + this.lastAmount / this.perMs, nowMs);
  }

  /** Does what was decided, as far as floor and bound let it. */
  move(nowMs: number, { phase, perMs, reason, isDueAnew }: PaceMove): void {
    this.ownPhase = phase;
    this.set(nowMs, perMs, reason);
    if (isDueAnew === true) this.goOn(nowMs, nowMs);
  }

  /** The ramp is at its end. */
  rampedUp(): void {
    this.ownPhase = 'learned';
  }

  /** A call went through where refusals are steered for: `gain` times as much. Too little to be told. */
  steerUp(gain: number): void {
    this.ownPerMs = Math.min(this.boundPerMs, this.perMs * gain);
  }

  /** A call was refused where refusals are steered for: `cut` times as much, but no less than the floor. Too little to be told. */
  steerDown(nowMs: number, cut: number): void {
    this.ownPerMs = Math.max(this.perMs * cut, this.floor.perMs(nowMs, this));
  }

  /** An unbounded pace is refused: it becomes what was admitted before `sentMs`, or so much a second where nothing was. */
  makeFinite(sentMs: number, amount: number): void {
    if (this.perMs === Infinity)
      this.ownPerMs = this.parts.admissions.recentPerMs(sentMs, this) || amount / SECOND_MS;
  }

  /** What was counted as one is `factor`: the pace is so many times as much, or, under a bound (which was counted right), close to that. */
  recount(factor: number): void {
    const underBound = this.boundPerMs * SHARES.recounted;
    this.ownPerMs = underBound === Infinity ? this.perMs * factor : underBound;
  }

  /** A closure has told what a window gives; `isSure`: a long one, which is measured well, or the same was told before. */
  told(nowMs: number, perMs: number, isSure: boolean): void {
    if (isSure) this.floor.lower(perMs);
    this.set(nowMs, perMs * SHARES.learned, 'reopened');
  }

  /** So much of the pace for a while, below the floor too: it is there for what a trial is to find out. */
  tryLower(nowMs: number, share: number): void {
    this.starts.notAfter(nowMs, nowMs);
    this.ownPerMs = Math.min(this.perMs * share, this.boundPerMs);
    this.parts.onChange('refused');
  }

  /** Up to a pace as at the start. */
  resume(nowMs: number, perMs: number): void {
    this.ownPhase = 'ramping';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.set(nowMs, perMs, 'reopened');
  }

  /** As at the start where nothing is known. */
  beginAnew(nowMs: number): void {
    this.ownPhase = 'growing';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.ownPerMs = this.parts.unknownPerMs;
    this.parts.onChange('reopened');
  }

  /** The share of the pace that the ramp has come to. */
  rampShare(nowMs: number): number {
    return rampShare(this.climbedMs(nowMs), this.parts.rampMs);
  }

  /** Sets the pace, between its floor (no refusal cuts it below) and its bound. */
  private set(nowMs: number, perMs: number, reason: RateReason): void {
    const before = this.perMs;
    const least = perMs < before ? this.floor.perMs(nowMs, this) : 0;
    this.ownPerMs = Math.min(Math.max(perMs, least, this.lastAmount / SLOWEST_MS), this.boundPerMs);
    if (this.perMs !== before) this.parts.onChange(reason);
  }

  /** How long the pace takes for so much from now on. */
  private spacingMs(nowMs: number, amount: number): number {
    return rampedMs(amount / this.perMs, this.climbedMs(nowMs), this.parts.rampMs);
  }

  /** For how long the ramp has been climbed; Infinity: none is. */
  private climbedMs(nowMs: number): number {
    return this.phase === 'ramping' ? nowMs - (this.startedMs ?? nowMs) : Infinity;
  }
}
