import { countOf, type StartLog } from './start-log.ts';

/** A standstill lasts so long at the least, and so many calls are started in it that nothing comes back. */
const STANDSTILL = { ms: 2000, calls: 5 } as const;
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
  private readonly log: Pick<StartLog, 'between'>;
  /** When something came back last; null: nothing has yet. */
  private repliedMs: number | null = null;
  /** The last time in which nothing came back, though calls were sent. */
  private silence = { fromMs: -Infinity, toMs: -Infinity };
  /** When the last standstill was over: what was sent before was held up. */
  private stillUntilMs = -Infinity;
  private quickestMs = Infinity;

  /** `log`: what the lane has sent. */
  constructor(log: Pick<StartLog, 'between'>) {
    this.log = log;
  }

  /** A reply came, whatever it says. */
  replied(nowMs: number): void {
    const fromMs = this.repliedMs ?? nowMs;
    this.repliedMs = nowMs;
    if (nowMs - fromMs < STANDSTILL.ms) return;
    if (countOf(this.log.between(fromMs, nowMs)) < STANDSTILL.calls) return;
    this.silence = { fromMs, toMs: nowMs };
  }

  /** Notes a refusal that came at `nowMs`, of a call sent at `sentMs`. Returns whether that call was held up. */
  refused(nowMs: number, sentMs: number): boolean {
    this.replied(nowMs);
    const { fromMs, toMs } = this.silence;
    const tookMs = nowMs - sentMs;
    const isLate = this.quickestMs === Infinity || tookMs >= this.quickestMs * LATE_TIMES;
    if (isLate && toMs - Math.max(fromMs, sentMs) >= STANDSTILL.ms) this.stillUntilMs = toMs;
    // What was sent in the last of the time came at once with the rest.
    if (sentMs < this.stillUntilMs) return true;
    this.quickestMs = Math.min(tookMs, this.quickestMs * FORGET);
    return false;
  }
}
