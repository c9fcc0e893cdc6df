import { parentPort, workerData } from 'node:worker_threads';
import { QbatchError } from '../errors.ts';
import type { CommitReply, CommitRequest, CommitThreadData } from './commit-thread.ts';
import { Ledger } from './ledger.ts';

// The thread of commit-thread.ts: a connection of its own, one batch at a time.

const port = parentPort;
if (port === null) throw new Error('commit-worker runs as a thread of qbatch only');

const { path, jobId } = workerData as CommitThreadData;

function reply(act: () => void): void {
  let said: CommitReply = { kind: 'done' };
  try {
    act();
  } catch (error) {
    said =
      error instanceof QbatchError
        ? { kind: 'refused', exitCode: error.exitCode, message: error.message, hint: error.hint }
        : { kind: 'bug', stack: error instanceof Error ? String(error.stack) : String(error) };
  }
  port?.postMessage(said);
}

let ledger: Ledger | null = null;
reply(() => {
  ledger = Ledger.attach(path);
});
port.on('message', (request: CommitRequest) => {
  if (request === null) {
    ledger?.close();
    port.close();
    return;
  }
  reply(() => {
    if (ledger === null) throw new Error('the ledger was never opened');
    ledger.commit(jobId, request.batch, request.facts);
  });
});
