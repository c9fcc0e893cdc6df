import type { FailureClass } from '../failure.ts';
import type { Costs } from './costs.ts';
import { HeldUp } from './held-up.ts';
import { KNOWN_COSTS } from './known-costs.ts';
import type { RateReason } from './pace.ts';
import type { KnownLimit, LimitOrigin, PaceLimits, Retuning } from './pace-limits.ts';
import { Rate, type RateState } from './rate.ts';
import { spreadCosts } from './spread-costs.ts';
import { type Started, StartLog } from './start-log.ts';
import { TokenRatio } from './token-ratio.ts';

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
export type PaceReason = RateReason | 'capacity' | 'retry-after' | 'held up';

/** One dimension of a pace as it is now; a minute. `limit`: what is known or learned; null: nothing. */
export type PaceOfDimension = {
  readonly perMinute: number | null;
  readonly limit: number | null;
  readonly origin: LimitOrigin | null;
};

type OnChange = (dimension: Dimension, reason: PaceReason) => void;

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
  private readonly onChange: OnChange;
  private readonly held: HeldUp = new HeldUp();
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

  constructor(limits: PaceLimits, onChange: OnChange = () => undefined) {
    this.limits = limits;
    this.onChange = onChange;
    const rate = (dimension: 'requests' | 'tokens', costs: Costs): Rate =>
      new Rate({
        limit: limitOf(limits, dimension),
        windowMs: limits.windowMs ?? SECOND_MS,
        costs,
        log: this.log,
        onChange: (reason) => {
          onChange(dimension, reason);
        },
      });
    this.requests = rate('requests', KNOWN_COSTS);
    this.tokens = rate(
      'tokens',
      spreadCosts(() => this.ratio.spread),
    );
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
    this.held.replied(nowMs);
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
    if (this.held.refused(nowMs, sentMs)) return this.heldUp(nowMs, call);
    this.log.refused(sentMs, cost);
    this.learnRefusalMs(nowMs - sentMs);
    const pausedMs = Math.min(waitMs ?? 0, PAUSE_MS_MAX);
    if (pausedMs > 0) {
      this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + pausedMs);
      this.onChange('lane', 'retry-after');
    }
    const refusal = { nowMs, sentMs, pausedMs };
    if (why === 'throttle_burst') this.requests.growthRefused(refusal);
    else if (why === 'throttle_tokens') this.tokens.refused(refusal, cost);
    else this.requests.refused(refusal, 1);
    this.requests.paused(nowMs, pausedMs);
    this.tokens.paused(nowMs, pausedMs);
    // It took nothing: what comes after a large call is not held up for what that would have taken.
    if (this.isLarge(cost)) this.tokens.dueWithin(nowMs, LARGE_MS);
  }

  /** A call was refused for what it is: it took nothing of the limits and says nothing of them. */
  forget(nowMs: number, { sentMs, cost }: { sentMs: number; cost: number }): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.forget(nowMs, sentMs, 1);
    this.tokens.forget(nowMs, sentMs, cost);
  }

  /** A call was held up on the way and came in a second that was used up: it says nothing. So is what comes in that second now. */
  private heldUp(
    nowMs: number,
    { sentMs, cost, waitMs }: { sentMs: number; cost: number; waitMs: number | null },
  ): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.forget(nowMs, sentMs, 0);
    this.tokens.forget(nowMs, sentMs, 0);
    const untilMs = nowMs + Math.max(SECOND_MS, Math.min(waitMs ?? 0, PAUSE_MS_MAX));
    if (untilMs <= this.pausedUntilMs) return;
    if (this.pausedUntilMs <= nowMs) this.onChange('lane', 'held up');
    this.pausedUntilMs = untilMs;
  }

  /** Whether the pace gives a call of that cost some seconds. */
  isLarge(cost: number): boolean {
    return cost / this.tokens.perMs >= LARGE_MS;
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

  /** Failures at the service have nothing to do with how often it is called: back to the pace. */
  easeNoMore(): void {
    if (this.eased === 1) return;
    this.eased = 1;
    this.nextEasedMs = 0;
    this.onChange('lane', 'recovered');
  }

  /** Other limits from now on, in the dimensions that `changed` names. */
  retune(nowMs: number, limits: PaceLimits, changed: Pick<Retuning, 'rpm' | 'tpm'>): void {
    this.limits = limits;
    if (changed.rpm !== undefined) {
      this.requests.retune(nowMs, limitOf(limits, 'requests'));
      this.onChange('requests', 'set anew');
    }
    if (changed.tpm !== undefined) {
      this.tokens.retune(nowMs, limitOf(limits, 'tokens'));
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
    return {
      requests: ofDimension(this.requests, limitOf(this.limits, 'requests')),
      tokens: ofDimension(this.tokens, limitOf(this.limits, 'tokens')),
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

function limitOf({ rpm, tpm, origin }: PaceLimits, dimension: 'requests' | 'tokens'): KnownLimit {
  return dimension === 'requests'
    ? { perMinute: rpm, origin: origin?.rpm ?? 'set' }
    : { perMinute: tpm, origin: origin?.tpm ?? 'set' };
}

function ofDimension(rate: Rate, { perMinute, origin }: KnownLimit): PaceOfDimension {
  const learned = rate.learned.perMs;
  return {
    perMinute: rate.perMs === Infinity ? null : rate.perMs * 60_000,
    limit: learned === null ? perMinute : learned * 60_000,
    origin: learned !== null ? 'learned' : perMinute === null ? null : origin,
  };
}
