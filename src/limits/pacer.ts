import type { FailureClass } from '../failure.ts';
import type { Costs } from './costs.ts';
import { DelayedCalls } from './delayed-calls.ts';
import { KNOWN_COSTS } from './known-costs.ts';
import type { RateReason, RateState } from './pace.ts';
import type { KnownLimit, LimitOrigin, PaceLimits, Retuning } from './pace-limits.ts';
import { RateController } from './rate-controller.ts';
import { estimatedCosts } from './estimated-costs.ts';
import { type StartCounts, StartLog } from './start-log.ts';
import { TokenRatio } from './token-ratio.ts';

const SECOND_MS = 1000;
/** Longest pause of a lane on the service's Retry-After. */
const PAUSE_MS_MAX = 60_000;
/**
 * A call not refused within twice the usual refusal time is presumed admitted: at least and at most this long. `first`:
 * before any refusal was seen.
 */
const PRESUMED_MS = { least: 200, first: 1000, most: 5000 } as const;
/** Tokens used beyond the estimates are a debt: each later call pays off this share of its own cost. */
const DEBT_SHARE = 0.01;
/** A call is large if the token pace takes this long for it. */
const LARGE_MS = 5000;
/**
 * Where several calls failed at the service the lane is slowed down: by a tenth, at most once a second, down to a tenth of the
 * pace. After `afterMs` it regains 3 % of that per second, at most `secondsMost` seconds' worth at once.
 */
const SLOWDOWN = {
  factor: 0.9,
  least: 0.1,
  recovery: 1.03,
  afterMs: 2000,
  secondsMost: 30,
} as const;

export type Dimension = 'requests' | 'tokens' | 'lane';
/** `held up`: calls were delayed on the way (`DelayedCalls`); ledgers store these words. */
export type PaceReason = RateReason | 'capacity' | 'retry-after' | 'held up';

/** The current pace of one dimension, per minute. `limit`: known or learned; null: unknown. */
export type PaceOfDimension = {
  readonly perMinute: number | null;
  readonly limit: number | null;
  readonly origin: LimitOrigin | null;
};

type OnChange = (dimension: Dimension, reason: PaceReason) => void;

/**
 * The pace of one lane (one model at one endpoint): evenly spaced starts in two dimensions, requests and tokens. Mutable;
 * owned by its lane; every time is passed in as `nowMs` (monotonic).
 */
export class Pacer {
  readonly requests: RateController;
  readonly tokens: RateController;
  private limits: PaceLimits;
  private readonly ratio: TokenRatio = new TokenRatio();
  private readonly log: StartLog = new StartLog();
  private readonly onChange: OnChange;
  private readonly delayedCalls: DelayedCalls = new DelayedCalls();
  pausedUntilMs = 0;
  /** A call not refused for this long is presumed admitted. */
  refusalMs: number = PRESUMED_MS.first;
  private refusalSeen = false;
  /** Tokens that answers used beyond their estimates, not yet paid off by later calls; negative: credit. */
  private debtTokens = 0;
  /** The share of the pace at which a slowed lane starts calls; 1: not slowed. */
  private slowdownShare = 1;
  /** When it was last slowed or partly recovered. */
  private slowdownMs = -Infinity;
  /** Earliest next start of a slowed lane. */
  private nextSlowedMs = 0;

  constructor(limits: PaceLimits, onChange: OnChange = () => undefined) {
    this.limits = limits;
    this.onChange = onChange;
    const rate = (dimension: 'requests' | 'tokens', costs: Costs): RateController =>
      new RateController({
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
      estimatedCosts(() => this.ratio.spread),
    );
  }

  /** Whether everything is refused, so that only single calls are tried. */
  get isHalfOpen(): boolean {
    return this.requests.state === 'half-open' || this.tokens.state === 'half-open';
  }

  /** When the next call may start, or when to ask again; now or earlier: at once. */
  nextStartMs(nowMs: number): number {
    return Math.max(
      this.requests.nextStartMs(nowMs, this.refusalMs),
      this.tokens.nextStartMs(nowMs, this.refusalMs),
      this.pausedUntilMs,
      this.nextSlowedMs,
    );
  }

  /** Records a start estimated at `tokens`. Returns its expected cost, the estimate corrected by answers so far. */
  start(nowMs: number, tokens: number): number {
    this.recover(nowMs);
    const cost = tokens * this.ratio.value;
    const most = cost * DEBT_SHARE;
    const share = Math.max(-most, Math.min(most, this.debtTokens));
    this.debtTokens -= share;
    this.requests.spend(nowMs, 1);
    this.tokens.spend(nowMs, cost + share);
    this.log.started(nowMs, cost);
    if (this.slowdownShare < 1)
      this.nextSlowedMs = nowMs + 1 / (this.requests.perMs * this.slowdownShare);
    return cost;
  }

  /** Records the actual cost of an answered call that was estimated at `tokens` and expected to take `cost`. */
  settle(tokens: number, cost: number, actualTokens: number): void {
    const wasSettled = this.ratio.isSettled;
    this.ratio.learn(tokens, actualTokens);
    // What was learned earlier was in unverified estimates.
    if (!wasSettled && this.ratio.isSettled) this.tokens.rescale(this.ratio.value);
    this.debtTokens += actualTokens - cost;
  }

  /** A call started at `sentMs` was certainly admitted. */
  admitted(nowMs: number, sentMs: number): void {
    this.delayedCalls.replied(nowMs);
    this.requests.admitted(nowMs, sentMs);
    this.tokens.admitted(nowMs, sentMs);
  }

  /** The service refused a call; the error code names the dimension. */
  refused(
    nowMs: number,
    why: FailureClass,
    call: { sentMs: number; cost: number; waitMs: number | null },
  ): void {
    const { sentMs, cost, waitMs } = call;
    if (this.delayedCalls.refused(nowMs, sentMs)) return this.delayed(nowMs, call);
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
    // It took nothing: what follows a large call must not wait for what that call would have taken.
    if (this.isLarge(cost)) this.tokens.dueWithin(nowMs, LARGE_MS);
  }

  /** A call was rejected for its content: it took nothing of the limits and says nothing about them. */
  withdraw(nowMs: number, { sentMs, cost }: { sentMs: number; cost: number }): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.withdraw(nowMs, sentMs, 1);
    this.tokens.withdraw(nowMs, sentMs, cost);
  }

