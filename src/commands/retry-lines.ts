import { ConfigError } from '../errors.ts';
import { reopenJob } from '../job/run-job.ts';
import { findJob } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job } from '../ledger/records.ts';
import type { Reporter } from '../reporters/reporter.ts';
import type { CommandIo } from './io.ts';
import { nothingToRetry, type SelectedByUser } from './nothing-to-retry.ts';

/**
 * Reopens the failed lines selected by `retry`, inside a transaction, and returns the updated job. Reports why if there are
 * none.
 */
export function retryLines(
  ledger: Ledger,
  job: Job,
  at: SelectedByUser & { readonly io: CommandIo; readonly reporter: Reporter },
): Job {
  const { codes, statuses, io, reporter } = at;
  const wallMs = io.clock.wallMs();
  const reopened = reopenJob(ledger, job, { codes, statusCodes: statuses, wallMs });
  if (reopened === 0) reporter.report(nothingToRetry(ledger.database, job, at));
  const now = findJob(ledger.database, job.name);
  if (now === null) throw new ConfigError(`job ${job.name} is gone from ${ledger.path}`);
  return now;
}
