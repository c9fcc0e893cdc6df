import pLimit from 'p-limit';
import type { Clock } from '../clock.ts';
import type { FailureClass } from '../failure.ts';
import type { Budget } from './budget.ts';
import { LineQueue } from './line-queue.ts';
import { type PaceLimits, Pacer } from './pacer.ts';
import type { Admittable, Ticket } from './ticket.ts';

const TICK_MS = 1000;
/** A timer of more than 2^31 ms would fire at once, and again and again. */
const TIMER_MS_MAX = 3_600_000;
/** `--concurrency auto`: between these, half as much again as rate times latency asks for. */
const AUTO_LEAST = 64;
const AUTO_MOST = 4000;
const AUTO_SHARE = 1.5;
const LATENCY_SMOOTHING = 0.05;
/** Pause of the whole service while it cannot be reached: doubles from the first to the second. */
const UNREACHABLE_PAUSE_MS = { least: 250, most: 10_000 } as const;

export type LimiterOptions = {
  readonly clock: Clock;
  readonly concurrency: number | 'auto';
  /** Limits of a model, asked once for each. */
  limits(model: string): PaceLimits;
  readonly budget: Budget;
  readonly maxUnreachableMs: number;
  /** Nothing was admitted for longer than allowed; null: by the service as a whole. */
  onUnreachable(model: string | null, reason: string | null): void;
  /** The next call does not fit into the budget and none is in flight that could make room. */
  onBudgetReached(): void;
};

type Waiter = { readonly line: Admittable; readonly resolve: (ticket: Ticket | null) => void };

type Lane = {
  readonly model: string;
  readonly pacer: Pacer;
  readonly queue: LineQueue<Waiter>;
  parked: boolean;
  /** Since when nothing was admitted although it was tried; null: it flows. */
  refusedSinceMs: number | null;
  throttles: number;
};

/**
 * Decides when each call may start: pace first (per model), then money, then a slot. The owner of
 * paces, slots and budget; one timer to the next start for all lanes. Lanes take turns, so a
 * throttled model does not hold up the others.
 */
export class Limiter {
  private readonly options: LimiterOptions;
  private readonly lanes: Map<string, Lane> = new Map();
  private readonly slots: ReturnType<typeof pLimit>;
  private stopped = false;
  private cancelTimer: (() => void) | null = null;
  private timerAtMs = Infinity;
  private cancelTick: (() => void) | null = null;
  private latencyMs = 1000;
  private unreachableSinceMs: number | null = null;
  private unreachableReason: string | null = null;
  private unreachablePauseMs = 0;
  private pausedUntilMs = 0;
  private active = 0;

  constructor(options: LimiterOptions) {
    this.options = options;
    this.slots = pLimit(options.concurrency === 'auto' ? AUTO_LEAST : options.concurrency);
    this.cancelTick = options.clock.after(TICK_MS, () => {
      this.tick();
    });
  }

  get inFlight(): number {
    return this.active;
  }

  get concurrency(): number {
    return this.slots.concurrency;
  }

  /** Waits for leave to send; null once the run is stopping or the model is parked. `again`: before all others of its lane. */
  admit(line: Admittable, again: boolean): Promise<Ticket | null> {
    const lane = this.lane(line.model);
    if (this.stopped || lane.parked) return Promise.resolve(null);
    return new Promise((resolve) => {
      const waiter = { line, resolve };
      if (again) lane.queue.putBack(waiter);
      else lane.queue.push(waiter);
      this.pump();
    });
  }

  /** The service refused a call of this model for its rate, tokens or growth. Returns the pause, for the report. */
  throttled(line: Admittable, why: FailureClass, waitMs: number | null): number {
    const now = this.options.clock.monotonicMs();
    const lane = this.lane(line.model);
    lane.throttles += 1;
    lane.refusedSinceMs ??= now;
    lane.pacer.throttled(now, why, { tokens: tokensOf(line), waitMs });
    return Math.max(0, lane.pacer.nextStartMs(now) - now);
  }

  /** A call could not even be sent: the whole service pauses, longer each time. Returns the pause. */
  unreachable(reason: string): number {
    this.unreachableReason = reason;
    const now = this.options.clock.monotonicMs();
    this.unreachableSinceMs ??= now;
    if (now < this.pausedUntilMs) return this.pausedUntilMs - now;
    const { least, most } = UNREACHABLE_PAUSE_MS;
    this.unreachablePauseMs = Math.min(most, Math.max(least, this.unreachablePauseMs * 2));
    this.pausedUntilMs = now + this.unreachablePauseMs;
    return this.unreachablePauseMs;
  }

  /** Lines of this model stay open: those that wait get null, later ones too. */
  park(model: string): void {
    const lane = this.lane(model);
    lane.parked = true;
    for (const waiter of lane.queue.drain()) waiter.resolve(null);
  }

  /** No further call: everyone who waits gets null. Calls in flight go on. */
  stop(): void {
    this.stopped = true;
    for (const lane of this.lanes.values()) {
      for (const waiter of lane.queue.drain()) waiter.resolve(null);
    }
    this.clearTimers();
  }

