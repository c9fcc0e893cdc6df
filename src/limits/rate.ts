import type { LimitOrigin } from './pace-limits.ts';
import type { RateOptions, RateReason, RateState } from './rate-options.ts';
import { RefusalRun } from './refusal-run.ts';

/** A bound is used to this share, so that clocks that differ a little do no harm. */
const BOUND_SHARE = 0.99;
/** What was learned is used to this share. */
const LEARNED_SHARE = 0.985;
/** Start of a limit that is known: a quarter, all of it after four seconds (the service guards against sudden growth). */
const RAMP_START = 0.25;
const RAMP_MS = 4000;
/** Growth a second where nothing is known, and after the service has refused it. */
const GROWTH = 1.5;
const GROWTH_GUARDED = 1.2;
const BURST_CUT = 0.8;
/** A single refusal takes so much of the pace. */
const TOUCH_CUT = 0.97;
/** Feeling for more: one percent in each window, doubled every four windows. */
const PROBE_GROWTH = 0.01;
const PROBE_DOUBLING_WINDOWS = 4;
/** Calls over which a rate is measured, at the least. */
const MEASURED_CALLS = 20;
const SECOND_MS = 1000;
/** Windows that services count over. */
const WINDOWS_MS = [1000, 6000, 60_000] as const;
/** Rest between two tries for more: as many calls and as long, twice as much each time. */
const REST = { calls: 10, callsMost: 200, ms: 2000, msMost: 20_000 } as const;
/** A start that a late timer missed may be caught up, but not more than this much of them. */
const CATCH_UP_MS = 50;
/** Less time than this says nothing about a rate yet. */
const MEASURED_LEAST_MS = 250;
/** The slowest pace: one call in so long. */
const SLOWEST_MS = 120_000;

/**
 * The pace of one dimension (requests, or tokens) of one lane: evenly spaced amounts, and what is
 * known of the limit behind them. Mutable; every time comes in, monotonic milliseconds.
 *
 * *Ramping* up to a limit that is known; *growing* where none is, until the first refusal; *learned*
 * after it: close to what was admitted, feeling for more at growing intervals. While everything is
 * refused (*half-open*) single tries are made, and the first one admitted says over which window the
 * service counts and how much it gives. See docs/decisions for the reasons.
 */
export class Rate {
  perMs: number;
  windowMs: number;
  /** What was learned live, an amount a millisecond; null: the limit was not met. */
  learnedPerMs: number | null = null;
  private readonly options: RateOptions;
  private boundPerMs: number;
  private phase: 'ramping' | 'growing' | 'learned';
  private growth: number = GROWTH;
  private nextMs = 0;
  private run: RefusalRun | null = null;
  private startedMs: number | null = null;
  private reopenedMs = -Infinity;
  private lastBurstMs = -Infinity;
  private feelAtMs = Infinity;
  private lastAmount = 1;
  private rests = 0;
  /** The stretch over which it is seen whether the pace is what holds the lane up. */
  private stretch: { sinceMs: number; amount: number; calls: number } = {
    sinceMs: 0,
    amount: 0,
    calls: 0,
  };

  constructor(options: RateOptions) {
    this.options = options;
    this.windowMs = options.windowMs;
    this.boundPerMs = Infinity;
    this.perMs = options.unknownPerMs;
    this.phase = 'growing';
    this.limit(options.perMinute, options.origin);
  }

  /** Sets what is known of the limit; null: nothing. */
  limit(perMinute: number | null, origin: LimitOrigin): void {
    this.boundPerMs = Infinity;
    if (perMinute === null) {
      this.perMs = this.options.unknownPerMs;
      this.phase = 'growing';
      return;
    }
    const perMs = perMinute / 60_000;
    this.phase = 'ramping';
    if (origin === 'learned') {
      this.perMs = perMs * LEARNED_SHARE;
      this.learnedPerMs = perMs;
      return;
    }
    this.perMs = perMs * BOUND_SHARE;
    this.boundPerMs = this.perMs;
    this.learnedPerMs = null;
  }

  get state(): RateState {
    if (this.run !== null && this.run.hits > 2) return 'half-open';
    if (this.phase === 'growing' || this.phase === 'ramping') return this.phase;
    return this.perMs >= this.boundPerMs ? 'known' : 'learned';
  }

