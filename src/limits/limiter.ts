import { CallCap } from './call-cap.ts';
import { CallTicket, type TicketIssuer } from './call-ticket.ts';
import { Lane } from './lane.ts';
import type { LimiterOptions } from './limiter-options.ts';
import type { LanePace, PaceChange } from './pace-event.ts';
import { type Outage, Outages } from './outages.ts';
import type { LearnedLimits, Retuning } from './pace-limits.ts';
import { PaceTrace } from './pace-trace.ts';
import type { WaitingLane } from './read-ahead.ts';
import { RetryBudget } from './retry-budget.ts';
import { secondTotals } from './second-totals.ts';
import { Slots } from './slots.ts';
import {
  type Admittable,
  ownEstimate,
  type Reservation,
  type Ticket,
  type QueueEntry,
} from './ticket.ts';

const TICK_MS = 1000;
/** A timer of more than 2^31 ms would fire at once, over and over. */
const TIMER_MS_MAX = 3_600_000;

/**
 * Decides when each call may start: pace first (per model), then money, then a slot. The owner of paces, slots and
 * budget; one timer to the next start for all lanes. Where slots are scarce, the lane with the fewest calls in flight
 * is next, so that a slow or throttled model does not hold up the others.
 */
export class Limiter {
  private readonly options: LimiterOptions;
  private readonly reserve: (line: Admittable) => Reservation;
  private readonly lanes: Map<string, Lane> = new Map();
  private readonly slots: Slots;
  private readonly cap: CallCap;
  private readonly retries: RetryBudget = new RetryBudget();
  private readonly outages: Outages;
  private readonly trace: PaceTrace;
  private stopped = false;
  private isSuspended = false;
  /** When the timer is due; Infinity: none is set. */
  private timerAtMs = Infinity;
  private cancelTimer: () => void = () => undefined;
  private cancelTick: () => void;
  /** Calls from their start to the release of their tickets. */
  private active = 0;
  /** The most that were in flight at a time since the last tick. */
  private activeMost = 0;
  /** Reports of the tickets about their calls. */
  private readonly issuer: TicketIssuer = {
    reached: (replied) => {
      if (this.outages.service.reached(replied)) this.pump();
    },
    admitted: ({ lane, flight }) => {
      this.outages.service.reached(true);
      lane.admitted(this.now(), flight);
    },
    throttled: ({ lane, flight }, refusal) => {
      this.outages.service.reached(true);
      return lane.throttled(this.now(), flight, refusal);
    },
    overloaded: ({ lane, flight }, message) => {
      const now = this.now();
      this.outages.failing.failed(now, message);
      lane.overloaded(now, flight);
    },
    released: (ticket, actual) => {
      this.released(ticket, actual);
    },
  };

  /** The outage that keeps all calls from being answered at the moment; null: none. */
  readonly outage = (): Outage | null => this.outages.current(this.now());

  constructor(options: LimiterOptions) {
    this.options = options;
    this.reserve = options.reserve ?? ownEstimate;
    const { clock, concurrency, ownServer, onPace } = options;
    this.cap = new CallCap(concurrency, ownServer ?? null);
    this.slots = new Slots(this.cap.value);
    this.outages = new Outages(options);
    this.trace = new PaceTrace(clock, onPace);
    this.cancelTick = clock.after(TICK_MS, () => {
      this.tick();
    });
  }

  get inFlight(): number {
    return this.active;
  }

  get concurrency(): number {
    return this.slots.count;
  }

  /** Who waits, by model. */
  get waiting(): ReadonlyMap<string, WaitingLane> {
    return this.lanes;
  }

  /** Waits until the line may be sent; null once the run is stopping or the model is parked. */
  admit(line: Admittable, entry: QueueEntry): Promise<Ticket | null> {
    const lane = this.lane(line.model);
    if (this.stopped || lane.parked) return Promise.resolve(null);
    return new Promise((resolve) => {
      lane.wait({ line, resolve }, entry);
      this.pump();
    });
  }

  /** A call could not be sent at all: the whole service pauses, longer each time. Returns the pause. */
  unreachable(reason: string): number {
    return this.outages.service.failed(this.now(), reason);
  }

  /** Takes a retry from the run's retry budget. Returns how long it has to wait, in milliseconds. */
  retryWaitMs(after: 'server' | 'timeout'): number {
    if (after === 'timeout') this.cap.noteTimeout();
    return this.retries.take(this.now(), after);
  }

  /** Parks a model: its waiting lines and all later ones get null, and stay open. */
  park(model: string): void {
    const lane = this.lane(model);
    if (!lane.parked) this.trace.change({ model, dimension: 'lane', reason: 'parked' });
    lane.park();
  }

  /** No further call: everyone who waits gets null. Calls in flight go on. */
  stop(): void {
    this.stopped = true;
    for (const lane of this.lanes.values()) lane.denyWaiters();
    this.slots.releaseUnused();
    // Otherwise the trace would miss what happened since the last tick.
    this.trace.second([...this.lanes.values()], this.concurrency);
    this.cancelTimer();
    this.cancelTick();
  }

  /** Applies other limits, or another cap on calls in flight, from now on. */
  retune(retuning: Retuning): void {
    const { model, concurrency, callsMost } = retuning;
    if (callsMost !== undefined) this.cap.setBound(callsMost);
    if (concurrency !== undefined) this.cap.set(concurrency);
    if (callsMost !== undefined || concurrency !== undefined) this.setSlots('set anew');
    for (const lane of this.lanes.values()) {
      if (model !== undefined && lane.model !== model) continue;
      lane.pacer.retune(this.now(), this.options.limits(lane.model), retuning);
    }
    this.pump();
  }

