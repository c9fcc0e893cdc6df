import type { Database } from '../ledger/database.ts';
import { failedCodes } from '../ledger/lines.ts';
import type { Job } from '../ledger/records.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { RunEvent } from '../reporters/reporter.ts';

const TEXT_CHARS_MAX = 1_000;

/** Which failed lines are selected on the command line: all if both are empty. */
export type SelectedByUser = {
  readonly codes: readonly string[];
  readonly statuses: readonly number[];
};

/** Why `retry` selects no line. A mistyped code must not look like a job without failures: it warns. */
export function nothingToRetry(
  database: Database,
  job: Job,
  { codes, statuses }: SelectedByUser,
): Extract<RunEvent, { readonly event: 'notice' }> {
  const none = `job ${job.name} has no failed lines`;
  if (job.failed === 0) return { event: 'notice', severity: 'note', message: oneLine(none) };
  const wanted = [...codes, ...statuses].join(' or ');
  const found = failedCodes(database, job.id).join(', ');
  const told = `${none} with ${wanted}; those that failed have ${found}`;
  return { event: 'notice', severity: 'warning', message: oneLine(told, TEXT_CHARS_MAX) };
}
