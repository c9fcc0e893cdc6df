import type { Batch } from '../ledger/records.ts';

/** Everything that happened in one turn of the event loop, or a few, to be made durable together. */
export type TurnBatch = Batch & {
  /** Every line before this one is settled or blank: output in input order may go so far. */
  readonly frontier: number;
  /** A batch was put back before, and no call is in flight any more: nothing else will join this one. It may be empty. */
  readonly isLast: boolean;
  /**
   * To be called where it cannot be committed now: what has ended (`left` of it, where the rest could be committed) comes
   * again with a later batch, its starts are given up, and no further call begins until that batch is durable.
   */
  putBack(left?: Batch): void;
};