  /** Keeps calls from starting (true) for reasons on this side; that time does not count as an outage of the service. */
  suspend(isSuspended: boolean): void {
    this.isSuspended = isSuspended;
    this.pump();
  }

  /** The limits that this run has learned, by model; models whose limits were not reached are left out. */
  learned(): LearnedLimits[] {
    return [...this.lanes.values()].map((lane) => lane.learned()).filter((one) => one !== null);
  }

  /** Every lane as it is now, for progress and status. */
  paces(): LanePace[] {
    const now = this.now();
    return [...this.lanes.values()].map((lane) => lane.pace(now));
  }

  private now(): number {
    return this.options.clock.monotonicMs();
  }

  private lane(model: string): Lane {
    const known = this.lanes.get(model);
    if (known !== undefined) return known;
    const { maxUnreachableMs } = this.options;
    const options = { limits: this.options.limits(model), maxUnreachableMs };
    const lane: Lane = new Lane(model, options, (dimension, reason) => {
      this.trace.laneChange(lane, dimension, reason);
    });
    this.lanes.set(model, lane);
    this.trace.laneAdded(lane);
    return lane;
  }

  /** Starts every line that may start now, and sets the timer for the next one. Called whenever that may have changed. */
  private pump(): void {
    if (this.stopped || this.isSuspended) return;
    const now = this.now();
    const { pausedUntilMs } = this.outages.service;
    const nextMs = pausedUntilMs > now ? pausedUntilMs : this.start(now);
    if (nextMs !== null) this.wakeAt(nextMs, now);
  }

  /**
   * Starts every line that may start now. Returns when the next may (Infinity: nobody waits); null
   * where only the end of a call can make room.
   */
  private start(nowMs: number): number | null {
    for (;;) {
      let nextMs = Infinity;
      let next: Lane | null = null;
      for (const lane of this.lanes.values()) {
        const atMs = lane.nextStartMs(nowMs);
        if (atMs > nowMs) nextMs = Math.min(nextMs, atMs);
        else if (next === null || lane.inFlight < next.inFlight) next = lane;
      }
      const waiter = next?.next(nowMs);
      if (next === null || waiter === undefined) return nextMs;
      if (this.active >= this.slots.count || !this.outages.service.mayStart) return null;
      const reserved = this.reserve(waiter.line);
      if (!this.options.budget.fits(reserved.pico)) {
        // Calls in flight may turn out cheaper than reserved; without any, the cap is reached.
        if (this.active === 0) this.options.onBudgetReached(reserved.pico);
        return null;
      }
      this.startNext(next, nowMs, reserved);
    }
  }

  private startNext(lane: Lane, nowMs: number, reserved: Reservation): void {
    const waiter = lane.takeNext(nowMs);
    if (waiter === undefined) return;
    // The lane that had its turn moves to the end of the map: among equals, lanes take turns.
    if (this.lanes.size > 1) {
      this.lanes.delete(lane.model);
      this.lanes.set(lane.model, lane);
    }
    const { line, resolve } = waiter;
    const flight = lane.start(nowMs, line);
    this.outages.service.started(flight);
    this.options.budget.reserve(reserved.pico);
    this.active += 1;
    this.activeMost = Math.max(this.activeMost, this.active);
    const call = { lane, flight, reserved };
    this.slots.take((slot) => {
      resolve(new CallTicket(this.issuer, call, slot));
    });
  }

  private released(ticket: CallTicket, actual: Parameters<Ticket['release']>[0]): void {
    const { lane, flight, reserved, slot, hasWorked } = ticket;
    const { tokens, latencyMs } = actual;
    this.active -= 1;
    this.outages.service.ended(flight);
    this.options.budget.settle(reserved.pico, actual);
    lane.ended(flight, { tokens, latencyMs, hasWorked });
    if (latencyMs !== null) this.retries.answered();
    if (hasWorked) this.outages.failing.worked();
    this.slots.put(slot);
    this.pump();
  }

  private wakeAt(atMs: number, nowMs: number): void {
    if (this.timerAtMs <= atMs) return;
    this.cancelTimer();
    this.timerAtMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - nowMs), TIMER_MS_MAX);
    this.cancelTimer = this.options.clock.after(waitMs, () => {
      this.timerAtMs = Infinity;
      this.pump();
    });
  }

  /** Once a second: adjusts the cap on calls in flight, and checks for an outage. */
  private tick(): void {
    this.slots.releaseUnused();
    const now = this.now();
    const lanes = [...this.lanes.values()];
    for (const lane of lanes) if (this.isBlocked(lane, now)) lane.blocked(now);
    this.outages.check(now, lanes, this.isSuspended);
    const reason = this.cap.evaluate(secondTotals(lanes, now, this.activeMost));
    this.activeMost = this.active;
    this.trace.second(lanes, this.concurrency);
    this.setSlots(reason);
    if (this.stopped) return;
    this.cancelTick = this.options.clock.after(TICK_MS, () => {
      this.tick();
    });
    this.pump();
  }

  /** Whether the next call of a lane waits for others to end: for a slot, or for money. */
  private isBlocked(lane: Lane, nowMs: number): boolean {
    const waiter = lane.next(nowMs);
    if (waiter === undefined || this.active === 0 || lane.nextStartMs(nowMs) > nowMs) return false;
    const { pico } = this.reserve(waiter.line);
    return this.active >= this.slots.count || !this.options.budget.fits(pico);
  }

  private setSlots(reason: PaceChange['reason'] | null): void {
    const from = this.slots.count;
    const to = this.cap.value;
    if (to === from) return;
    this.slots.count = to;
    if (reason !== null) this.trace.capChange(reason, { from, to });
  }
}