  /** Pace of every lane, for progress and status. */
  paces(): {
    model: string;
    waiting: number;
    rpm: number;
    tpm: number | null;
    pausedMs: number;
    throttles: number;
  }[] {
    const now = this.options.clock.monotonicMs();
    return [...this.lanes.values()].map(({ model, pacer, queue, throttles }) => {
      const { rpm, tpm, pausedUntilMs } = pacer.pace();
      return {
        model,
        waiting: queue.size,
        rpm,
        tpm,
        throttles,
        pausedMs: Math.max(0, pausedUntilMs - now),
      };
    });
  }

  private lane(model: string): Lane {
    let lane = this.lanes.get(model);
    if (lane === undefined) {
      const pacer = new Pacer(this.options.limits(model));
      lane = {
        model,
        pacer,
        queue: new LineQueue(),
        parked: false,
        refusedSinceMs: null,
        throttles: 0,
      };
      this.lanes.set(model, lane);
    }
    return lane;
  }

  private pump(): void {
    if (this.stopped) return;
    const now = this.options.clock.monotonicMs();
    if (this.pausedUntilMs > now) {
      this.wakeAt(this.pausedUntilMs, now);
      return;
    }
    const nextMs = this.startDue(now);
    if (nextMs !== null) this.wakeAt(nextMs, now);
  }

  /**
   * Starts every line that may start now. Returns when the next may (Infinity: nobody waits); null
   * where only the end of a call can make room.
   */
  private startDue(nowMs: number): number | null {
    let nextMs = Infinity;
    // A lane that starts a line goes to the end of the map, where this loop meets it once more.
    for (const lane of this.lanes.values()) {
      const waiter = lane.queue.peek();
      if (waiter === undefined) continue;
      if (this.active >= this.slots.concurrency) return null;
      const atMs = lane.pacer.nextStartMs(nowMs);
      if (atMs > nowMs) {
        nextMs = Math.min(nextMs, atMs);
        continue;
      }
      if (!this.options.budget.fits(waiter.line.estimatedPico)) return this.overBudget();
      this.lanes.delete(lane.model);
      this.lanes.set(lane.model, lane);
      this.start(lane, nowMs);
    }
    return nextMs;
  }

  /** Calls in flight may turn out cheaper than reserved; without any, the cap is reached. */
  private overBudget(): null {
    if (this.active === 0) this.options.onBudgetReached();
    return null;
  }

  private start(lane: Lane, nowMs: number): void {
    const waiter = lane.queue.take();
    if (waiter === undefined) return;
    const { line, resolve } = waiter;
    const expected = tokensOf(line);
    lane.pacer.start(nowMs, expected);
    this.options.budget.reserve(line.estimatedPico);
    this.active += 1;
    void this.slots(
      () =>
        new Promise<void>((done) => {
          resolve({
            admitted: () => {
              lane.refusedSinceMs = null;
              this.unreachableSinceMs = null;
              this.unreachablePauseMs = 0;
            },
            release: ({ tokens, pico, latencyMs }) => {
              this.active -= 1;
              this.options.budget.settle(line.estimatedPico, pico);
              if (tokens !== null) lane.pacer.settle(expected, tokens);
              if (latencyMs !== null)
                this.latencyMs += (latencyMs - this.latencyMs) * LATENCY_SMOOTHING;
              done();
              this.pump();
            },
          });
        }),
    );
  }

  private wakeAt(atMs: number, nowMs: number): void {
    if (atMs === Infinity || (this.cancelTimer !== null && this.timerAtMs <= atMs)) return;
    this.cancelTimer?.();
    this.timerAtMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - nowMs), TIMER_MS_MAX);
    this.cancelTimer = this.options.clock.after(waitMs, () => {
      this.cancelTimer = null;
      this.timerAtMs = Infinity;
      this.pump();
    });
  }

  private tick(): void {
    const now = this.options.clock.monotonicMs();
    const { maxUnreachableMs, onUnreachable } = this.options;
    if (this.options.concurrency === 'auto') this.slots.concurrency = this.autoConcurrency();
    if (this.unreachableSinceMs !== null && now - this.unreachableSinceMs > maxUnreachableMs)
      onUnreachable(null, this.unreachableReason);
    for (const lane of this.lanes.values()) {
      if (lane.parked || lane.refusedSinceMs === null) continue;
      if (now - lane.refusedSinceMs > maxUnreachableMs) onUnreachable(lane.model, null);
    }
    if (this.stopped) return;
    this.cancelTick = this.options.clock.after(TICK_MS, () => {
      this.tick();
    });
    this.pump();
  }

  private autoConcurrency(): number {
    let perMs = 0;
    for (const lane of this.lanes.values()) perMs += lane.pacer.pace().rpm / 60_000;
    return Math.round(
      Math.min(AUTO_MOST, Math.max(AUTO_LEAST, perMs * this.latencyMs * AUTO_SHARE)),
    );
  }

  private clearTimers(): void {
    this.cancelTimer?.();
    this.cancelTick?.();
    this.cancelTimer = null;
    this.cancelTick = null;
  }
}

function tokensOf(line: Admittable): number {
  return line.inputTokens + line.outputExpectedTokens;
}
