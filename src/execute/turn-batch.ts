import type { Batch } from '../ledger/records.ts';

/** Everything that happened in one turn of the event loop, or a few, to be made durable together. */
export type TurnBatch = Batch & {
  /** Every line before this one is settled or blank: the front of output in input order. */
  readonly frontier: number;
  /** After one was put back: no call is in flight any more, so that nothing else will join it. */
  readonly isLast: boolean;
  /**
   * It cannot be written now: what has ended comes again with a later batch, its starts are given up, and no
   * further call begins.
   */
  putBack(): void;
};
