import { UntriedLines } from './untried-lines.ts';
import { type LaneCounts, noCounts } from './lane-counts.ts';
import { Latencies } from './latencies.ts';
import { LineQueue } from './line-queue.ts';
import type { LanePace, LaneState, PaceShown, Throttles } from './pace-event.ts';
import type { LearnedLimits, PaceLimits } from './pace-limits.ts';
import { type Dimension, Pacer, type PaceReason } from './pacer.ts';
import { RefusedLines } from './refused-lines.ts';
import { ServiceFailures, type Cohort } from './service-failures.ts';
import { throttleKind } from './throttle-kind.ts';
import type { Admittable, AfterRefusal, CallEnd, Refusal, QueueEntry, Waiter } from './ticket.ts';

/** A call in flight: when it started, and its estimated cost. */
export type CallInFlight = {
  readonly line: Admittable;
  readonly sentMs: number;
  readonly tokens: number;
  readonly cost: number;
  readonly cohort: Cohort;
};

/** A call in flight for this long was not refused: refusals come back at once. */
const UNREFUSED_MS = 5000;
/** Decay per second of `startsPerSecond`. */
const DECAY_PER_SECOND = 0.8;
/** Gap between tries of lines set aside while everything is refused. */
const TRY_GAP_MS = 1000;

/**
 * The calls of one model: queue, pace, calls in flight, and outcomes. The limiter asks when the next call may start and
 * reports each end; what an end means for the pace is up to the `Pacer`.
 */
export class Lane {
  readonly model: string;
  readonly pacer: Pacer;
  /** The most starts in any recent second, decaying with age. */
  startsPerSecond = 0;
  /** What the service said with the last refusal; null: nothing was refused, or without words. */
  lastRefusalMessage: string | null = null;
  private readonly queue: LineQueue<Waiter> = new LineQueue(() => this.pacer.isHalfOpen);
  private readonly latencies: Latencies = new Latencies();
  private isParked = false;
  private readonly throttles: Throttles = { rate: 0, tokens: 0, burst: 0 };
  private readonly callsInFlight: Set<CallInFlight> = new Set();
  private readonly refusedLines: RefusedLines;
  /** Calls of all lines, except those rejected for their content: the baseline for a single line's refusals. */
  private readonly others = { started: 0, refused: 0 };
  /** Since when everything has been refused; null: not so. */
  private refusedSinceMs: number | null = null;
  /** There was nothing to send at the last check (`refusedForMs`). */
  private wasIdle = true;
  private lastAdmittedSentMs = -Infinity;
  private lastStartMs = -Infinity;
  private counts: LaneCounts = noCounts();
  private readonly failures: ServiceFailures = new ServiceFailures();
  private readonly untriedLines: UntriedLines = new UntriedLines();

  constructor(
    model: string,
    options: { limits: PaceLimits; maxUnreachableMs: number },
    onChange: (dimension: Dimension, reason: PaceReason) => void,
  ) {
    this.model = model;
    this.pacer = new Pacer(options.limits, onChange);
    this.refusedLines = new RefusedLines(options.maxUnreachableMs);
  }

  get inFlight(): number {
    return this.callsInFlight.size;
  }

  get waiting(): number {
    return this.queue.size;
  }

  /** Nothing more is sent for this model in this run. */
  get parked(): boolean {
    return this.isParked;
  }

  /** Whether a limit of the model is known, or was met. */
  get isLimited(): boolean {
    const { requests, tokens } = this.pacer.pace();
    return requests.limit !== null || tokens.limit !== null;
  }

  /** The counts since the second began. */
  get counted(): Readonly<LaneCounts> {
    return this.counts;
  }

  wait(waiter: Waiter, entry: QueueEntry): void {
    if (entry === 'first') return this.queue.push(waiter);
    const asideMs = this.refusedLines.asideUntilMs(waiter.line);
    if (asideMs === null) this.queue.putBack(waiter);
    else this.queue.setAside(waiter, asideMs);
  }

  park(): void {
    this.isParked = true;
    this.denyWaiters();
  }

