import type { Batch } from '../ledger/records.ts';

/** Everything that happened in one turn of the event loop, or a few, to be made durable together. */
export type TurnBatch = Batch & {
  /** Every line before this one is settled or blank: output in input order may go this far. */
  readonly frontier: number;
  /** A batch was put back, and no call is in flight any more: nothing else will join this one. May be empty. */
  readonly isLast: boolean;
  /**
   * To be called if the batch cannot be committed now: its ends (only `left` of them, if the rest could be committed) come
   * again with a later batch, its starts are given up, and no further call begins until that batch is durable.
   */
  putBack(left?: Batch): void;
};
