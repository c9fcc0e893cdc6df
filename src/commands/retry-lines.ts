import { ConfigError } from '../errors.ts';
import { reopenJob } from '../job/run-job.ts';
import { findJob } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { failedCodes } from '../ledger/lines.ts';
import type { Job } from '../ledger/records.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { Reporter, RunEvent } from '../reporters/reporter.ts';
import type { CommandIo } from './io.ts';

const TEXT_CHARS_MAX = 1_000;

/** Which failed lines are selected: all if both are empty. */
type Wanted = { readonly codes: readonly string[]; readonly statuses: readonly number[] };

/**
 * Reopens the failed lines selected by `retry`, inside a transaction, and returns the updated job. Reports why if there are
 * none.
 */
export function retryLines(
  ledger: Ledger,
  job: Job,
  at: Wanted & { readonly io: CommandIo; readonly reporter: Reporter },
): Job {
  const { codes, statuses, io, reporter } = at;
  const wallMs = io.clock.wallMs();
  const reopened = reopenJob(ledger, job, { codes, statusCodes: statuses, wallMs });
  if (reopened === 0) reporter.report(nothingToRetry(ledger, job, at));
  const now = findJob(ledger.database, job.name);
  if (now === null) throw new ConfigError(`job ${job.name} is gone from ${ledger.path}`);
  return now;
}

/** A mistyped code must not look like a job without failures: it warns. */
function nothingToRetry(ledger: Ledger, job: Job, { codes, statuses }: Wanted): RunEvent {
  const none = `job ${job.name} has no failed lines`;
  if (job.failed === 0) return { event: 'notice', severity: 'note', message: oneLine(none) };
  const wanted = [...codes, ...statuses].join(' or ');
  const found = failedCodes(ledger.database, job.id).join(', ');
  const told = `${none} with ${wanted}; those that failed have ${found}`;
  return { event: 'notice', severity: 'warning', message: oneLine(told, TEXT_CHARS_MAX) };
}