  /** Denies all waiters leave to send. */
  denyWaiters(): void {
    for (const waiter of this.queue.drain()) waiter.resolve(null);
  }

  /** When the next call may start, or when to ask again; Infinity: nobody waits. */
  nextStartMs(nowMs: number): number {
    const { pacer, queue } = this;
    const { dueMs } = queue;
    if (dueMs === Infinity) return Infinity;
    const freshMs = queue.isFreshNext(nowMs) ? this.untriedLines.nextMs : -Infinity;
    const pacedMs = Math.max(dueMs, pacer.nextStartMs(nowMs), freshMs);
    if (dueMs === -Infinity || !pacer.isHalfOpen) return pacedMs;
    // If only lines set aside are left, each has its own gap between tries.
    return Math.min(pacedMs, Math.max(dueMs, this.lastStartMs + TRY_GAP_MS, pacer.pausedUntilMs));
  }

  /** The next waiter; undefined: nobody may start now. */
  next(nowMs: number): Waiter | undefined {
    return this.queue.peek(nowMs);
  }

  /** Removes the next waiter from the queue. */
  takeNext(nowMs: number): Waiter | undefined {
    if (this.queue.isFreshNext(nowMs)) this.untriedLines.started(nowMs);
    return this.queue.take(nowMs);
  }

  start(nowMs: number, line: Admittable): CallInFlight {
    const tokens = line.inputTokens + line.outputExpectedTokens;
    const cost = this.pacer.start(nowMs, tokens);
    const cohort = this.failures.started(nowMs, cost);
    const flight = { line, sentMs: nowMs, tokens, cost, cohort };
    this.callsInFlight.add(flight);
    this.lastStartMs = nowMs;
    this.others.started += 1;
    this.counts.sent += 1;
    this.counts.tokens += flight.cost;
    return flight;
  }

  admitted(nowMs: number, flight: CallInFlight): void {
    const { line, sentMs } = flight;
    this.refusedSinceMs = null;
    this.lastAdmittedSentMs = Math.max(this.lastAdmittedSentMs, sentMs);
    this.refusedLines.admitted(line);
    this.counts.admitted += 1;
    this.pacer.admitted(nowMs, sentMs);
  }

  throttled(nowMs: number, flight: CallInFlight, refusal: Refusal): AfterRefusal {
    const { why, waitMs, message } = refusal;
    this.lastRefusalMessage = message;
    const kind = throttleKind(why);
    this.throttles[kind] += 1;
    this.counts.refused[kind] += 1;
    const { pacer, lastAdmittedSentMs } = this;
    const { isOwn, givenUpAfter } = this.refusedLines.refused(flight.line, nowMs, {
      why,
      waitMs,
      isLarge: pacer.isLarge(flight.cost),
      presumedMs: pacer.refusalMs,
      lastAdmittedSentMs,
      others: this.others,
      startedSince: (sinceMs) => pacer.startedBetween(sinceMs, { nowMs, untilMs: flight.sentMs }),
    });
    if (isOwn) {
      this.others.started -= 1;
      pacer.withdraw(nowMs, flight);
      return { waitMs: 0, givenUpAfter };
    }
    this.others.refused += 1;
    this.refusedSinceMs ??= nowMs;
    pacer.refused(nowMs, why, { ...flight, waitMs });
    return { waitMs: Math.max(0, pacer.nextStartMs(nowMs) - nowMs), givenUpAfter };
  }

  /** A call failed at the service. Isolated and random failures mean nothing; several among the last calls slow the lane. */
  overloaded(nowMs: number, { cohort }: CallInFlight): void {
    this.untriedLines.failed(nowMs, this.inFlight);
    const pattern = this.failures.failed(cohort);
    if (pattern !== 'random') this.counts.failed += 1;
    if (pattern === 'several') this.pacer.slowDown(nowMs);
  }

  ended(flight: CallInFlight, actual: CallEnd): void {
    if (!this.callsInFlight.delete(flight)) return;
    this.counts.ended += 1;
    if (actual.hasWorked) this.untriedLines.worked();
    if (this.failures.ended(flight.cohort)) this.pacer.endSlowdown();
    if (actual.tokens !== null) this.pacer.settle(flight.tokens, flight.cost, actual.tokens);
    if (actual.latencyMs === null) return;
    this.latencies.add(actual.latencyMs);
    this.counts.latenciesMs.push(actual.latencyMs);
  }

