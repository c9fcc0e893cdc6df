import type { FailureClass } from '../failure.ts';
import { KNOWN_COSTS } from './known-costs.ts';
import type { LimitOrigin, PaceLimits } from './pace-limits.ts';
import { Rate } from './rate.ts';
import type { RateReason } from './rate-reason.ts';
import type { RateState } from './rate-state.ts';
import { spreadCosts } from './spread-costs.ts';
import { type Started, StartLog } from './start-log.ts';
import { TokenRatio } from './token-ratio.ts';

/** An unknown limit is felt for: five a second at first. */
const UNKNOWN_START_PER_MS = 5 / 1000;
const SECOND_MS = 1000;
/** Longest that the service's own hint holds up a lane. */
const PAUSE_MS_MAX = 60_000;
/** A call that was not refused for twice as long as refusals take is taken to be admitted: for so long at the least and at the most. `first`: until a refusal was seen. */
const PRESUMED_MS = { least: 200, first: 1000, most: 5000 } as const;
/** What answers took beyond what they were taken to cost is a debt: each later call pays off so much of its own cost. */
const DEBT_SHARE = 0.01;
/** A call is large where the pace of tokens takes so long for it. */
const LARGE_MS = 5000;
/**
 * Where several calls failed at the service the lane is eased: nine tenths of what it was, once a second at the most, down to
 * a tenth of the pace. From `afterMs` later on it gets 3 % of that back a second; of `secondsMost` at once at the most.
 */
const EASED = { factor: 0.9, least: 0.1, recovery: 1.03, afterMs: 2000, secondsMost: 30 } as const;

export type Dimension = 'requests' | 'tokens' | 'lane';
export type PaceReason = RateReason | 'capacity' | 'retry-after';

/** One dimension of a pace as it is now; a minute. `limit`: what is known or learned; null: nothing. */
export type PaceOfDimension = {
  readonly perMinute: number | null;
  readonly limit: number | null;
  readonly origin: LimitOrigin | null;
};

export type PacerOptions = {
  readonly limits: PaceLimits;
  onChange?(dimension: Dimension, reason: PaceReason): void;
};

/**
 * The pace of one lane (one model at one endpoint): evenly spaced starts in two dimensions, requests
 * and tokens. Mutable; owned by its lane; every time comes in as `nowMs` (monotonic).
 */
export class Pacer {
  readonly requests: Rate;
  readonly tokens: Rate;
  private limits: PaceLimits;
  private readonly ratio: TokenRatio = new TokenRatio();
  private readonly log: StartLog = new StartLog();
  private readonly onChange: NonNullable<PacerOptions['onChange']>;
  pausedUntilMs = 0;
  /** A call that was not refused for so long is taken to be admitted. */
  refusalMs: number = PRESUMED_MS.first;
  private refusalSeen = false;
  /** Tokens that answers took beyond what they were taken to cost, and that no later call has paid off; below 0: credit. */
  private debtTokens = 0;
  /** The share of the pace that an eased lane has; 1: all of it. */
  private eased = 1;
  /** When it was last eased, or got a part of that back. */
  private easedMs = -Infinity;
  /** No start before this, in an eased lane. */
  private nextEasedMs = 0;

  constructor({ limits, onChange }: PacerOptions) {
    this.limits = limits;
    this.onChange = onChange ?? (() => undefined);
    const windowMs = limits.windowMs ?? SECOND_MS;
    this.requests = new Rate({
      perMinute: limits.rpm,
      origin: limits.origin?.rpm ?? 'set',
      windowMs,
      unknownPerMs: UNKNOWN_START_PER_MS,
      costs: KNOWN_COSTS,
      sent: this.log,
      admitted: (fromMs, toMs) => {
        const started = this.log.between(fromMs, toMs);
        return { amount: started.calls, ...started };
      },
      onChange: (reason) => {
        this.onChange('requests', reason);
      },
    });
    this.tokens = new Rate({
      perMinute: limits.tpm,
      origin: limits.origin?.tpm ?? 'set',
      windowMs,
      unknownPerMs: Infinity,
      costs: spreadCosts(() => this.ratio.spread),
      sent: this.log,
      admitted: (fromMs, toMs) => {
        const started = this.log.between(fromMs, toMs);
        return { amount: started.tokens, ...started };
      },
      onChange: (reason) => {
        this.onChange('tokens', reason);
      },
    });
  }

  /** Whether single calls are tried, since everything is refused. */
  get isHalfOpen(): boolean {
    return this.requests.state === 'half-open' || this.tokens.state === 'half-open';
  }

  /** When the next call may start, or when to ask again; now or earlier: at once. */
  nextStartMs(nowMs: number): number {
    return Math.max(
      this.requests.nextStartMs(nowMs, this.refusalMs),
      this.tokens.nextStartMs(nowMs, this.refusalMs),
      this.pausedUntilMs,
      this.nextEasedMs,
    );
  }

  /** Notes a start that is estimated at `tokens`. Returns what it is taken to cost, corrected by what answers said. */
  start(nowMs: number, tokens: number): number {
    this.recover(nowMs);
    const cost = tokens * this.ratio.value;
    const most = cost * DEBT_SHARE;
    const share = Math.max(-most, Math.min(most, this.debtTokens));
    this.debtTokens -= share;
    this.requests.spend(nowMs, 1);
    this.tokens.spend(nowMs, cost + share);
    this.log.started(nowMs, cost);
    if (this.eased < 1) this.nextEasedMs = nowMs + 1 / (this.requests.perMs * this.eased);
    return cost;
  }

