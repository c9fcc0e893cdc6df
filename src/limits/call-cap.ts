import { LatencyCap } from './latency-cap.ts';

/** `auto`: 1.5 × rate × latency, between these bounds. */
const AUTO_LEAST = 64;
/** Upper bound of `auto`, set by memory and sockets, not by the service. */
const AUTO_CALLS_MAX = 8000;
const AUTO_SHARE = 1.5;
/** Too many failures in a second: at least this many calls, and this share of all that ended. */
const FAILED = { least: 3, share: 0.1 } as const;
const CUT = 0.7;
const RECOVERY = 1.1;

/** What one second showed. */
export type SecondTotals = {
  /** Peak of calls in flight: if they all fail together, hardly any are left at the end. */
  readonly activeMost: number;
  /** Calls in flight that rate × latency requires. */
  readonly needed: number;
  readonly ended: number;
  /** Ended with a server error, no capacity, or a timeout. */
  readonly failed: number;
  /** Ended with an answer. A rejected or throttled call is none, and takes hardly any time. */
  readonly answered: number;
  /** Median latency of the answers; null: no answers. */
  readonly latencyMs: number | null;
  /** Whether a limit is known or was reached: then the pace keeps to it, and latency is no signal. */
  readonly isLimited: boolean;
};

/** A self-hosted server (vLLM and the like). `timeoutMs`: time limit of a call. */
export type OwnServer = { readonly timeoutMs: number };

export type CapReason = 'failures' | 'latency' | 'recovered';

/**
 * Cap on calls in flight: a safety cap, since quotas are paced by rate. When many calls fail at the service, it falls by 30 %
 * a second and recovers by 10 %. For an `ownServer`, whose latency rises with its load, latency steers it as well, if it is
 * `auto` and no limit is known, or the known limit has proved to be more than the server answers in time.
 */
export class CallCap {
  private setting: number | 'auto';
  private auto: number = AUTO_LEAST;
  private failureCap = Infinity;
  private bound = Infinity;
  private isLimited = false;
  /** Calls that timed out in this second. */
  private timedOut = 0;
  /** Whether many ever did: the known limit then says nothing about what the server can do. */
  private isTooSlow = false;
  private readonly latencyCap: LatencyCap | null;

  constructor(setting: number | 'auto', ownServer: OwnServer | null) {
    this.setting = setting;
    this.latencyCap = ownServer === null ? null : new LatencyCap(ownServer.timeoutMs);
  }

  get value(): number {
    const latencyBound = this.isSteeredByLatency ? (this.latencyCap?.value ?? Infinity) : Infinity;
    return Math.max(1, Math.round(Math.min(this.most, this.failureCap, latencyBound, this.bound)));
  }

  private get most(): number {
    return this.setting === 'auto' ? this.auto : this.setting;
  }

  /** Whether latency steers: a number that was set by hand is kept. */
  private get isSteeredByLatency(): boolean {
    return (
      this.latencyCap !== null && this.setting === 'auto' && (!this.isLimited || this.isTooSlow)
    );
  }

  set(setting: number | 'auto'): void {
    this.setting = setting;
  }

  /** Upper bound, whatever is set. */
  setBound(bound: number): void {
    this.bound = bound;
  }

  /** A call timed out and will be retried. */
  noteTimeout(): void {
    this.timedOut += 1;
  }

  /** Evaluates a second that has ended. Returns why the cap was moved; null: by need alone. */
  evaluate(second: SecondTotals): CapReason | null {
    this.auto = Math.min(AUTO_CALLS_MAX, Math.max(AUTO_LEAST, second.needed * AUTO_SHARE));
    this.isLimited = second.isLimited;
    const byFailures = this.evaluateFailures(second);
    this.isTooSlow ||= byFailures === 'failures' && this.timedOut >= FAILED.least;
    this.timedOut = 0;
    const wasCut = this.isSteeredByLatency && this.latencyCap?.evaluate(second) === true;
    return byFailures ?? (wasCut ? 'latency' : null);
  }

  private evaluateFailures({ activeMost, ended, failed }: SecondTotals): CapReason | null {
    if (failed >= FAILED.least && failed >= ended * FAILED.share) {
      this.failureCap = Math.max(1, Math.min(this.failureCap, activeMost) * CUT);
      return 'failures';
    }
    if (this.failureCap === Infinity) return null;
    this.failureCap = this.failureCap * RECOVERY + 1;
    if (this.failureCap >= this.most) this.failureCap = Infinity;
    return 'recovered';
  }
}
