import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { jobsOfFolder } from '../ledger/find-jobs.ts';
import { jobsHere } from '../ledger/moved-files.ts';
import { lookIntoLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import type { Places } from './run-places.ts';

/** Failed lines can be retried, and their bodies are nowhere else. */
function isDone(job: Job): boolean {
  return job.state === 'finished' && job.failed === 0;
}

/**
 * Removes the spooled copy of stdin where no job needs it any more: none of its ledger nor, since copies are named by
 * their content, of another one in the folder. A ledger that cannot be read may be one that does.
 */
export function removeSpool({ source, ledgerPath }: Places): void {
  const needsIt = (job: Job): boolean => job.inputPath === source.path && !isDone(job);
  try {
    const own = isThere(ledgerPath)
      ? lookIntoLedger(ledgerPath, (database) => jobsHere(database, ledgerPath))
      : [];
    if (own.some(needsIt)) return;
    // A backup that is put back goes on with its job, and needs what the job reads.
    const { all, unreadable } = jobsOfFolder(dirname(source.path));
    if (unreadable.length > 0 || all.some(({ job }) => needsIt(job))) return;
  } catch {
    // Why a ledger cannot be read is told where it matters.
    return;
  }
  rmSync(source.path, { force: true });
}
