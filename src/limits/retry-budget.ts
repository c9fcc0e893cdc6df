/** What a full budget holds, and what retries take and answers give back: as in the AWS SDKs. */
const TOKENS = 500;
const COST = { server: 5, timeout: 10 } as const;
const ANSWER_GIVES = 1;
/** An empty budget fills by itself too, so that a retry waits and never fails for it. */
const TOKENS_PER_MS = 5 / 1000;
/** Longest that a retry waits for the budget. */
const WAIT_MS_MAX = 60_000;

/**
 * Bounds how many calls are retries of calls that failed at the service, for the whole run: while it
 * is down, retries add to its load and help nobody. 500 tokens; a retry takes 5, one after a timeout
 * 10; an answer gives 1 back, and so do 200 ms. A retry that finds it empty waits until there is
 * enough, behind those that wait already.
 *
 * Source: retry quota of the AWS SDKs, standard mode (500, 5, 10, 1); there an empty one fails.
 */
export class RetryBudget {
  private tokens: number = TOKENS;
  private sinceMs = 0;

  /** Takes what a retry costs. Returns how long it must wait, in milliseconds. */
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
    this.tokens = Math.min(TOKENS, this.tokens + ANSWER_GIVES);
  }

  private refill(nowMs: number): void {
    this.tokens = Math.min(TOKENS, this.tokens + (nowMs - this.sinceMs) * TOKENS_PER_MS);
    this.sinceMs = nowMs;
  }
}
