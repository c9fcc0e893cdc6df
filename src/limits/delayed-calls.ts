/** A stall lasts at least `ms`, and at least as long as the `replies` replies before it took. */
const STALL = { ms: 2000, replies: 5 } as const;
/** A refusal is late if it took this many times as long as the quickest recent one. */
const DELAYED_TIMES = 5;
/** The quickest time decays by this factor with each refusal. */
const QUICKEST_DECAY = 1.02;

/**
 * Recognizes refusals of calls that were delayed on the way. A network or service that stalls for some seconds releases at
 * once all that was sent meanwhile: part is admitted, and the rest is refused because it arrived within one second. That
 * says nothing of the pace at which it was sent. A refusal that is slow while others are answered was not delayed: such
 * services are slow to refuse. Times are monotonic milliseconds.
 */
export class DelayedCalls {
  /** When the last replies came. */
  private readonly repliesMs: number[] = [];
  /** The last period without a reply that followed frequent replies. */
  private silence = { fromMs: -Infinity, toMs: -Infinity };
  /** When the first late refusal of the last stall came: calls sent before it were delayed, or arrive with those. */
  private detectedMs = -Infinity;
  private quickestMs = Infinity;

  /** A reply came, whatever it says. */
  replied(nowMs: number): void {
    const { repliesMs } = this;
    const fromMs = repliesMs.at(-1) ?? nowMs;
    const isFull = repliesMs.length === STALL.replies;
    const sparseMs = isFull ? fromMs - (repliesMs[0] ?? fromMs) : Infinity;
    if (nowMs - fromMs >= Math.max(STALL.ms, sparseMs)) this.silence = { fromMs, toMs: nowMs };
    if (isFull) repliesMs.shift();
    repliesMs.push(nowMs);
  }

  /** Records a refusal at `nowMs` of a call sent at `sentMs`. Returns whether that call was delayed. */
  refused(nowMs: number, sentMs: number): boolean {
    this.replied(nowMs);
    const { fromMs, toMs } = this.silence;
    const tookMs = nowMs - sentMs;
    const isLate = this.quickestMs === Infinity || tookMs >= this.quickestMs * DELAYED_TIMES;
    const isDelayed = isLate && toMs - Math.max(fromMs, sentMs) >= STALL.ms;
    // Calls sent before this is known arrive in the same second as the rest.
    if (isDelayed && this.detectedMs < toMs) this.detectedMs = nowMs;
    if (sentMs < this.detectedMs) return true;
    this.quickestMs = Math.min(tookMs, this.quickestMs * QUICKEST_DECAY);
    return false;
  }
}
