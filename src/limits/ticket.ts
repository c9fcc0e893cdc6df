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
  /** Gives the slot back: only once the call's record is durable. `tokens`: what it took, where known. */
  release(actual: { tokens: number | null; pico: number; latencyMs: number | null }): void;
};
