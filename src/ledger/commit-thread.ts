import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { type ExitCode, QbatchError } from '../errors.ts';
import type { Committer } from './committer.ts';
import type { Ledger } from './ledger.ts';
import type { Batch, CommitFacts } from './records.ts';

/** Built beside this module's bundle. */
const WORKER = new URL('commit-worker.js', import.meta.url);

/** What the thread is told when it starts. */
export type CommitThreadData = { readonly path: string; readonly jobId: number };

/** What the thread is asked; null: close the ledger and end. */
export type CommitRequest = { readonly batch: Batch; readonly facts: CommitFacts } | null;

/** What the thread says: durable, refused by the storage, or a bug with its stack. */
export type CommitReply =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; exitCode: ExitCode; message: string; hint: string | undefined }
  | { readonly kind: 'bug'; readonly stack: string };

function replyError(reply: Exclude<CommitReply, { kind: 'done' }>): Error {
  if (reply.kind === 'refused') {
    return new QbatchError(reply.exitCode, reply.message, reply.hint);
  }
  const error = new Error('the thread that writes the ledger failed');
  error.stack = reply.stack;
  return error;
}

/**
 * Commits on a thread of its own: what SQLite takes for a line (30 % of it all, half of it waiting
 * for the disk) is then taken while this thread goes on with calls. The thread has its own
 * connection to the same file; until `close` has resolved it is the only one that writes.
 *
 * Rejects as a commit does where the thread dies; what it had not answered for by then is as unknown
 * as after a crash, and the next run finds out.
 */
export function openCommitThread(ledger: Ledger, jobId: number): Committer {
  const data: CommitThreadData = { path: ledger.path, jobId };
  const worker = new Worker(WORKER, { workerData: data });
  let waiting: { resolve(): void; reject(error: Error): void } | null = null;
  let died: Error | null = null;
  const settle = (error: Error | null): void => {
    const asked = waiting;
    waiting = null;
    if (error === null) asked?.resolve();
    else asked?.reject(error);
  };
  worker.on('message', (reply: CommitReply) => {
    settle(reply.kind === 'done' ? null : replyError(reply));
  });
  worker.on('error', (error: Error) => {
    died = error;
    settle(died);
  });
  worker.on('exit', () => {
    died ??= new Error('the thread that writes the ledger has ended');
    settle(died);
  });
  const reply = (): Promise<void> =>
    new Promise((resolve, reject) => {
      if (died === null) waiting = { resolve, reject };
      else reject(died);
    });
  const ask = (request: CommitRequest): Promise<void> => {
    const answered = reply();
    worker.postMessage(request);
    return answered;
  };
  // Its first word: the ledger is open. Nobody need wait for it before the first batch.
  const opened = reply();
  opened.catch(() => undefined);
  return {
    commit: async (batch, facts) => {
      await opened;
      await ask({ batch, facts });
    },
    close: async () => {
      await opened.catch(() => undefined);
      if (died !== null) return;
      const ended = once(worker, 'exit');
      worker.postMessage(null satisfies CommitRequest);
      await ended;
    },
  };
}
