import type { FailureClass } from '../failure.ts';
import type { Extras } from '../models/extras.ts';
import type { Spent } from './budget.ts';

/** What the limiter needs to know of a line. */
export type Admittable = {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputExpectedTokens: number;
  /** The most that can come; null: unknown. */
  readonly outputMaxTokens: number | null;
  /** How many answers are asked for. */
  readonly choices: number;
  readonly thinking: boolean;
  readonly estimatedPico: number | null;
  /** Null: text alone. */
  readonly extras: Extras | null;
};

/** A line's `first` turn comes after all others'. `again`: before them, unless it was refused so often that others are tried first. */
export type Turn = 'first' | 'again';

/** What a call sets aside before it is sent; `pico` null: without a price. */
export type Reservation = { readonly tokens: number; readonly pico: number | null };

/** What a line's own estimate sets aside. */
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
  readonly said: string | null;
};

/** What follows a refusal. */
export type AfterRefusal = {
  /** The pause of the lane, for the report; 0: none, the refusal is the line's own. */
  readonly waitMs: number;
  /** The line was refused so often while others were admitted that it is given up; null: it is tried again. */
  readonly hopelessAfter: number | null;
};

/** Leave to make one call; a slot is held until `release`. */
export type Ticket = {
  /** What was set aside for the call: what it may have taken where nobody says. */
  readonly reserved: Reservation;
  /** The call has a connection: after an outage, others may try too. */
  connected(): void;
  /** A reply has begun: the service can be reached, whatever it says, and however long the rest takes. */
  reached(): void;
  /** The service took the call (whatever it answered). */
  admitted(): void;
  /**
   * The service refused the call for its rate, tokens or growth (`why`); `waitMs`: its Retry-After;
   * `said`: its own words. Costs the line no attempt.
   */
  throttled(why: FailureClass, waitMs: number | null, said?: string): AfterRefusal;
  /**
   * The call failed at the service: an error of its own, no capacity, or no answer in time. Many of
   * them slow the lane a little and lower the calls in flight; nothing but them ends the run in time. `said`: the error in words.
   */
  overloaded(said: string): void;
  /**
   * Gives the slot back, to be called once the call's end is handed to the journal: whoever gets it
   * writes a start record before anything is sent. Only the first time counts. `tokens`: what the call
   * took, where known.
   */
  release(actual: Spent & { tokens: number | null; latencyMs: number | null }): void;
};

/** Who waits for leave. */
export type Waiter = {
  readonly line: Admittable;
  readonly resolve: (ticket: Ticket | null) => void;
};

/** What a lane is told of the end of a call. `hasWorked`: it was answered, or refused for what it was. */
export type CallEnd = {
  readonly tokens: number | null;
  readonly latencyMs: number | null;
  readonly hasWorked: boolean;
};
