import type { FailureClass } from '../failure.ts';

/** What the limiter needs to know of a line. */
export type Admittable = {
  readonly model: string;
  readonly inputTokens: number;
  readonly outputExpectedTokens: number;
  readonly estimatedPico: number | null;
};

/** Leave to make one call; a slot is held until `release`. */
export type Ticket = {
  /** The service took the call (whatever it answered). */
  admitted(): void;
  /**
   * The service refused the call for its rate, tokens or growth (`why`); `waitMs`: its Retry-After.
   * Costs the line no attempt. Returns the pause of the lane, for the report.
   */
  throttled(why: FailureClass, waitMs: number | null): number;
  /**
   * The call failed at the service: an error of its own, no capacity, or no answer in time. Many of
   * them slow the lane a little and lower the calls in flight.
   */
  overloaded(): void;
  /** Gives the slot back: only once the call's record is durable. `tokens`: what it took, where known. */
  release(actual: { tokens: number | null; pico: number; latencyMs: number | null }): void;
};
