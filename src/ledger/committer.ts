import type { Ledger } from './ledger.ts';
import type { Batch, CommitFacts } from './records.ts';

/** Commits the batches of one job, one after the other. */
export type Committer = {
  /**
   * Resolves once everything in the batch is durable. Rejects with a QbatchError where the storage
   * refused it; then nothing of it was written. Not to be called again before that.
   */
  commit(batch: Batch, facts: CommitFacts): Promise<void>;
  /** Ends it; the ledger may be written by others again once this resolves. */
  close(): Promise<void>;
};

/** Commits on this thread, with the ledger's own connection. */
export function committerHere(ledger: Ledger, jobId: number): Committer {
  return {
    commit: async (batch, facts) => {
      ledger.commit(jobId, batch, facts);
    },
    close: async () => undefined,
  };
}