  /** When the next amount may be spent, or when to ask again. */
  nextStartMs(nowMs: number, presumedAfterMs: number): number {
    this.settleRun(nowMs, presumedAfterMs);
    this.grow(nowMs);
    return this.run === null
      ? this.nextMs
      : Math.min(this.nextMs, Math.max(nowMs, this.run.knownAtMs(presumedAfterMs)));
  }

  /** Notes that so much is spent now. */
  spend(nowMs: number, amount: number): void {
    if (this.startedMs === null) {
      this.startedMs = nowMs;
      this.stretch.sinceMs = nowMs;
    }
    this.stretch.amount += amount;
    this.stretch.calls += 1;
    if (amount > 0) this.lastAmount = amount;
    if (this.perMs === Infinity) return;
    const spacing = amount / (this.perMs * this.ramp(nowMs));
    this.nextMs = Math.max(this.nextMs, nowMs - CATCH_UP_MS) + spacing;
    if (this.run === null) return;
    this.run.started(nowMs);
    this.nextMs = Math.max(this.nextMs, nowMs + this.run.betweenMs);
  }

  /** Starts later by so many milliseconds (negative: earlier), for what answers took beyond or below the estimate. */
  shift(ms: number): void {
    this.nextMs += ms;
  }

  /** The service refused a call started at `sentMs` because of this dimension. */
  refused(nowMs: number, sentMs: number, amount: number): void {
    const spacingMs = this.perMs === Infinity ? 0 : amount / this.perMs;
    if (this.run === null) {
      this.run = new RefusalRun(nowMs, sentMs, this.perMs);
      this.cutAtOnce(nowMs, sentMs);
      return;
    }
    this.run.refused(nowMs, sentMs, spacingMs);
    this.nextMs = Math.max(this.nextMs, nowMs + this.run.betweenMs);
  }

  /** The service found the growth too sudden. */
  growthRefused(nowMs: number, sentMs: number): void {
    if (sentMs < this.lastBurstMs) return;
    this.lastBurstMs = nowMs;
    this.growth = GROWTH_GUARDED;
    const admitted = this.admittedPerMs(nowMs, SECOND_MS);
    const perMs = Math.min(this.perMs, Math.max(admitted, this.perMs / 2)) * BURST_CUT;
    if (this.phase === 'ramping') this.phase = 'growing';
    this.setPace(nowMs, perMs, 'growth refused');
    this.nextMs = Math.max(this.nextMs, nowMs + 1 / this.perMs);
  }

  /** A call started at `sentMs` was admitted for certain. */
  admitted(nowMs: number, sentMs: number): void {
    if (this.run !== null && sentMs > this.run.lastSentMs && sentMs >= this.run.knownMs)
      this.endRun(nowMs, sentMs);
  }

  private ramp(nowMs: number): number {
    if (this.phase !== 'ramping' || this.startedMs === null) return 1;
    return Math.min(1, RAMP_START + ((1 - RAMP_START) * (nowMs - this.startedMs)) / RAMP_MS);
  }

  private cutAtOnce(nowMs: number, sentMs: number): void {
    const wasGrowing = this.phase === 'growing';
    this.phase = 'learned';
    if (!wasGrowing) {
      this.setPace(nowMs, this.perMs * TOUCH_CUT, 'refused');
      return;
    }
    const admitted = this.admittedPerMs(sentMs, SECOND_MS);
    this.setPace(
      nowMs,
      admitted > 0 ? Math.min(this.perMs, admitted) * LEARNED_SHARE : this.perMs / 2,
      'refused',
    );
  }

  private settleRun(nowMs: number, presumedAfterMs: number): void {
    const endedBy = this.run?.endedBy(nowMs, presumedAfterMs) ?? null;
    if (endedBy !== null) this.endRun(nowMs, endedBy);
  }

  /** The window opened again at about `openedMs`: what it gave says how much the limit is. */
  private endRun(nowMs: number, openedMs: number): void {
    const { run } = this;
    if (run === null) return;
    this.run = null;
    const closedMs = run.lastSentMs - run.firstSentMs;
    this.learnWindow(nowMs, closedMs);
    const before = this.learnedPerMs;
    if (run.hits > 0) {
      const measured = this.measure(openedMs, run.perMs);
      this.learnedPerMs = Math.min(measured, run.perMs);
      this.setPace(nowMs, this.learnedPerMs * LEARNED_SHARE, 'reopened');
    } else {
      this.learnedPerMs = run.perMs / (1 + PROBE_GROWTH);
    }
    const changed = before === null || Math.abs(this.learnedPerMs / before - 1) > 0.15;
    this.rests = changed ? 0 : this.rests + 1;
    this.rest(nowMs);
    this.reopenedMs = openedMs;
    this.nextMs = Math.max(nowMs, Math.min(this.nextMs, openedMs + 1 / this.perMs));
  }

