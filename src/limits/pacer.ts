import type { FailureClass } from '../failure.ts';

/** Where a lane's limits come from: nothing known, or so many a minute (null: that one is unknown). */
export type PaceLimits = { readonly rpm: number | null; readonly tpm: number | null };

/** A known limit is used to this share, so that clocks that differ a little do no harm. */
const LIMIT_SHARE = 0.99;
/** Start of a known limit: a quarter, all of it after four seconds (the service guards against sudden growth). */
const RAMP_START = 0.25;
const RAMP_MS = 4000;
/** An unknown limit is felt for: five a second, half as many again each second until the first throttle. */
const UNKNOWN_START_PER_MS = 5 / 1000;
const UNKNOWN_GROWTH = 1.5;
/** After a throttle: this share of what was admitted; half the pace where nothing was. */
const CUT_SHARE = 0.98;
/**
 * Then up again: one percent a second, doubled for every four seconds without another throttle, so
 * that a real limit is touched gently and a stray refusal is soon forgotten.
 */
const PROBE_GROWTH = 0.01;
const PROBE_DOUBLING_MS = 4000;
const SECOND_MS = 1000;
/** Longest that one answer's unexpected tokens hold up its lane. */
const CORRECTION_MS_MAX = 60_000;
/** Seconds over which the admitted rate is measured. */
const MEASURED_SECONDS = 3;
/** Less than this says nothing about a rate yet. */
const MEASURED_LEAST_MS = 250;
/** The slowest a lane is ever paced: one call a minute. */
const SLOWEST_PER_MS = 1 / 60_000;
/** A start that a late timer missed may be caught up, but not more than this much of them. */
const CATCH_UP_MS = 50;

type Second = { at: number; sent: number; rejected: number; tokens: number };

/**
 * The pace of one lane (one model at one endpoint): evenly spaced starts in two dimensions, requests
 * and tokens. Mutable; owned by the limiter; every time comes in as `nowMs` (monotonic).
 *
 * States of `perMs`: *ramping* up to a known limit, *growing* from five a second where nothing is
 * known, *learned* after a throttle (what was admitted, less 2 %, then up again, ever faster, never
 * above a known limit). See docs/decisions for why a quota is paced by rate and not by concurrency.
 */
export class Pacer {
  private readonly limits: PaceLimits;
  private perMs: number;
  private tokensPerMs: number;
  private nextRequestMs = 0;
  private nextTokenMs = 0;
  private pausedUntilMs = 0;
  private startedMs: number | null = null;
  private lastGrowthMs = 0;
  private lastCutMs = -Infinity;
  private learned = false;
  private readonly seconds: Second[] = [];

  constructor(limits: PaceLimits) {
    this.limits = limits;
    this.perMs = limits.rpm === null ? UNKNOWN_START_PER_MS : (limits.rpm / 60_000) * LIMIT_SHARE;
    this.tokensPerMs = limits.tpm === null ? Infinity : (limits.tpm / 60_000) * LIMIT_SHARE;
  }

  /** When the next call may start; now or earlier: at once. */
  nextStartMs(nowMs: number): number {
    this.grow(nowMs);
    return Math.max(this.nextRequestMs, this.nextTokenMs, this.pausedUntilMs);
  }

  /** Notes a start that is expected to take `tokens`. */
  start(nowMs: number, tokens: number): void {
    this.startedMs ??= nowMs;
    const ramp = this.ramp(nowMs);
    this.nextRequestMs =
      Math.max(this.nextRequestMs, nowMs - CATCH_UP_MS) + 1 / (this.perMs * ramp);
    if (this.tokensPerMs !== Infinity) {
      this.nextTokenMs =
        Math.max(this.nextTokenMs, nowMs - CATCH_UP_MS) + tokens / (this.tokensPerMs * ramp);
    }
    const second = this.second(nowMs);
    second.sent += 1;
    second.tokens += tokens;
  }

  /** Corrects the token pace by what the answer really took; whatever it says, for a minute at the most: quotas are by the minute. */
  settle(expectedTokens: number, actualTokens: number): void {
    if (this.tokensPerMs !== Infinity)
      this.nextTokenMs += Math.min(
        (actualTokens - expectedTokens) / this.tokensPerMs,
        CORRECTION_MS_MAX,
      );
  }

