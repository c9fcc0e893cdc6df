/** First ceiling for a line's own retries (server errors, lost connections). */
const RETRY_BASE_MS = 500;
/** Last ceiling for a line's own retries. */
const RETRY_CAP_MS = 30_000;
/** First ceiling if the cause is known to last: six attempts span one and a half to three minutes. */
const LASTING_BASE_MS = 10_000;
/** First pause of a throttled model; the vendor advises clients to wait 1 s to 60 s. */
const THROTTLE_BASE_MS = 1_000;
/** Longest pause of any kind: a throttle usually clears within a minute. */
const PAUSE_MAX_MS = 60_000;

/**
 * Delay before the next attempt of one line, in milliseconds.
 *
 * `attempt` counts the attempts made, from 1. Full jitter: uniform in
 * [0, min(30,000, 500 * 2^(attempt-1))]; a server's hint (`retryAfterMs`) is a floor, never a
 * ceiling, itself at most 60 s. `random` is in [0, 1). Never throws; the result is an integer
 * in [0, 60,000].
 *
 * Source: AWS Architecture Blog "Exponential Backoff And Jitter" (2015-03, full jitter);
 * Retry-After per RFC 9110 section 10.2.3; the clamp is qbatch's own contract (cli, throttles).
 */
export function backoffMs(attempt: number, random: number, retryAfterMs: number | null): number {
  const ceilingMs = doubling(RETRY_BASE_MS, attempt, RETRY_CAP_MS);
  return withHint(fraction(random) * ceilingMs, retryAfterMs);
}

/**
 * The same after a failure that is known to last (the service lacks capacity for batch-like traffic): the ceiling doubles
 * from 10 s to 60 s, with equal jitter, since an attempt made too early is wasted.
 *
 * Source: service contract, error codes: "capacity, not your quota: long backoff" (2026-05); the figures are qbatch's.
 */
export function lastingBackoffMs(
  attempt: number,
  random: number,
  retryAfterMs: number | null,
): number {
  return withHint(
    equalJitter(doubling(LASTING_BASE_MS, attempt, PAUSE_MAX_MS), random),
    retryAfterMs,
  );
}

/**
 * The same for failures that last unless they clear at once (the service is out of capacity): the first retry as after any
 * failure, later ones as after one known to last. Six attempts span one to two minutes.
 *
 * Source: service contract, error codes 500 and 503 for want of capacity: "treat like throttling" (2026-05), which usually
 * clears within a minute.
 */
export function shortageBackoffMs(
  attempt: number,
  random: number,
  retryAfterMs: number | null,
): number {
  return attempt > 1
    ? lastingBackoffMs(attempt - 1, random, retryAfterMs)
    : backoffMs(attempt, random, retryAfterMs);
}

/**
 * Pause of a throttled model's whole lane, in milliseconds.
 *
 * `consecutive` counts the throttles since the model last admitted a call, from 1. The ceiling
 * doubles from 1 s to 60 s; equal jitter keeps the pause in its upper half, because a lane that
 * comes back at once is throttled again. Hint, `random` and result as in `backoffMs`.
 *
 * Source: DashScope "rate limiting best practices" (2026-05: retry 429 with random exponential
 * delay, 1 s to 60 s; recovery usually within one minute); equal jitter as in the AWS post.
 */
export function throttleBackoffMs(
  consecutive: number,
  random: number,
  retryAfterMs: number | null,
): number {
  const ceilingMs = doubling(THROTTLE_BASE_MS, consecutive, PAUSE_MAX_MS);
  return withHint(equalJitter(ceilingMs, random), retryAfterMs);
}

/** A delay in the upper half of the ceiling. */
function equalJitter(ceilingMs: number, random: number): number {
  return ceilingMs / 2 + (fraction(random) * ceilingMs) / 2;
}

/** `baseMs` doubled `count - 1` times, at most `capMs`; a count below 1 or not a number is 1. */
function doubling(baseMs: number, count: number, capMs: number): number {
  const doublings = count > 1 ? Math.floor(count) - 1 : 0;
  return Math.min(capMs, baseMs * 2 ** doublings);
}

/** Clamps `random` to [0, 1], so that a broken source can neither lengthen nor cancel a pause. */
function fraction(random: number): number {
  return random > 0 ? Math.min(1, random) : 0;
}

function withHint(delayMs: number, retryAfterMs: number | null): number {
  const hintMs = retryAfterMs !== null && retryAfterMs > 0 ? retryAfterMs : 0;
  return Math.min(PAUSE_MAX_MS, Math.max(Math.floor(delayMs), Math.ceil(hintMs)));
}
