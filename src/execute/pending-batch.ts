import { defer, type Deferred } from './deferred.ts';
import type { Batch } from '../ledger/records.ts';

/** What lines want written down together, and what they wait for until it is. */
export type PendingBatch = {
  readonly batch: Batch;
  /** Of its starts: whether they were written down, so that their calls may leave. */
  readonly begun: Deferred<boolean>;
  /** Of everything else. */
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

/** How many records there are to write. */
export function recordsIn({ batch: { starts, ends, settled } }: PendingBatch): number {
  return starts.length + ends.length + settled.length;
}

/**
 * Takes back a batch that could not be written (`left` of it, where the rest could), and what has come `since`. Their
 * starts get what `givesUpStarts` says. What has ended is to be written together, in its order.
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
