import type { QbatchError } from '../errors.ts';
import { waitForLocks } from '../ledger/busy.ts';
import { findJob, setLastStop } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import { isBug } from '../ledger/storage-error.ts';
import { type Stopped, stoppedBy } from './run-stop.ts';

/** Tries once, and briefly, what a disk or a lock may keep from being done; throws a bug alone. */
function unlessFailing(ledger: Ledger, act: () => void): void {
  waitForLocks(ledger, 'briefly');
  try {
    act();
  } catch (error) {
    if (isBug(error)) throw error;
  }
}

/**
 * Why a run ended before every line was settled is kept for `status`, where the ledger can take it: else `status` goes on
 * saying that nobody wrote it down. The run ends as it would.
 */
export function keepStop(ledger: Ledger, job: Job, stopped: Stopped): void {
  unlessFailing(ledger, () => {
    ledger.transact(() => {
      setLastStop(ledger, job.id, stopped);
    });
  });
}

/** As `keepStop`, for what made a run fail, which may be the ledger: that error is the one to tell. */
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