  /** What an answer really took, of a call that was taken to cost `cost` and estimated at `tokens`. */
  settle(tokens: number, cost: number, actualTokens: number): void {
    const wasSettled = this.ratio.isSettled;
    this.ratio.learn(tokens, actualTokens);
    // What was learned before was counted in estimates that nobody had checked.
    if (!wasSettled && this.ratio.isSettled) this.tokens.recount(this.ratio.value);
    this.debtTokens += actualTokens - cost;
  }

  /** A call started at `sentMs` was admitted for certain. */
  admitted(nowMs: number, sentMs: number): void {
    this.requests.admitted(nowMs, sentMs);
    this.tokens.admitted(nowMs, sentMs);
  }

  /** The service refused a call; the code names the dimension. */
  refused(
    nowMs: number,
    why: FailureClass,
    call: { sentMs: number; cost: number; waitMs: number | null },
  ): void {
    const { sentMs, cost, waitMs } = call;
    this.log.refused(sentMs, cost);
    this.learnRefusalMs(nowMs - sentMs);
    if (waitMs !== null && waitMs > 0) this.pause(nowMs, waitMs);
    if (why === 'throttle_burst') this.requests.growthRefused(nowMs, sentMs);
    else if (why === 'throttle_tokens') this.tokens.refused(nowMs, sentMs, cost);
    else this.requests.refused(nowMs, sentMs, 1);
    if (waitMs === null || waitMs <= 0) return;
    const paused = Math.min(waitMs, PAUSE_MS_MAX);
    this.requests.paused(paused);
    this.tokens.paused(paused);
  }

  /** A call was refused for what it is: it took nothing of the limits and says nothing of them. */
  forget(nowMs: number, { sentMs, cost }: { sentMs: number; cost: number }): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.forget(nowMs, sentMs, 1);
    this.tokens.forget(nowMs, sentMs, cost);
  }

  /** Whether the pace gives a call of that cost some seconds. */
  isLarge(cost: number): boolean {
    return cost / this.tokens.perMs >= LARGE_MS;
  }

  /** A large call was refused, and took no tokens: what comes after it is not held up for what it would have taken. */
  tookNothing(nowMs: number, cost: number): void {
    if (this.isLarge(cost)) this.tokens.dueWithin(nowMs, LARGE_MS);
  }

  /** What was started from `sinceMs` on and before `untilMs`, and was refused or is taken to be admitted. */
  startedBetween(sinceMs: number, at: { nowMs: number; untilMs: number }): Started {
    return this.log.betweenEnded(sinceMs, Math.min(at.untilMs, at.nowMs - this.refusalMs));
  }

  /** The service is short of capacity or failed: called a little less often for a while. */
  ease(nowMs: number): void {
    if (nowMs - this.easedMs < SECOND_MS) return;
    this.easedMs = nowMs;
    this.eased = Math.max(EASED.least, this.eased * EASED.factor);
    this.onChange('lane', 'capacity');
  }

  /** Nothing starts before `waitMs` have passed (60 s at the most). */
  pause(nowMs: number, waitMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + Math.min(waitMs, PAUSE_MS_MAX));
    this.onChange('lane', 'retry-after');
  }

  /** Other limits from now on, in the dimensions that are named. */
  retune(nowMs: number, limits: PaceLimits, which: { rpm: boolean; tpm: boolean }): void {
    this.limits = limits;
    const { rpm, tpm, origin } = limits;
    if (which.rpm) {
      this.requests.retune(nowMs, rpm, origin?.rpm ?? 'set');
      this.onChange('requests', 'set anew');
    }
    if (which.tpm) {
      this.tokens.retune(nowMs, tpm, origin?.tpm ?? 'set');
      this.onChange('tokens', 'set anew');
    }
  }

  /** The pace now. */
  pace(): {
    requests: PaceOfDimension;
    tokens: PaceOfDimension;
    pausedUntilMs: number;
    state: RateState;
    tokenRatio: number;
  } {
    const { rpm, tpm, origin } = this.limits;
    return {
      requests: ofDimension(this.requests, rpm, origin?.rpm),
      tokens: ofDimension(this.tokens, tpm, origin?.tpm),
      pausedUntilMs: this.pausedUntilMs,
      state: this.isHalfOpen ? 'half-open' : this.requests.state,
      tokenRatio: this.ratio.value,
    };
  }

  /** At once what a slower refusal says; of faster ones 2 % each time. */
  private learnRefusalMs(tookMs: number): void {
    const seen = Math.min(PRESUMED_MS.most, Math.max(PRESUMED_MS.least, tookMs * 2));
    this.refusalMs = this.refusalSeen ? Math.max(seen, this.refusalMs * 0.98) : seen;
    this.refusalSeen = true;
  }

  /** An eased lane comes back, with each start, by the time that has passed. */
  private recover(nowMs: number): void {
    const passedMs = nowMs - this.easedMs - EASED.afterMs;
    if (this.eased === 1 || passedMs < 0) return;
    this.easedMs = nowMs - EASED.afterMs + SECOND_MS;
    // A lane of one call in minutes recovers in the time that a fast one does, not in as many calls.
    const seconds = Math.min(1 + passedMs / SECOND_MS, EASED.secondsMost);
    this.eased = Math.min(1, this.eased * EASED.recovery ** seconds);
  }
}

function ofDimension(
  rate: Rate,
  known: number | null,
  origin: LimitOrigin | undefined,
): PaceOfDimension {
  const learned = rate.learned.perMs;
  return {
    perMinute: rate.perMs === Infinity ? null : rate.perMs * 60_000,
    limit: learned === null ? known : learned * 60_000,
    origin: learned !== null ? 'learned' : known === null ? null : (origin ?? 'set'),
  };
}
