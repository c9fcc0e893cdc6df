import type { Admissions } from './admissions.ts';
import type { SentLog } from './chance.ts';
import type { LimitOrigin } from './pace-limits.ts';
import { PaceFloor } from './pace-floor.ts';
import { rampAnewMs, rampedMs, rampShare } from './ramp.ts';
import type { RateReason } from './rate-options.ts';
import { SHARES } from './rate-shares.ts';
import { StartTimes } from './start-times.ts';

/** The slowest pace: one call in so long. */
const SLOWEST_MS = 120_000;

export type PaceParts = {
  /** Where nothing is known: what to begin with; Infinity: unbounded until it is refused. */
  readonly unknownPerMs: number;
  /** Costs are known only afterwards. */
  readonly isNoisy: boolean;
  readonly admissions: Admissions;
  readonly sent: SentLog;
  onChange(reason: RateReason): void;
};

/**
 * Evenly spaced amounts: how much a millisecond, when the next is due, and between which bounds that may move. What
 * refusals say of it is a `Rate`'s business. Times are monotonic milliseconds.
 */
export class Pace {
  perMs: number;
  /** The limit that somebody has set; Infinity: none. */
  boundPerMs: number = Infinity;
  phase: 'ramping' | 'growing' | 'learned' = 'growing';
  /** When the first call was started, or the first after an outage; null: none was. */
  startedMs: number | null = null;
  readonly starts: StartTimes = new StartTimes();
  readonly floor: PaceFloor;
  private lastAmount = 1;
  private readonly parts: PaceParts;

  constructor(parts: PaceParts) {
    this.parts = parts;
    this.perMs = parts.unknownPerMs;
    this.floor = new PaceFloor(parts.admissions, parts.sent);
  }

  /** Sets what is known of the limit; null: nothing. */
  limit(perMinute: number | null, origin: LimitOrigin): void {
    const perMs = perMinute === null ? null : perMinute / 60_000;
    const isLearned = origin === 'learned';
    const share = isLearned ? SHARES.learned : SHARES.bound;
    this.phase = perMs === null ? 'growing' : 'ramping';
    this.perMs = perMs === null ? this.parts.unknownPerMs : perMs * share;
    this.boundPerMs = perMs === null || isLearned ? Infinity : this.perMs;
    this.floor.hold(perMs === null ? 0 : this.perMs);
  }

  /** The same while calls are made: up to a much higher one by the ramp, and the next start is due as the new pace has it. */
  retune(nowMs: number, perMinute: number | null, origin: LimitOrigin): void {
    const { isNoisy } = this.parts;
    const before = this.perMs * this.rampShare(nowMs);
    this.limit(perMinute, origin);
    this.startedMs = rampAnewMs(this.startedMs, nowMs, before / this.perMs, isNoisy);
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

  /** Sets the pace, between its floor (no refusal cuts it below) and its bound. */
  set(nowMs: number, perMs: number, reason: RateReason): void {
    const before = this.perMs;
    const least = perMs < before ? this.floor.perMs(nowMs, this) : 0;
    this.perMs = Math.min(Math.max(perMs, least, this.lastAmount / SLOWEST_MS), this.boundPerMs);
    if (this.perMs !== before) this.parts.onChange(reason);
  }

  /** A closure has told what a window gives; `isSure`: a long one, which is measured well, or the same was told before. */
  told(nowMs: number, perMs: number, isSure: boolean): void {
    if (isSure && !this.parts.isNoisy) this.floor.lower(perMs);
    this.set(nowMs, perMs * SHARES.learned, 'reopened');
  }

  /** So much of the pace for a while, below the floor too: it is there for what a trial is to find out. */
  tryLower(nowMs: number, share: number): void {
    this.starts.notAfter(nowMs, nowMs);
    this.perMs = Math.min(this.perMs * share, this.boundPerMs);
    this.parts.onChange('refused');
  }

  /** Up to a pace as at the start. */
  resume(nowMs: number, perMs: number): void {
    this.phase = 'ramping';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.set(nowMs, perMs, 'reopened');
  }

  /** As at the start where nothing is known. */
  beginAnew(nowMs: number): void {
    this.phase = 'growing';
    this.startedMs = nowMs;
    this.starts.notAfter(nowMs, nowMs);
    this.perMs = this.parts.unknownPerMs;
    this.parts.onChange('reopened');
  }

  /** The share of the pace that the ramp has come to. */
  rampShare(nowMs: number): number {
    return rampShare(this.climbedMs(nowMs), this.parts.isNoisy);
  }

  /** How long the pace takes for so much from now on. */
  private spacingMs(nowMs: number, amount: number): number {
    return rampedMs(amount / this.perMs, this.climbedMs(nowMs), this.parts.isNoisy);
  }

  /** For how long the ramp has been climbed; Infinity: none is. */
  private climbedMs(nowMs: number): number {
    return this.phase === 'ramping' ? nowMs - (this.startedMs ?? nowMs) : Infinity;
  }
}
