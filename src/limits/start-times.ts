/**
 * How many milliseconds' worth of missed starts may be caught up: more if somebody waited and the timer was late (a busy
 * machine: most of it falls into the same second of the service), less if nobody did. A timer is never later than
 * `lateMost`.
 */
const CATCH_UP_MS = { awaited: 200, idle: 50, lateMost: 1000 } as const;

/** When the next start is due in one dimension: evenly spaced, with catch-up (a GCRA). Monotonic milliseconds. */
export class StartTimes {
  private dueMs = 0;
  /** The due time that somebody waits for. */
  private awaitedMs = -1;

  /** When the next start is due; asked by the caller that would start then. */
  nextMs(nowMs: number): number {
    if (this.dueMs > nowMs) this.awaitedMs = this.dueMs;
    return this.dueMs;
  }

  /** Records a start; the next is due `spacingMs` after this one was due. */
  started(nowMs: number, spacingMs: number): void {
    const isLate = this.awaitedMs === this.dueMs && nowMs - this.dueMs < CATCH_UP_MS.lateMost;
    const missedMs = isLate ? CATCH_UP_MS.awaited : CATCH_UP_MS.idle;
    this.dueMs = Math.max(this.dueMs, nowMs - missedMs) + spacingMs;
    // What should have followed meanwhile was awaited as well.
    if (isLate) this.awaitedMs = this.dueMs;
  }

  /** Nothing is due before `ms`. */
  notBefore(ms: number): void {
    this.dueMs = Math.max(this.dueMs, ms);
  }

  /** A start took nothing after all: the next is due that much earlier. */
  refund(spacingMs: number, nowMs: number): void {
    this.dueMs = Math.max(Math.min(this.dueMs, nowMs), this.dueMs - spacingMs);
  }

  /** The next start is due no later than `ms`, but not before `nowMs`. */
  notAfter(ms: number, nowMs: number): void {
    this.dueMs = Math.max(nowMs, Math.min(this.dueMs, ms));
  }
}
