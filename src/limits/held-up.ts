/** A refusal is late where it took so long at the least, and so many times as long as the quickest of late took. */
const LATE = { ms: 2000, times: 5 } as const;
/** The quickest is forgotten by so much with each refusal. */
const FORGET = 1.02;

/**
 * Refusals of calls that were held up on the way. A network or a service that stands still for some seconds lets go of all
 * at once what was sent meanwhile: some of it is admitted, all else is refused for the one second that it came in. That says
 * nothing of the pace at which it was sent. Where refusals take as long by themselves, calls that were sent after the first
 * such refusal came back are refused as late: these are none. Times are monotonic milliseconds.
 */
export class HeldUp {
  private quickestMs = Infinity;
  /** When the first late refusal came back, since a call was refused that was sent later and came back soon; null: none did. */
  private lateSinceMs: number | null = null;

  /** Notes a refusal that came at `nowMs`, of a call sent at `sentMs`. Returns whether that call was held up. */
  refused(nowMs: number, sentMs: number): boolean {
    const tookMs = nowMs - sentMs;
    const isSlow =
      tookMs >= LATE.ms && (this.quickestMs === Infinity || tookMs >= this.quickestMs * LATE.times);
    if (isSlow) this.lateSinceMs ??= nowMs;
    // What was sent in the last of the time came at once with the rest.
    if (this.lateSinceMs !== null && sentMs < this.lateSinceMs) return true;
    if (!isSlow) this.lateSinceMs = null;
    this.quickestMs = Math.min(tookMs, this.quickestMs * FORGET);
    return false;
  }
}