  /** A call was delayed on the way and arrived in a used-up second: it says nothing, like all that arrives in that second. */
  private delayed(
    nowMs: number,
    { sentMs, cost, waitMs }: { sentMs: number; cost: number; waitMs: number | null },
  ): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.withdraw(nowMs, sentMs, 0);
    this.tokens.withdraw(nowMs, sentMs, 0);
    const untilMs = nowMs + Math.max(SECOND_MS, Math.min(waitMs ?? 0, PAUSE_MS_MAX));
    if (untilMs <= this.pausedUntilMs) return;
    if (this.pausedUntilMs <= nowMs) this.onChange('lane', 'held up');
    this.pausedUntilMs = untilMs;
  }

  /** Whether the pace takes some seconds for a call of that cost. */
  isLarge(cost: number): boolean {
    return cost / this.tokens.perMs >= LARGE_MS;
  }

  /** Calls started from `sinceMs` until before `untilMs` that were refused or are presumed admitted. */
  startedBetween(sinceMs: number, at: { nowMs: number; untilMs: number }): StartCounts {
    return this.log.betweenComplete(sinceMs, Math.min(at.untilMs, at.nowMs - this.refusalMs));
  }

  /** The service is short of capacity or failed: slows the lane for a while. */
  slowDown(nowMs: number): void {
    if (nowMs - this.slowdownMs < SECOND_MS) return;
    this.slowdownMs = nowMs;
    this.slowdownShare = Math.max(SLOWDOWN.least, this.slowdownShare * SLOWDOWN.factor);
    this.onChange('lane', 'capacity');
  }

  /** Failures at the service turned out to be independent of the pace: back to full pace. */
  endSlowdown(): void {
    if (this.slowdownShare === 1) return;
    this.slowdownShare = 1;
    this.nextSlowedMs = 0;
    this.onChange('lane', 'recovered');
  }

  /** Applies new limits in the dimensions that `changed` names. */
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

  /** The current pace. */
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

  /** Follows slower refusals at once, faster ones by 2 % each. */
  private learnRefusalMs(tookMs: number): void {
    const seen = Math.min(PRESUMED_MS.most, Math.max(PRESUMED_MS.least, tookMs * 2));
    this.refusalMs = this.refusalSeen ? Math.max(seen, this.refusalMs * 0.98) : seen;
    this.refusalSeen = true;
  }

  /** Restores a slowed lane with each start, by the time that has passed. */
  private recover(nowMs: number): void {
    const passedMs = nowMs - this.slowdownMs - SLOWDOWN.afterMs;
    if (this.slowdownShare === 1 || passedMs < 0) return;
    this.slowdownMs = nowMs - SLOWDOWN.afterMs + SECOND_MS;
    // By time, not by calls: a lane of one call in minutes recovers as fast as a busy one.
    const seconds = Math.min(1 + passedMs / SECOND_MS, SLOWDOWN.secondsMost);
    this.slowdownShare = Math.min(1, this.slowdownShare * SLOWDOWN.recovery ** seconds);
  }
}

function limitOf({ rpm, tpm, origin }: PaceLimits, dimension: 'requests' | 'tokens'): KnownLimit {
  return dimension === 'requests'
    ? { perMinute: rpm, origin: origin?.rpm ?? 'set' }
    : { perMinute: tpm, origin: origin?.tpm ?? 'set' };
}

function ofDimension(rate: RateController, { perMinute, origin }: KnownLimit): PaceOfDimension {
  const learned = rate.learned.perMs;
  return {
    perMinute: rate.perMs === Infinity ? null : rate.perMs * 60_000,
    limit: learned === null ? perMinute : learned * 60_000,
    origin: learned !== null ? 'learned' : perMinute === null ? null : origin,
  };
}