  /**
   * For how long everything has been refused; called once a second. A call in flight that was not refused at once may yet
   * be answered, and the clock restarts when there is nothing to send.
   */
  refusedForMs(nowMs: number): number {
    const isIdle = this.queue.size + this.inFlight === 0;
    // A refused line may just be on its way back to the queue.
    if (isIdle && this.wasIdle) this.refusedSinceMs = null;
    this.wasIdle = isIdle;
    if (this.refusedSinceMs === null || isIdle || this.hasUnrefusedCall(nowMs)) return 0;
    return nowMs - this.refusedSinceMs;
  }

  /** Nothing could be tried in the last `pausedMs`: that time does not count. */
  paused(nowMs: number, pausedMs: number): void {
    if (this.refusedSinceMs !== null)
      this.refusedSinceMs = Math.min(nowMs, this.refusedSinceMs + pausedMs);
  }

  /** A line waits only for a slot or for money: the lack of admissions means nothing meanwhile. */
  blocked(nowMs: number): void {
    if (this.refusedSinceMs !== null) this.refusedSinceMs = nowMs;
  }

  /** Whether a call is in flight that was not refused and may yet be answered. */
  hasUnrefusedCall(nowMs: number): boolean {
    return nowMs - this.oldestSentMs(nowMs) >= UNREFUSED_MS;
  }

  /** Calls in flight required by this lane's pace and latency (p95). */
  needed(nowMs: number): number {
    const { perMs } = this.pacer.requests;
    const ageMs = nowMs - this.oldestSentMs(nowMs);
    const latencyMs = Math.max(this.latencies.quantile(0.95) ?? 1000, ageMs);
    // One second's worth more, since the need is computed once a second.
    return Math.min(perMs * latencyMs, this.inFlight + this.queue.size + perMs * 1000);
  }

  /** Starts a new second with counters at zero. */
  startSecond(): void {
    this.startsPerSecond = Math.max(this.counts.sent, this.startsPerSecond * DECAY_PER_SECOND);
    this.counts = noCounts();
  }

  /** The pace as shown in the trace. */
  shown(nowMs: number): PaceShown {
    const { requests, tokens, state, pausedUntilMs } = this.pacer.pace();
    return {
      model: this.model,
      state: this.stateOf(state, pausedUntilMs > nowMs),
      waiting: this.queue.size,
      inFlight: this.inFlight,
      rpm: requests.perMinute ?? Infinity,
      tpm: tokens.perMinute,
      rpmLimit: requests.limit,
      rpmOrigin: requests.origin,
      tpmLimit: tokens.limit,
      tpmOrigin: tokens.origin,
    };
  }

  /** The lane as shown in a status report. */
  pace(nowMs: number): LanePace {
    const { tokenRatio, pausedUntilMs } = this.pacer.pace();
    const { rate, tokens, burst } = this.throttles;
    return {
      ...this.shown(nowMs),
      tokenRatio,
      pausedMs: Math.max(0, pausedUntilMs - nowMs),
      throttles: rate + tokens + burst,
      throttlesBy: { ...this.throttles },
    };
  }

  learned(): LearnedLimits | null {
    const { requests, tokens } = this.pacer;
    if (requests.storablePerMs === null && tokens.storablePerMs === null) return null;
    const perMinute = (perMs: number | null): number | null =>
      perMs === null ? null : perMs * 60_000;
    return {
      model: this.model,
      rpm: perMinute(requests.storablePerMs),
      tpm: perMinute(tokens.storablePerMs),
      windowMs: Math.max(requests.windowMs, tokens.windowMs),
    };
  }

  private stateOf(state: LaneState, isPaused: boolean): LaneState {
    if (this.isParked) return 'parked';
    return isPaused ? 'paused' : state;
  }

  private oldestSentMs(nowMs: number): number {
    const [first] = this.callsInFlight;
    return first?.sentMs ?? nowMs;
  }
}
