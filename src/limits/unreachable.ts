/** Pause of the whole service while it cannot be reached: doubles from the first to the second. */
const PAUSE_MS = { least: 250, most: 10_000 } as const;

/**
 * Whether the service can be reached at all: a circuit breaker for connections. While none can be
 * made, everything pauses, twice as long each time; a reply of any kind ends it.
 */
export class Unreachable {
  pausedUntilMs = 0;
  reason: string | null = null;
  private sinceMs: number | null = null;
  private pauseMs = 0;

  /** A call could not be sent. Returns the pause, in milliseconds. */
  failed(nowMs: number, reason: string): number {
    this.reason = reason;
    this.sinceMs ??= nowMs;
    // Calls that were refused together are one failure.
    if (nowMs < this.pausedUntilMs) return this.pausedUntilMs - nowMs;
    this.pauseMs = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, this.pauseMs * 2));
    this.pausedUntilMs = nowMs + this.pauseMs;
    return this.pauseMs;
  }

  reached(): void {
    this.sinceMs = null;
    this.pauseMs = 0;
  }

  /** Nothing could be tried for so long until now: that does not count. */
  paused(nowMs: number, pausedMs: number): void {
    if (this.sinceMs !== null) this.sinceMs = Math.min(nowMs, this.sinceMs + pausedMs);
  }

  /** For how long no call could be sent, in milliseconds. */
  forMs(nowMs: number): number {
    return this.sinceMs === null ? 0 : nowMs - this.sinceMs;
  }
}
