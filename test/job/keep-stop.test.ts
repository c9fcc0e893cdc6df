import { expect, onTestFinished, test } from 'vitest';
import { EXIT, QbatchError } from '../../src/errors.ts';
import { keepFailure, keepStop } from '../../src/job/keep-stop.ts';
import { setLastStop } from '../../src/ledger/jobs.ts';
import Database from '../helpers/sqlite.mjs';
import { addJob, jobOf, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

const STOPPED = { reason: 'terminated', code: EXIT.terminated, message: 'by a signal' };
const FAILURE = new QbatchError(EXIT.io, 'cannot write a file of sk-secret');
const plain = (text: string): string => text;

/** A job whose run is under way. */
function openRunning() {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const job = addJob(ledger, folder);
  ledger.transact(() => {
    setLastStop(ledger, job.id, 'running');
  });
  return { ledger, job };
}

/** Another program locks it for writing, for good. */
function lock(ledger: ReturnType<typeof openTempLedger>): void {
  const other = new Database(ledger.path);
  onTestFinished(() => {
    other.close();
  });
  other.exec('BEGIN IMMEDIATE');
  ledger.database.pragma('busy_timeout = 0');
}

test('why a run stopped or failed is kept, without the key', () => {
  const stopped = openRunning();
  keepStop(stopped.ledger, stopped.job, STOPPED);
  expect(jobOf(stopped.ledger).lastStop).toEqual(STOPPED);
  const failed = openRunning();
  keepFailure({ ...failed, redact: (text) => text.replace('sk-secret', '***') }, FAILURE);
  expect(jobOf(failed.ledger).lastStop).toEqual({
    reason: 'error',
    code: EXIT.io,
    message: 'cannot write a file of ***',
  });
});

test('a locked ledger: nothing is kept, and nothing thrown', () => {
  const { ledger, job } = openRunning();
  lock(ledger);
  keepStop(ledger, job, STOPPED);
  keepFailure({ ledger, job, redact: plain }, FAILURE);
  expect(jobOf(ledger).lastStop).toBe('running');
});

test('a bug on the way is not hidden', () => {
  const { ledger, job } = openRunning();
  const redact = (): string => {
    throw new TypeError('a bug');
  };
  expect(() => {
    keepFailure({ ledger, job, redact }, FAILURE);
  }).toThrow('a bug');
  expect(() => {
    ledger.transact(() => {
      keepStop(ledger, job, STOPPED);
    });
  }).toThrow('a transaction is open already');
});
