/** Capacity of the budget, cost of a retry, and what an answer returns: as in the AWS SDKs. */
const TOKENS = 500;
const COST = { server: 5, timeout: 10 } as const;
const ANSWER_RETURNS = 1;
/** An empty budget also refills with time, so that a retry waits instead of failing. */
const TOKENS_PER_MS = 5 / 1000;
/** Longest time that a retry waits for the budget. */
const WAIT_MS_MAX = 60_000;

/**
 * A token bucket that bounds retries of calls that failed at the service, for the whole run: while the service is down,
 * retries only add load. Holds 500 tokens; a retry costs 5, after a timeout 10; an answer returns 1, and so do 200 ms. A
 * retry that finds it empty waits until there is enough, behind those already waiting.
 *
 * Source: retry quota of the AWS SDKs, standard mode (500, 5, 10, 1); there, a retry that finds it empty fails.
 */
export class RetryBudget {
  private tokens: number = TOKENS;
  private sinceMs = 0;

  /** Takes the cost of a retry. Returns how long the retry must wait, in milliseconds. */
  take(nowMs: number, after: keyof typeof COST): number {
    this.refill(nowMs);
    this.tokens -= COST[after];
    if (this.tokens >= 0) return 0;
    const waitMs = -this.tokens / TOKENS_PER_MS;
    if (waitMs <= WAIT_MS_MAX) return waitMs;
    this.tokens = -WAIT_MS_MAX * TOKENS_PER_MS;
    return WAIT_MS_MAX;
  }

  /** A call was answered. */
  answered(): void {
    this.tokens = Math.min(TOKENS, this.tokens + ANSWER_RETURNS);
  }

  private refill(nowMs: number): void {
    this.tokens = Math.min(TOKENS, this.tokens + (nowMs - this.sinceMs) * TOKENS_PER_MS);
    this.sinceMs = nowMs;
  }
}
