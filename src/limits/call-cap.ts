/** `auto`: between these, half as much again as rate times latency asks for. */
const AUTO_LEAST = 64;
/** The most calls in flight that `auto` allows: memory and sockets, not the service, set it. */
const AUTO_CALLS_MAX = 8000;
const AUTO_SHARE = 1.5;
/** Too many failures: at least so many calls, and so much of all that ended in a second. */
const FAILED = { least: 3, share: 0.1 } as const;
const CUT = 0.7;
const RECOVERY = 1.1;
/** Latency may rise to so much of its least before calls in flight are fewer. */
const LATENCY_TOLERANCE = 1.5;
const LATENCY_DRIFT = 1.01;
const SMOOTHING = 0.2;
const GRADIENT_LEAST = 0.5;

/** What one second has shown. */
export type Second = {
  /** Calls in flight now. */
  readonly active: number;
  /** Calls in flight that rates and latencies ask for. */
  readonly needed: number;
  readonly ended: number;
  /** Ended with an error of the service, no capacity, or no answer in time. */
  readonly failed: number;
  /** Median latency of the second's answers; null: none came. */
  readonly latencyMs: number | null;
};

export type CapReason = 'failures' | 'latency' | 'recovered';

/**
 * How many calls may be in flight: a safety cap, since quotas are paced by rate. Where many calls
 * fail at the service, the cap goes down by a third a second, and up again by a tenth; with
 * `latencySignals` (a server of one's own, whose latency rises with its load) also where the median
 * latency is half as much again as its least.
 */
export class CallCap {
  private setting: number | 'auto';
  private readonly latencySignals: boolean;
  private auto: number = AUTO_LEAST;
  private overload = Infinity;
  private gradient = Infinity;
  private leastLatencyMs = Infinity;

  constructor(setting: number | 'auto', latencySignals: boolean) {
    this.setting = setting;
    this.latencySignals = latencySignals;
  }

  get value(): number {
    const most = this.setting === 'auto' ? this.auto : this.setting;
    return Math.max(1, Math.round(Math.min(most, this.overload, this.gradient)));
  }

  set(setting: number | 'auto'): void {
    this.setting = setting;
  }

  /** Looks at a second that has ended; says why the cap was moved, null: by need alone. */
  look(second: Second): CapReason | null {
    this.auto = Math.min(AUTO_CALLS_MAX, Math.max(AUTO_LEAST, second.needed * AUTO_SHARE));
    const byFailures = this.lookAtFailures(second);
    const byLatency = this.latencySignals ? this.lookAtLatency(second) : null;
    return byFailures ?? byLatency;
  }

  private lookAtFailures({ active, ended, failed }: Second): CapReason | null {
    if (failed >= FAILED.least && failed >= ended * FAILED.share) {
      this.overload = Math.max(1, Math.min(this.overload, Math.max(active, 1)) * CUT);
      return 'failures';
    }
    if (this.overload === Infinity) return null;
    this.overload = this.overload * RECOVERY + 1;
    const most = this.setting === 'auto' ? this.auto : this.setting;
    if (this.overload < most) return 'recovered';
    this.overload = Infinity;
    return 'recovered';
  }

  private lookAtLatency({ active, latencyMs }: Second): CapReason | null {
    if (latencyMs === null) return null;
    this.leastLatencyMs = Math.min(latencyMs, this.leastLatencyMs * LATENCY_DRIFT);
    const most = this.setting === 'auto' ? this.auto : this.setting;
    const now = Math.min(this.gradient, most);
    // Calls that are not in flight say nothing about how many could be.
    if (active < now / 2) return null;
    const gradient = Math.max(
      GRADIENT_LEAST,
      Math.min(1, (this.leastLatencyMs * LATENCY_TOLERANCE) / latencyMs),
    );
    const next = now * gradient + Math.sqrt(now);
    this.gradient = Math.max(1, now + (next - now) * SMOOTHING);
    return gradient < 1 ? 'latency' : null;
  }
}
