/** A standstill lasts at least `ms`, and at least as long as the `replies` replies before it took. */
const STANDSTILL = { ms: 2000, replies: 5 } as const;
/** A refusal is late if it took this many times as long as the quickest recent one. */
const LATE_TIMES = 5;
/** The quickest time decays by this factor with each refusal. */
const FORGET = 1.02;

/**
 * Recognizes refusals of calls that were held up on the way. A network or service that stalls for some seconds releases at
 * once all that was sent meanwhile: part is admitted, and the rest is refused because it arrived within one second. That
 * says nothing of the pace at which it was sent. A refusal that is slow while others are answered was not held up: such
 * services are slow to refuse. Times are monotonic milliseconds.
 */
export class HeldUp {
  /** When the last replies came. */
  private readonly repliesMs: number[] = [];
  /** The last period without a reply that followed frequent replies. */
  private silence = { fromMs: -Infinity, toMs: -Infinity };
  /** When the first late refusal of the last standstill came: calls sent before it were held up, or arrive with those. */
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

  /** Records a refusal at `nowMs` of a call sent at `sentMs`. Returns whether that call was held up. */
  refused(nowMs: number, sentMs: number): boolean {
    this.replied(nowMs);
    const { fromMs, toMs } = this.silence;
    const tookMs = nowMs - sentMs;
    const isLate = this.quickestMs === Infinity || tookMs >= this.quickestMs * LATE_TIMES;
    const isHeldUp = isLate && toMs - Math.max(fromMs, sentMs) >= STANDSTILL.ms;
    // Calls sent before this is known arrive in the same second as the rest.
    if (isHeldUp && this.knownMs < toMs) this.knownMs = nowMs;
    if (sentMs < this.knownMs) return true;
    this.quickestMs = Math.min(tookMs, this.quickestMs * FORGET);
    return false;
  }
}
