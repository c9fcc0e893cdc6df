import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { jobsOfFolder } from '../ledger/find-jobs.ts';
import { jobsHere } from '../ledger/moved-files.ts';
import { lookIntoLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import type { Places } from './run-places.ts';

/** Failed lines can be retried, and their bodies exist nowhere else. */
function isDone(job: Job): boolean {
  return job.state === 'finished' && job.failed === 0;
}

/**
 * Removes the spooled copy of stdin if no job needs it any more: neither in its ledger nor, since copies are named by
 * content, in another one in the folder. An unreadable ledger may hold one that does.
 */
export function removeSpool({ source, ledgerPath }: Places): void {
  const needsIt = (job: Job): boolean => job.inputPath === source.path && !isDone(job);
  try {
    const own = isThere(ledgerPath)
      ? lookIntoLedger(ledgerPath, (database) => jobsHere(database, ledgerPath))
      : [];
    if (own.some(needsIt)) return;
    // A restored backup continues its job, and needs that job's input.
    const { all, unreadable } = jobsOfFolder(dirname(source.path));
    if (unreadable.length > 0 || all.some(({ job }) => needsIt(job))) return;
  } catch {
    // Unreadable ledgers are reported where it matters.
    return;
  }
  rmSync(source.path, { force: true });
}
