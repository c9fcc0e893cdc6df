import { defer, type Deferred } from './deferred.ts';
import type { Batch } from '../ledger/records.ts';

/** Records to be written together, and the promises that wait for that. */
export type PendingBatch = {
  readonly batch: Batch;
  /** For its starts: whether they were written, so that their calls may leave. */
  readonly begun: Deferred<boolean>;
  /** For everything else. */
  readonly durable: Deferred<void>;
  /** Lines that wait for `durable`. */
  waiting: number;
};

/** Nothing yet. */
export function newPending(): PendingBatch {
  return {
    batch: { starts: [], ends: [], settled: [] },
    begun: defer(),
    durable: defer(),
    waiting: 0,
  };
}

/** The number of records to write. */
export function recordsIn({ batch: { starts, ends, settled } }: PendingBatch): number {
  return starts.length + ends.length + settled.length;
}

/**
 * Takes back a batch that could not be written (only `left` of it, if the rest could), and merges what came `since`. Their
 * starts resolve as `givesUpStarts` says. Ends are written together, in order.
 */
export function takeBack(
  failed: PendingBatch,
  {
    left = failed.batch,
    since,
    givesUpStarts,
  }: {
    readonly left: Batch | undefined;
    readonly since: PendingBatch;
    readonly givesUpStarts: Promise<boolean>;
  },
): PendingBatch {
  for (const { begun } of [failed, since]) givesUpStarts.then(begun.resolve, begun.reject);
  failed.durable.promise.then(since.durable.resolve, since.durable.reject);
  return {
    batch: {
      starts: [],
      ends: [...left.ends, ...since.batch.ends],
      settled: [...left.settled, ...since.batch.settled],
    },
    begun: defer(),
    durable: failed.durable,
    waiting: failed.waiting + since.waiting,
  };
}