  /** The service refused a call; cuts the dimension that the code names, at most once a second. */
  throttled(
    nowMs: number,
    why: FailureClass,
    refused: { tokens: number; waitMs: number | null },
  ): void {
    const second = this.second(nowMs);
    second.rejected += 1;
    second.tokens -= refused.tokens;
    if (refused.waitMs !== null) this.pause(nowMs, refused.waitMs);
    if (nowMs - this.lastCutMs < SECOND_MS) return;
    this.lastCutMs = nowMs;
    this.lastGrowthMs = nowMs;
    this.learned = true;
    const admitted = this.admittedPerMs(nowMs);
    if (why === 'throttle_tokens') {
      const first = admitted.tokens > 0 ? admitted.tokens : refused.tokens * this.perMs;
      const now = Number.isFinite(this.tokensPerMs) ? this.tokensPerMs : first;
      this.tokensPerMs = cut(now, admitted.tokens, refused.tokens * SLOWEST_PER_MS);
    } else {
      this.perMs = cut(this.perMs, admitted.calls, SLOWEST_PER_MS);
    }
  }

  /** Nothing starts before `waitMs` have passed. */
  pause(nowMs: number, waitMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, nowMs + waitMs);
  }

  /** The pace now, in calls and tokens a minute; null tokens: unbounded. */
  pace(): { rpm: number; tpm: number | null; pausedUntilMs: number } {
    return {
      rpm: this.perMs * 60_000,
      tpm: this.tokensPerMs === Infinity ? null : this.tokensPerMs * 60_000,
      pausedUntilMs: this.pausedUntilMs,
    };
  }

  private ramp(nowMs: number): number {
    if (this.startedMs === null || this.limits.rpm === null || this.learned) return 1;
    return Math.min(1, RAMP_START + ((1 - RAMP_START) * (nowMs - this.startedMs)) / RAMP_MS);
  }

  private grow(nowMs: number): void {
    if (this.startedMs === null) return;
    if (this.lastGrowthMs === 0) this.lastGrowthMs = this.startedMs;
    const passed = Math.floor((nowMs - this.lastGrowthMs) / SECOND_MS);
    if (passed <= 0) return;
    this.lastGrowthMs += passed * SECOND_MS;
    if (!this.learned && this.limits.rpm !== null) return;
    // Growth while nothing is sent would find no limit, only surprise the service later.
    if (this.admittedPerMs(nowMs).calls === 0) return;
    const growth = this.growthPerSecond(nowMs) ** passed;
    const callsMost =
      this.limits.rpm === null ? Infinity : (this.limits.rpm / 60_000) * LIMIT_SHARE;
    const tokensMost =
      this.limits.tpm === null ? Infinity : (this.limits.tpm / 60_000) * LIMIT_SHARE;
    this.perMs = Math.min(this.perMs * growth, callsMost);
    if (this.tokensPerMs !== Infinity)
      this.tokensPerMs = Math.min(this.tokensPerMs * growth, tokensMost);
  }

  private growthPerSecond(nowMs: number): number {
    if (!this.learned) return UNKNOWN_GROWTH;
    const doublings = (nowMs - this.lastCutMs) / PROBE_DOUBLING_MS;
    return Math.min(UNKNOWN_GROWTH, 1 + PROBE_GROWTH * 2 ** Math.min(doublings, 16));
  }

  private second(nowMs: number): Second {
    const at = Math.floor(nowMs / SECOND_MS);
    const last = this.seconds.at(-1);
    if (last !== undefined && last.at === at) return last;
    const fresh = { at, sent: 0, rejected: 0, tokens: 0 };
    this.seconds.push(fresh);
    if (this.seconds.length > MEASURED_SECONDS + 1) this.seconds.shift();
    return fresh;
  }

  private admittedPerMs(nowMs: number): { calls: number; tokens: number } {
    const oldest = Math.floor(nowMs / SECOND_MS) - MEASURED_SECONDS;
    let calls = 0;
    let tokens = 0;
    for (const second of this.seconds) {
      if (second.at < oldest) continue;
      calls += second.sent - second.rejected;
      tokens += second.tokens;
    }
    // The last of the seconds is not over yet.
    const spanMs = Math.max(
      MEASURED_LEAST_MS,
      nowMs - Math.max(oldest * SECOND_MS, this.startedMs ?? nowMs),
    );
    return { calls: Math.max(0, calls) / spanMs, tokens: Math.max(0, tokens) / spanMs };
  }
}

/** The pace after a refusal: what was admitted, less a little. */
function cut(perMs: number, admittedPerMs: number, slowestPerMs: number): number {
  const rate = admittedPerMs > 0 ? admittedPerMs * CUT_SHARE : perMs / 2;
  return Math.max(slowestPerMs, Math.min(perMs, rate));
}
