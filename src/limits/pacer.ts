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
 * Where several calls failed at the service the lane is eased: by a tenth, at most once a second, down to a tenth of the
 * pace. After `afterMs` it regains 3 % of that per second, at most `secondsMost` seconds' worth at once.
 */
const EASED = { factor: 0.9, least: 0.1, recovery: 1.03, afterMs: 2000, secondsMost: 30 } as const;

export type Dimension = 'requests' | 'tokens' | 'lane';
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
  readonly requests: Rate;
  readonly tokens: Rate;
  private limits: PaceLimits;
  private readonly ratio: TokenRatio = new TokenRatio();
  private readonly log: StartLog = new StartLog();
  private readonly onChange: OnChange;
  private readonly held: HeldUp = new HeldUp();
  pausedUntilMs = 0;
  /** A call not refused for this long is presumed admitted. */
  refusalMs: number = PRESUMED_MS.first;
  private refusalSeen = false;
  /** Tokens that answers used beyond their estimates, not yet paid off by later calls; negative: credit. */
  private debtTokens = 0;
  /** The eased lane's share of the pace; 1: not eased. */
  private eased = 1;
  /** When it was last eased or partly recovered. */
  private easedMs = -Infinity;
  /** Earliest next start of an eased lane. */
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
      this.nextEasedMs,
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
    if (this.eased < 1) this.nextEasedMs = nowMs + 1 / (this.requests.perMs * this.eased);
    return cost;
  }

  /** Records the actual cost of an answered call that was estimated at `tokens` and expected to take `cost`. */
  settle(tokens: number, cost: number, actualTokens: number): void {
    const wasSettled = this.ratio.isSettled;
    this.ratio.learn(tokens, actualTokens);
    // What was learned earlier was in unverified estimates.
    if (!wasSettled && this.ratio.isSettled) this.tokens.recount(this.ratio.value);
    this.debtTokens += actualTokens - cost;
  }

  /** A call started at `sentMs` was certainly admitted. */
  admitted(nowMs: number, sentMs: number): void {
    this.held.replied(nowMs);
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
    // It took nothing: what follows a large call must not wait for what that call would have taken.
    if (this.isLarge(cost)) this.tokens.dueWithin(nowMs, LARGE_MS);
  }

  /** A call was rejected for its content: it took nothing of the limits and says nothing about them. */
  forget(nowMs: number, { sentMs, cost }: { sentMs: number; cost: number }): void {
    this.log.withdrawn(sentMs, cost);
    this.requests.forget(nowMs, sentMs, 1);
    this.tokens.forget(nowMs, sentMs, cost);
  }

  /** A call was held up on the way and arrived in a used-up second: it says nothing, like all that arrives in that second. */
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

  /** Whether the pace takes some seconds for a call of that cost. */
  isLarge(cost: number): boolean {
    return cost / this.tokens.perMs >= LARGE_MS;
  }

  /** Calls started from `sinceMs` until before `untilMs` that were refused or are presumed admitted. */
  startedBetween(sinceMs: number, at: { nowMs: number; untilMs: number }): Started {
    return this.log.betweenEnded(sinceMs, Math.min(at.untilMs, at.nowMs - this.refusalMs));
  }

  /** The service is short of capacity or failed: slows the lane for a while. */
  ease(nowMs: number): void {
    if (nowMs - this.easedMs < SECOND_MS) return;
    this.easedMs = nowMs;
    this.eased = Math.max(EASED.least, this.eased * EASED.factor);
    this.onChange('lane', 'capacity');
  }

  /** Failures at the service turned out to be independent of the pace: back to full pace. */
  easeNoMore(): void {
    if (this.eased === 1) return;
    this.eased = 1;
    this.nextEasedMs = 0;
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

  /** Restores an eased lane with each start, by the time that has passed. */
  private recover(nowMs: number): void {
    const passedMs = nowMs - this.easedMs - EASED.afterMs;
    if (this.eased === 1 || passedMs < 0) return;
    this.easedMs = nowMs - EASED.afterMs + SECOND_MS;
    // By time, not by calls: a lane of one call in minutes recovers as fast as a busy one.
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
