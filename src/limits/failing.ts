/** Fewer calls than this that failed say nothing of the service. */
const CALLS_LEAST = 20;

/**
 * Whether all calls fail at the service, by errors of its own or broken connections: each of them uses
 * up an attempt of its line, and a job's lines would fail one after the other as long as it lasts.
 */
export class Failing {
  /** The code of the last call that failed. */
  code: string | null = null;
  private sinceMs: number | null = null;
  private calls = 0;

  /** A call failed at the service. */
  failed(nowMs: number, code: string): void {
    this.sinceMs ??= nowMs;
    this.calls += 1;
    this.code = code;
  }

  /** A call was answered, or refused for what it was. */
  worked(): void {
    this.sinceMs = null;
    this.calls = 0;
  }

  /** Nothing could be tried for so long until now: that does not count. */
  paused(nowMs: number, pausedMs: number): void {
    if (this.sinceMs !== null) this.sinceMs = Math.min(nowMs, this.sinceMs + pausedMs);
  }

  /** For how long every call has failed, in milliseconds. */
  forMs(nowMs: number): number {
    return this.sinceMs === null || this.calls < CALLS_LEAST ? 0 : nowMs - this.sinceMs;
  }
}
