import { LatencyCap } from './latency-cap.ts';

/** `auto`: between these, half as much again as rate times latency asks for. */
const AUTO_LEAST = 64;
/** The most calls in flight that `auto` allows: memory and sockets, not the service, set it. */
const AUTO_CALLS_MAX = 8000;
const AUTO_SHARE = 1.5;
/** Too many failures: at least so many calls, and so much of all that ended in a second. */
const FAILED = { least: 3, share: 0.1 } as const;
const CUT = 0.7;
const RECOVERY = 1.1;

/** What one second has shown. */
export type Second = {
  /** The most in flight at a time: where all of them fail together hardly any is left at the end. */
  readonly activeMost: number;
  /** Calls in flight that rates and latencies ask for. */
  readonly needed: number;
  readonly ended: number;
  /** Ended with an error of the service, no capacity, or no answer in time. */
  readonly failed: number;
  /** Ended with an answer: a refusal of a line, or of its rate, is none, and takes no time to speak of. */
  readonly answered: number;
  /** Median latency of the second's answers; null: none came. */
  readonly latencyMs: number | null;
  /** Whether a limit is known or was met: then the pace keeps to it, and latency says nothing more. */
  readonly isLimited: boolean;
};

/** A server of one's own (vLLM and the like). `timeoutMs`: the time limit of a call. */
export type OwnServer = { readonly timeoutMs: number };

export type CapReason = 'failures' | 'latency' | 'recovered';

/**
 * How many calls may be in flight: a safety cap, since quotas are paced by rate. Where many calls
 * fail at the service, the cap goes down by a third a second, and up again by a tenth; with
 * `ownServer` (one whose latency rises with its load) latency moves it too, as long as it is `auto` and no
 * limit is known, or the limit has turned out to be more than the server can answer in time.
 */
export class CallCap {
  private setting: number | 'auto';
  private auto: number = AUTO_LEAST;
  private overload = Infinity;
  private bound = Infinity;
  private isLimited = false;
  /** Calls of this second that got no answer in time. */
  private timedOut = 0;
  /** Whether there were many of those: a limit that is known says nothing of what the server can do. */
  private isTooSlow = false;
  private readonly byLatency: LatencyCap | null;

  constructor(setting: number | 'auto', ownServer: OwnServer | null) {
    this.setting = setting;
    this.byLatency = ownServer === null ? null : new LatencyCap(ownServer.timeoutMs);
  }

  get value(): number {
    const guided = this.isGuided ? (this.byLatency?.value ?? Infinity) : Infinity;
    return Math.max(1, Math.round(Math.min(this.most, this.overload, guided, this.bound)));
  }

  private get most(): number {
    return this.setting === 'auto' ? this.auto : this.setting;
  }

  /** Whether latency moves it: a number that somebody set was meant. */
  private get isGuided(): boolean {
    return (
      this.byLatency !== null && this.setting === 'auto' && (!this.isLimited || this.isTooSlow)
    );
  }

  set(setting: number | 'auto'): void {
    this.setting = setting;
  }

  /** No more than this, whatever is set. */
  setBound(bound: number): void {
    this.bound = bound;
  }

  /** A call got no answer in time and is to be made again. */
  noteTimeout(): void {
    this.timedOut += 1;
  }

  /** Looks at a second that has ended; says why the cap was moved, null: by need alone. */
  look(second: Second): CapReason | null {
    this.auto = Math.min(AUTO_CALLS_MAX, Math.max(AUTO_LEAST, second.needed * AUTO_SHARE));
    this.isLimited = second.isLimited;
    const byFailures = this.lookAtFailures(second);
    this.isTooSlow ||= byFailures === 'failures' && this.timedOut >= FAILED.least;
    this.timedOut = 0;
    const wasCut = this.isGuided && this.byLatency?.look(second) === true;
    return byFailures ?? (wasCut ? 'latency' : null);
  }

  private lookAtFailures({ activeMost, ended, failed }: Second): CapReason | null {
    if (failed >= FAILED.least && failed >= ended * FAILED.share) {
      this.overload = Math.max(1, Math.min(this.overload, activeMost) * CUT);
      return 'failures';
    }
    if (this.overload === Infinity) return null;
    this.overload = this.overload * RECOVERY + 1;
    if (this.overload >= this.most) this.overload = Infinity;
    return 'recovered';
  }
}
