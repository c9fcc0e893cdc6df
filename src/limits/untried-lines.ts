/** This many failures in a row, with no more calls in flight, mean that the service is down and not just a few lines. */
const FAILED_LEAST = 20;
/** Gap between tries of untried lines; doubles from the first value to the second. */
const GAP_MS = { least: 500, most: 5000 } as const;

/**
 * Holds back untried lines while every call of their model fails at the service: each would use up its attempts (two, if
 * they may have been billed) in an outage that is over in a minute, such as a server restart behind a gateway. One untried
 * line probes now and then; lines already tried follow their own backoff. Mutable; owned by a lane.
 *
 * States: *open*, and *out* from the twentieth failure in a row until a call works. Not while more calls are in flight than
 * have failed, since those may yet be answered: where answers take minutes, hundreds are in flight, and one in twenty that
 * fails at once is no outage.
 */
export class UntriedLines {
  /** When the next untried line may start; -Infinity: *open*. */
  nextMs: number = -Infinity;
  private failures = 0;
  private gapMs: number = GAP_MS.least;

  /** A call failed at the service while `inFlight` calls, itself included, were in flight. */
  failed(nowMs: number, inFlight: number): void {
    this.failures += 1;
    if (this.isHolding || this.failures < FAILED_LEAST || this.failures < inFlight) return;
    this.nextMs = nowMs + this.gapMs;
  }

  /** A call was answered, or rejected for its content. */
  worked(): void {
    this.failures = 0;
    this.gapMs = GAP_MS.least;
    this.nextMs = -Infinity;
  }

  /** An untried line starts. */
  started(nowMs: number): void {
    if (!this.isHolding) return;
    this.gapMs = Math.min(GAP_MS.most, this.gapMs * 2);
    this.nextMs = nowMs + this.gapMs;
  }

  private get isHolding(): boolean {
    return this.nextMs !== -Infinity;
  }
}
