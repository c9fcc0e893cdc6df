/** Backoff of the whole service while it is unreachable: doubles from the first value to the second. */
const PAUSE_MS = { least: 250, most: 10_000 } as const;

/** Maximum concurrent probes after a backoff: otherwise all calls would hit the service, or a proxy, at the same time. */
const PROBES_MOST = 8;

/**
 * Whether the service can be reached at all: a circuit breaker for connections. While none can be made, everything pauses
 * with exponential backoff, then a few calls probe; the first that connects lets the others follow, and a reply of any kind
 * closes the breaker.
 */
export class ConnectionBreaker {
  pausedUntilMs = 0;
  reason: string | null = null;
  private sinceMs: number | null = null;
  private pauseMs = 0;
  /** No connection was made since the last failure to connect. */
  private isOpen = false;
  /** Probes in flight. */
  private readonly probes = new Set<object>();

  /** A call could not be sent. Returns the pause, in milliseconds. */
  failed(nowMs: number, reason: string): number {
    this.reason = reason;
    this.sinceMs ??= nowMs;
    this.isOpen = true;
    // Calls that failed together count as one failure.
    if (nowMs < this.pausedUntilMs) return this.pausedUntilMs - nowMs;
    this.pauseMs = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.least, this.pauseMs * 2));
    this.pausedUntilMs = nowMs + this.pauseMs;
    return this.pauseMs;
  }

  /** Whether another call may start as far as the service is concerned; if not, the end of one makes room. */
  get mayStart(): boolean {
    return !this.isOpen || this.probes.size < PROBES_MOST;
  }

  started(call: object): void {
    if (this.isOpen) this.probes.add(call);
  }

  ended(call: object): void {
    this.probes.delete(call);
  }

  /**
   * A call has a connection; `replied`: a reply has begun as well. Returns whether others were kept from starting until
   * now.
   */
  reached(replied: boolean): boolean {
    if (replied) {
      this.sinceMs = null;
      this.pauseMs = 0;
    }
    if (!this.isOpen) return false;
    const wereBlocked = !this.mayStart;
    this.isOpen = false;
    this.probes.clear();
    return wereBlocked;
  }

  /** Nothing could be tried in the last `pausedMs`: that time does not count. */
  paused(nowMs: number, pausedMs: number): void {
    if (this.sinceMs !== null) this.sinceMs = Math.min(nowMs, this.sinceMs + pausedMs);
  }

  /** For how long no connection could be made, up to now, in milliseconds; 0: the last attempt connected. */
  openForMs(nowMs: number): number {
    return this.isOpen ? this.forMs(nowMs) : 0;
  }

  /** For how long no call could be sent, in milliseconds. */
  forMs(nowMs: number): number {
    return this.sinceMs === null ? 0 : nowMs - this.sinceMs;
  }
}
