import type { FailureClass } from '../failure.ts';
import type { Extras } from '../models/extras.ts';
import type { CallCost } from './budget.ts';

/** What the limiter needs to know of a line. */
export type Admittable = {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputExpectedTokens: number;
  /** The most output possible; null: unknown. */
  readonly outputMaxTokens: number | null;
  /** The number of answers requested. */
  readonly choices: number;
  readonly thinking: boolean;
  readonly estimatedPico: number | null;
  /** Null: text only. */
  readonly extras: Extras | null;
};

/**
 * `first`: the line queues behind all others. `again`: ahead of them, unless it was refused so often that others are tried
 * first.
 */
export type QueueEntry = 'first' | 'again';

/** What a call reserves before it is sent; `pico` null: no known price. */
export type Reservation = { readonly tokens: number; readonly pico: number | null };

/** The reservation by a line's own estimate. */
export function ownEstimate(line: Admittable): Reservation {
  return {
    tokens: line.inputTokens + line.outputExpectedTokens,
    pico: line.estimatedPico,
  };
}

/** A call that was refused: for what, the service's own pause, and its words; null: it had none. */
export type Refusal = {
  readonly why: FailureClass;
  readonly waitMs: number | null;
  readonly message: string | null;
};

/** What follows a refusal. */
export type AfterRefusal = {
  /** The pause of the lane, for the report; 0: none, the refusal is the line's own. */
  readonly waitMs: number;
  /** The line is given up after this many refusals, since others were admitted; null: it is tried again. */
  readonly givenUpAfter: number | null;
};

/** Permission to make one call; holds a slot until `release`. */
export type Ticket = {
  /** What was reserved for the call: its presumed cost if no answer tells. */
  readonly reserved: Reservation;
  /** The call has a connection: after an outage, others may try too. */
  connected(): void;
  /** A reply has begun: the service is reachable, whatever it says and however long the rest takes. */
  reached(): void;
  /** The service accepted the call, whatever it answered. */
  admitted(): void;
  /**
   * The service refused the call for its rate, tokens or growth (`why`); `waitMs`: its Retry-After;
   * `message`: its own words. Costs the line no attempt.
   */
  throttled(why: FailureClass, waitMs: number | null, message?: string): AfterRefusal;
  /**
   * The call failed at the service: an error of its own, no capacity, or no answer in time. Many of
   * them slow the lane a little and lower the calls in flight; nothing but them ends the run in time. `message`: the error in words.
   */
  overloaded(message: string): void;
  /**
   * Returns the slot. Call it once the call's end is handed to the journal: the next holder writes a start record before it
   * sends anything. Only the first call counts. `tokens`: what the call used, if known.
   */
  release(actual: CallCost & { tokens: number | null; latencyMs: number | null }): void;
};

/** Waits for a ticket. */
export type Waiter = {
  readonly line: Admittable;
  readonly resolve: (ticket: Ticket | null) => void;
};

/** The end of a call as reported to its lane. `hasWorked`: it was answered, or rejected for its content. */
export type CallEnd = {
  readonly tokens: number | null;
  readonly latencyMs: number | null;
  readonly hasWorked: boolean;
};
