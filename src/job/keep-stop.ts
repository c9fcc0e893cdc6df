import type { QbatchError } from '../errors.ts';
import { waitForLocks } from '../ledger/busy.ts';
import { findJob, setLastStop } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import { isBug } from '../ledger/storage-error.ts';
import { type Stopped, stoppedBy } from './run-stop.ts';

/** Tries once, with a short lock wait; ignores disk and lock errors, throws bugs. */
function unlessFailing(ledger: Ledger, act: () => void): void {
  waitForLocks(ledger, 'briefly');
  try {
    act();
  } catch (error) {
    if (isBug(error)) throw error;
  }
}

/**
 * Stores why a run ended before every line was settled, for `status`, if the ledger accepts it; else `status` keeps saying
 * that no reason was recorded. Does not change how the run ends.
 */
export function keepStop(ledger: Ledger, job: Job, stopped: Stopped): void {
  unlessFailing(ledger, () => {
    ledger.transact(() => {
      setLastStop(ledger, job.id, stopped);
    });
  });
}

/**
 * Like `keepStop`, for the error that made a run fail. That may be the ledger itself: the original error is the one to
 * report.
 */
export function keepFailure(
  { ledger, job, redact }: { ledger: Ledger; job: Job; redact(text: string): string },
  error: QbatchError,
): void {
  const stopped = stoppedBy(error);
  const message = redact(stopped.message);
  unlessFailing(ledger, () => {
    ledger.refuseUnfit();
    if (findJob(ledger.database, job.name)?.lastStop !== 'running') return;
    keepStop(ledger, job, { ...stopped, message });
  });
}
