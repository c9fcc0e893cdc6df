/** A standstill lasts so long at the least; and in as long before it so many replies came. */
const STANDSTILL = { ms: 2000, replies: 5 } as const;
/** And a refusal is late that took so many times as long as the quickest of late. */
const LATE_TIMES = 5;
/** The quickest is forgotten by so much with each refusal. */
const FORGET = 1.02;

/**
 * Refusals of calls that were held up on the way. A network or a service that stands still for some seconds lets go of all
 * at once what was sent meanwhile: some of it is admitted, all else is refused for the one second that it came in. That says
 * nothing of the pace at which it was sent. A refusal that takes long while others are answered was not held up: such
 * services take their time to refuse. Times are monotonic milliseconds.
 */
export class HeldUp {
  /** When the last replies came. */
  private readonly repliesMs: number[] = [];
  /** The last time in which nothing came back, though much had. */
  private silence = { fromMs: -Infinity, toMs: -Infinity };
  /** When the first late refusal of the last standstill came: what was sent before was held up, or comes with that. */
  private knownMs = -Infinity;
  private quickestMs = Infinity;

  /** A reply came, whatever it says. */
  replied(nowMs: number): void {
    const { repliesMs } = this;
    const fromMs = repliesMs.at(-1) ?? nowMs;
    const isFull = repliesMs.length === STANDSTILL.replies;
    const sparseMs = isFull ? fromMs - (repliesMs[0] ?? fromMs) : Infinity;
    if (nowMs - fromMs >= Math.max(STANDSTILL.ms, sparseMs)) this.silence = { fromMs, toMs: nowMs };
    if (isFull) repliesMs.shift();
    repliesMs.push(nowMs);
  }

  /** Notes a refusal that came at `nowMs`, of a call sent at `sentMs`. Returns whether that call was held up. */
  refused(nowMs: number, sentMs: number): boolean {
    this.replied(nowMs);
    const { fromMs, toMs } = this.silence;
    const tookMs = nowMs - sentMs;
    const isLate = this.quickestMs === Infinity || tookMs >= this.quickestMs * LATE_TIMES;
    const isHeldUp = isLate && toMs - Math.max(fromMs, sentMs) >= STANDSTILL.ms;
    // What was sent until this is known comes in the same second as the rest.
    if (isHeldUp && this.knownMs < toMs) this.knownMs = nowMs;
    if (sentMs < this.knownMs) return true;
    this.quickestMs = Math.min(tookMs, this.quickestMs * FORGET);
    return false;
  }
}
