/** So many calls failed one after the other, and no more are in flight: the service is out, and not a few lines. */
const FAILED_LEAST = 20;
/** Between two tries of lines that were not tried before: twice as long each time, from the first to the second. */
const GAP_MS = { least: 500, most: 5000 } as const;

/**
 * Keeps lines that were not tried yet from a service at which every call of their model fails: each would use up its
 * attempts (two, where they may have been billed) for an outage that is over in a minute, as when a server behind a gateway
 * is started anew. One such line is tried now and then; lines that were tried go on by their own pauses. Mutable; owned by a lane.
 *
 * States: *open*, and *out*, from the twentieth failure in a row until a call works. Not while more calls than have failed are in
 * flight, which may yet be answered: where answers take minutes, hundreds are, and one in twenty that fails at once is no outage.
 */
export class FreshTries {
  /** The next such line may start from then on; -Infinity: *open*. */
  nextMs: number = -Infinity;
  private failures = 0;
  private gapMs: number = GAP_MS.least;

  /** A call failed at the service; with it `inFlight` were on their way. */
  failed(nowMs: number, inFlight: number): void {
    this.failures += 1;
    if (this.isOut || this.failures < FAILED_LEAST || this.failures < inFlight) return;
    this.nextMs = nowMs + this.gapMs;
  }

  /** A call was answered, or refused for what it was. */
  worked(): void {
    this.failures = 0;
    this.gapMs = GAP_MS.least;
    this.nextMs = -Infinity;
  }

  /** A line that was not tried before starts. */
  started(nowMs: number): void {
    if (!this.isOut) return;
    this.gapMs = Math.min(GAP_MS.most, this.gapMs * 2);
    this.nextMs = nowMs + this.gapMs;
  }

  private get isOut(): boolean {
    return this.nextMs !== -Infinity;
  }
}
