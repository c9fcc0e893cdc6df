import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { isThere } from '../is-there.ts';
import { jobsOfFolder } from '../ledger/find-jobs.ts';
import { findJob } from '../ledger/jobs.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import type { Places } from './run-places.ts';

/** Failed lines can be retried, and their bodies are nowhere else. */
function isDone(job: Job): boolean {
  return job.state === 'finished' && job.failed === 0;
}

/**
 * Removes the spooled copy of stdin where no job needs it any more: neither this one nor, since copies are named by
 * their content, one of another ledger in the folder. A ledger that cannot be read may be one that does.
 */
export async function removeSpool({ source, ledgerPath, jobName }: Places): Promise<void> {
  try {
    const own = isThere(ledgerPath)
      ? await readLedger(ledgerPath, (database) => findJob(database, jobName))
      : null;
    if (own !== null && !isDone(own)) return;
    const { jobs, unreadable } = jobsOfFolder(dirname(source.path));
    if (unreadable.length > 0) return;
    if (jobs.some(({ job }) => job.inputPath === source.path && !isDone(job))) return;
  } catch {
    // Why a ledger cannot be read is told where it matters.
    return;
  }
  rmSync(source.path, { force: true });
}
