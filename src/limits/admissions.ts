import type { StartCounts, StartLog } from './start-log.ts';

/** Spans shorter than this are too short to measure a rate. */
const MEASURED_MS_LEAST = 250;
/** Calls over which the refusal share is taken; where costs vary, at least this many windows as well. */
const SHARE = { calls: 60, noisyCalls: 200, windows: 5 } as const;
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const SIX_SECONDS_MS = 6000;

/** Minimum spans over which rates are measured. */
export type MeasuringSpans = {
  /** For the recent rate: this many calls, or one second. */
  readonly recentCalls: number;
  /** For what a window granted: this many calls, and this many times the length of the closure. */
  readonly windowCalls: number;
  readonly closures: number;
};

/** What was admitted before a run of refusals: calls in the last minute, amounts in the last minute and six seconds. */
export type AdmittedBefore = {
  readonly calls: number;
  readonly minute: number;
  readonly sixSeconds: number;
};

/** Measures recently admitted amounts in one dimension (requests or tokens). Times are monotonic milliseconds. */
export class Admissions {
  private readonly log: Pick<StartLog, 'between'>;
  private readonly what: 'calls' | 'tokens';
  private readonly spans: MeasuringSpans;

  /** `what`: whether amounts are calls or tokens. */
  constructor(log: Pick<StartLog, 'between'>, what: 'calls' | 'tokens', spans: MeasuringSpans) {
    this.log = log;
    this.what = what;
    this.spans = spans;
  }

  between(fromMs: number, toMs: number): StartCounts {
    return this.log.between(fromMs, toMs);
  }

  /** The amount admitted in the `spanMs` before `untilMs`. */
  amount(untilMs: number, spanMs: number): number {
    return this.amountOf(this.between(untilMs - spanMs, untilMs));
  }

  /** What was admitted before the refused call that started at `sentMs`. */
  before(sentMs: number): AdmittedBefore {
    return {
      calls: this.between(sentMs - MINUTE_MS, sentMs).calls,
      minute: this.amount(sentMs, MINUTE_MS),
      sixSeconds: this.amount(sentMs, SIX_SECONDS_MS),
    };
  }

  /** The amount per millisecond over the last minute, always divided by a full minute. */
  minutePerMs(untilMs: number): number {
    return this.amount(untilMs, MINUTE_MS) / MINUTE_MS;
  }

  /** The same, or since `startedMs` if that is shorter (but over at least six seconds). */
  minuteSincePerMs(untilMs: number, startedMs: number): number {
    const spanMs = Math.min(MINUTE_MS, Math.max(SIX_SECONDS_MS, untilMs - startedMs));
    return this.amount(untilMs, spanMs) / spanMs;
  }

  /** The amount per millisecond over the last second, or over `recentCalls` calls if those take longer. */
  recentPerMs(untilMs: number, at: { perMs: number; startedMs: number | null }): number {
    const callsMs = this.spans.recentCalls / this.callsPerMs(untilMs, at.perMs);
    const fromMs = Math.max(untilMs - Math.max(SECOND_MS, callsMs), at.startedMs ?? untilMs);
    const amount = this.amountOf(this.between(fromMs, untilMs));
    return amount / Math.max(MEASURED_MS_LEAST, untilMs - fromMs);
  }

  /** Calls per millisecond at a pace of `perMs`. */
  callsPerMs(nowMs: number, perMs: number): number {
    const admitted = this.between(nowMs - MINUTE_MS, nowMs);
    const { calls } = admitted;
    const amount = this.amountOf(admitted);
    return calls > 0 && amount > 0 ? (perMs * calls) / amount : perMs;
  }

  /** The share of recent calls that were refused, not before `sinceMs`. The divisor is at least `callsLeast`. */
  refusedShare(
    untilMs: number,
    at: { perMs: number; sinceMs: number; windowMs: number; callsLeast?: number },
  ): number {
    const isUnbounded = at.sinceMs === -Infinity;
    const spanMs = Math.max(
      (isUnbounded ? SHARE.noisyCalls : SHARE.calls) / this.callsPerMs(untilMs, at.perMs),
      isUnbounded ? SHARE.windows * at.windowMs : 0,
    );
    const { calls, refused } = this.between(Math.max(at.sinceMs, untilMs - spanMs), untilMs);
    return refused / Math.max(at.callsLeast ?? 1, calls + refused);
  }

  /**
   * The amount per millisecond granted by the window that reopened at `openedMs`, averaged over as many windows as it takes
   * to hold enough calls, but not before `sinceMs`, when the previous one reopened. A window already open at `sinceMs`
   * counts in full: it granted all it had. `closedMs` is how long the window was closed; earlier calls may have overdrawn
   * it, so the span also covers the time in which those were made.
   */
  ofWindow(
    openedMs: number,
    at: { perMs: number; sinceMs: number; windowMs: number; closedMs: number },
  ): number {
    const { perMs, sinceMs, windowMs, closedMs } = at;
    const { windowCalls, closures } = this.spans;
    const wantedMs = Math.max(
      windowMs,
      windowCalls / this.callsPerMs(openedMs, perMs),
      closedMs * closures,
    );
    const spanMs = Math.min(wantedMs, Math.max(windowMs, openedMs - sinceMs));
    return this.amount(openedMs, spanMs) / spanMs;
  }

  /** Subtracting refused calls may leave a rounding error below 0. */
  private amountOf(started: StartCounts): number {
    return Math.max(0, started[this.what]);
  }
}