  private measure(openedMs: number, perMs: number): number {
    const callsPerMs = this.callsPerMs(openedMs, perMs);
    const wanted = Math.max(this.windowMs, MEASURED_CALLS / callsPerMs);
    const since = openedMs - this.reopenedMs;
    const spanMs = since >= this.windowMs ? Math.min(wanted, since) : wanted;
    return Math.max(this.admittedPerMs(openedMs, spanMs), perMs * 0.02);
  }

  private callsPerMs(nowMs: number, perMs: number): number {
    const { amount, calls } = this.options.admitted(nowMs - 60_000, nowMs);
    return calls > 0 && amount > 0 ? (perMs * calls) / amount : perMs;
  }

  private learnWindow(nowMs: number, closedMs: number): void {
    const window = WINDOWS_MS.find((one) => closedMs <= one * 1.05) ?? closedMs;
    if (window <= this.windowMs) return;
    this.windowMs = window;
    this.options.onChange(nowMs, 'window learned');
  }

  private rest(nowMs: number): void {
    const doubled = 2 ** Math.min(this.rests, 10);
    const callsPerMs = this.callsPerMs(nowMs, this.perMs);
    const ms = Math.max(
      Math.min(REST.msMost, REST.ms * doubled),
      Math.min(REST.callsMost, REST.calls * doubled) / callsPerMs,
      this.windowMs > SECOND_MS ? this.windowMs : 0,
    );
    this.feelAtMs = nowMs + ms;
  }

  private admittedPerMs(untilMs: number, spanMs: number): number {
    const fromMs = Math.max(untilMs - spanMs, this.startedMs ?? untilMs);
    const { amount } = this.options.admitted(fromMs, untilMs);
    return Math.max(0, amount) / Math.max(MEASURED_LEAST_MS, Math.min(spanMs, untilMs - fromMs));
  }

  private grow(nowMs: number): void {
    const { stretch } = this;
    const passedMs = nowMs - stretch.sinceMs;
    if (this.startedMs === null || passedMs < SECOND_MS) return;
    // Slow lanes: a stretch has at least four starts, or says nothing.
    if (stretch.calls < 4 && passedMs < (4 * SECOND_MS) / Math.min(1, this.perMs * 1000)) return;
    const used = stretch.amount / (this.perMs * this.ramp(nowMs) * passedMs);
    stretch.sinceMs = nowMs;
    stretch.amount = 0;
    stretch.calls = 0;
    if (this.phase === 'ramping' && nowMs - this.startedMs >= RAMP_MS) {
      this.phase = 'learned';
      this.rest(nowMs);
    }
    // Growth that is not used would find no limit, only surprise the service later.
    if (this.run !== null || this.perMs >= this.boundPerMs || !(used > 0.7)) return;
    this.growBy(nowMs, Math.min(passedMs, 60_000) / SECOND_MS);
  }

  private growBy(nowMs: number, seconds: number): void {
    if (this.phase === 'ramping') return;
    if (this.phase === 'growing') {
      this.setPace(nowMs, this.perMs * this.growth ** Math.min(seconds, 2), 'felt for more');
      return;
    }
    const learned = (this.learnedPerMs ?? this.perMs) * LEARNED_SHARE;
    if (this.perMs < learned * 0.995) {
      const halfway = this.perMs + (learned - this.perMs) / 2;
      const most = this.perMs * this.growth ** Math.min(seconds, 2);
      this.setPace(nowMs, Math.min(halfway, most), 'recovered');
      return;
    }
    if (nowMs < this.feelAtMs) return;
    const windows = (nowMs - this.feelAtMs) / this.windowMs;
    const perWindow = PROBE_GROWTH * 2 ** Math.min(windows / PROBE_DOUBLING_WINDOWS, 8);
    const grown = 1 + Math.min(this.growth - 1, perWindow * (SECOND_MS / this.windowMs) * seconds);
    this.setPace(nowMs, this.perMs * grown, 'felt for more');
  }

  private setPace(nowMs: number, perMs: number, reason: RateReason): void {
    const before = this.perMs;
    this.perMs = Math.min(Math.max(perMs, this.lastAmount / SLOWEST_MS), this.boundPerMs);
    if (this.perMs !== before) this.options.onChange(nowMs, reason);
  }
}
