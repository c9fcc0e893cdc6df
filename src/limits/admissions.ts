import type { Started, StartLog } from './start-log.ts';

/** Less time than this says nothing about a rate yet. */
const MEASURED_MS_LEAST = 250;
/** Calls over which the share of refusals is taken; where costs vary, over some windows too. */
const SHARE = { calls: 60, noisyCalls: 200, windows: 5 } as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const SIX_SECONDS_MS = 6000;

/** Over how much a rate is measured, at the least. */
export type MeasuredOver = {
  /** What is given of late: so many calls, or a second. */
  readonly recentCalls: number;
  /** What a window gave: so many calls, and so many times as long as everything was refused. */
  readonly windowCalls: number;
  readonly closures: number;
};

/** What was admitted before a run of refusals: calls in the last minute, amounts in the last minute and six seconds. */
export type AdmittedBefore = {
  readonly calls: number;
  readonly minute: number;
  readonly sixSeconds: number;
};

/** What can be said of a rate from what was admitted of late, in one dimension. Times are monotonic milliseconds. */
export class Admissions {
  private readonly log: Pick<StartLog, 'between'>;
  private readonly what: 'calls' | 'tokens';
  private readonly over: MeasuredOver;

  /** `what`: its amounts are calls, or tokens. */
  constructor(log: Pick<StartLog, 'between'>, what: 'calls' | 'tokens', over: MeasuredOver) {
    this.log = log;
    this.what = what;
    this.over = over;
  }

  between(fromMs: number, toMs: number): Started {
    return this.log.between(fromMs, toMs);
  }

  /** The amount that was admitted in so long. */
  amount(untilMs: number, spanMs: number): number {
    return this.amountOf(this.between(untilMs - spanMs, untilMs));
  }

  /** What was admitted before a call of `sentMs` was refused. */
  before(sentMs: number): AdmittedBefore {
    return {
      calls: this.between(sentMs - MINUTE_MS, sentMs).calls,
      minute: this.amount(sentMs, MINUTE_MS),
      sixSeconds: this.amount(sentMs, SIX_SECONDS_MS),
    };
  }

  /** The amount a millisecond over the last minute, however much of it there was. */
  minutePerMs(untilMs: number): number {
    return this.amount(untilMs, MINUTE_MS) / MINUTE_MS;
  }

  /** The same, or since `startedMs` where that is less (some seconds at the least). */
  minuteSincePerMs(untilMs: number, startedMs: number): number {
    const spanMs = Math.min(MINUTE_MS, Math.max(SIX_SECONDS_MS, untilMs - startedMs));
    return this.amount(untilMs, spanMs) / spanMs;
  }

  /** The amount a millisecond over the last second, or over some tens of calls. */
  recentPerMs(untilMs: number, at: { perMs: number; startedMs: number | null }): number {
    const callsMs = this.over.recentCalls / this.callsPerMs(untilMs, at.perMs);
    const fromMs = Math.max(untilMs - Math.max(SECOND_MS, callsMs), at.startedMs ?? untilMs);
    const amount = this.amountOf(this.between(fromMs, untilMs));
    return amount / Math.max(MEASURED_MS_LEAST, untilMs - fromMs);
  }

  /** Calls a millisecond at a pace of `perMs`. */
  callsPerMs(nowMs: number, perMs: number): number {
    const admitted = this.between(nowMs - MINUTE_MS, nowMs);
    const { calls } = admitted;
    const amount = this.amountOf(admitted);
    return calls > 0 && amount > 0 ? (perMs * calls) / amount : perMs;
  }

  /** The share of calls that were refused of late, not before `sinceMs`, as if they were `callsLeast` at the least. */
  refusedShare(
    untilMs: number,
    at: { perMs: number; sinceMs: number; windowMs: number; callsLeast?: number },
  ): number {
    const isOpen = at.sinceMs === -Infinity;
    const spanMs = Math.max(
      (isOpen ? SHARE.noisyCalls : SHARE.calls) / this.callsPerMs(untilMs, at.perMs),
      isOpen ? SHARE.windows * at.windowMs : 0,
    );
    const { calls, refused } = this.between(Math.max(at.sinceMs, untilMs - spanMs), untilMs);
    return refused / Math.max(at.callsLeast ?? 1, calls + refused);
  }

  /**
   * What a window gave that opened again at `openedMs`: the amount a millisecond over so many windows
   * as hold a good number of calls, not before `sinceMs`, when one had opened before. A window that
   * had begun before that counts in full: it gave all it had. `closedMs`: how long it was closed; it may have been by
   * what earlier calls overdrew, so that the time is looked at in which they were made as well.
   */
  ofWindow(
    openedMs: number,
    at: { perMs: number; sinceMs: number; windowMs: number; closedMs: number },
  ): number {
    const { perMs, sinceMs, windowMs, closedMs } = at;
    const { windowCalls, closures } = this.over;
    const wanted = Math.max(
      windowMs,
      windowCalls / this.callsPerMs(openedMs, perMs),
      closedMs * closures,
    );
    const spanMs = Math.min(wanted, Math.max(windowMs, openedMs - sinceMs));
    return this.amount(openedMs, spanMs) / spanMs;
  }

  /** What refusals took away again may leave a rounding below 0. */
  private amountOf(started: Started): number {
    return Math.max(0, started[this.what]);
  }
}
