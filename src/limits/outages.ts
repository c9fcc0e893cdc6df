import type { Lane } from './lane.ts';
import type { LimiterOptions } from './limiter-options.ts';
import { ConnectionBreaker } from './connection-breaker.ts';

/** Fewer failed calls than this say nothing about the service. */
const FAILED_LEAST = 20;
/** A check later than this was delayed: the process was stopped, or the machine slept. */
const LATE_MS = 3000;

/** What keeps all calls from being answered: no connection (`reason` says why), or an error of each (`reason`: the last, in words). */
export type Outage = {
  readonly kind: 'unreachable' | 'failing';
  readonly forMs: number;
  readonly reason: string;
};

/** Tracks for how long nothing has been admitted, and whether that exceeds what is allowed. Checked once a second. */
export class Outages {
  readonly service: ConnectionBreaker = new ConnectionBreaker();
  readonly failing: Failing = new Failing();
  private readonly options: Pick<LimiterOptions, 'maxUnreachableMs' | 'onUnreachable'>;
  private checkedMs: number | null = null;

  constructor(options: Pick<LimiterOptions, 'maxUnreachableMs' | 'onUnreachable'>) {
    this.options = options;
  }

  /** `isSuspended`: no call can start, for reasons on our side. */
  check(nowMs: number, lanes: readonly Lane[], isSuspended: boolean): void {
    this.excludePauses(nowMs, lanes, isSuspended);
    const { maxUnreachableMs, onUnreachable } = this.options;
    const trying = lanes.some((lane) => lane.hasUnrefusedCall(nowMs));
    if (!trying && this.service.forMs(nowMs) > maxUnreachableMs)
      onUnreachable(null, this.service.reason);
    else if (!trying && this.failing.forMs(nowMs) > maxUnreachableMs)
      onUnreachable(null, null, this.failing.message);
    for (const lane of lanes) {
      if (!lane.parked && lane.refusedForMs(nowMs) > maxUnreachableMs)
        onUnreachable(lane.model, lane.lastRefusalMessage);
    }
  }

  /** The current outage; null: none. */
  current(nowMs: number): Outage | null {
    const { service, failing } = this;
    const openForMs = service.openForMs(nowMs);
    if (openForMs > 0 && service.reason !== null)
      return { kind: 'unreachable', forMs: openForMs, reason: service.reason };
    const failingForMs = failing.forMs(nowMs);
    if (failingForMs === 0 || failing.message === null) return null;
    return { kind: 'failing', forMs: failingForMs, reason: failing.message };
  }

  /** Time in which nothing could be tried does not count as time in which nothing was admitted. */
  private excludePauses(nowMs: number, lanes: readonly Lane[], isSuspended: boolean): void {
    const pausedMs = nowMs - (this.checkedMs ?? nowMs);
    this.checkedMs = nowMs;
    if (pausedMs < LATE_MS && !isSuspended) return;
    this.service.paused(nowMs, pausedMs);
    this.failing.paused(nowMs, pausedMs);
    for (const lane of lanes) lane.paused(nowMs, pausedMs);
  }
}

/**
 * Detects that every call fails at the service, with server errors or broken connections. Each failure uses up an attempt,
 * so a job's lines would fail one after the other while it lasts.
 */
class Failing {
  /** What was said of the last call that failed. */
  message: string | null = null;
  private sinceMs: number | null = null;
  private calls = 0;

  /** A call failed at the service. */
  failed(nowMs: number, message: string): void {
    this.sinceMs ??= nowMs;
    this.calls += 1;
    this.message = message;
  }

  /** A call was answered, or rejected for its content. */
  worked(): void {
    this.sinceMs = null;
    this.calls = 0;
  }

  /** Nothing could be tried in the last `pausedMs`: that time does not count. */
  paused(nowMs: number, pausedMs: number): void {
    if (this.sinceMs !== null) this.sinceMs = Math.min(nowMs, this.sinceMs + pausedMs);
  }

  /** For how long every call has failed, in milliseconds. */
  forMs(nowMs: number): number {
    return this.sinceMs === null || this.calls < FAILED_LEAST ? 0 : nowMs - this.sinceMs;
  }
}
