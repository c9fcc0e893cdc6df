import path from 'node:path';
import { byKeys } from '../by-keys.ts';
import { systemClock } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { workingFolder } from '../files/working-folder.ts';
import type { AttemptRecord } from '../ledger/attempt-record.ts';
import { chooseJob, chooseJobs } from '../ledger/find-jobs.ts';
import { findJob } from '../ledger/jobs.ts';
import { jobsHere } from '../ledger/moved-files.ts';
import { openForReading } from '../ledger/open-for-reading.ts';
import { asReadingError, openSnapshot, readLedger } from '../ledger/read-ledger.ts';
import { usageReport } from '../ledger/usage.ts';
import { refuseJobName, refuseLook } from '../library/check-options.ts';
import type { LedgerReader } from '../library/ledger-reader.ts';
import type { ErrorLine, ResultLine } from '../library/job-reports.ts';
import { exportJsonl, type ExportRequest } from './export-rows.ts';
import { listLedger } from './jobs.ts';
import { jobStatus, statusReport } from './status.ts';

const NEVER = new AbortController().signal;

/**
 * Opens a ledger for reading, possibly while a run works on it: the data of `qbatch jobs`, `status`, `usage` and `export`,
 * as objects. `ledger`: its path (`summary.ledger` of a run), relative to the working folder. Nothing is written, and no
 * file stays open between calls.
 *
 * Throws `QbatchError`: 64 if no path is given, 66 if there is no ledger, 78 if it is not qbatch's or is damaged.
 */
export function openLedger(ledger: string): LedgerReader {
  if (typeof ledger !== 'string' || ledger === '')
    throw new UsageError('openLedger: no ledger path given', 'give one, such as in.qbatch.db');
  const ledgerPath = path.isAbsolute(ledger) ? ledger : path.resolve(workingFolder(), ledger);
  openForReading(ledgerPath).close();
  const choice = (jobName: string | undefined) => ({ job: undefined, ledger: ledgerPath, jobName });
  const choose = (jobName: string | undefined) => chooseJob(choice(jobName), ledgerPath);
  const rows = <Row>(job: string | undefined, what: ExportRequest['what']) =>
    exported<Row>(ledgerPath, { what, job }, () => choose(job).name);
  return {
    path: ledgerPath,
    jobs: () => listLedger(ledgerPath),
    async status(options = {}) {
      refuseLook('status', options);
      const { job, verify = false } = options;
      return statusReport(
        await jobStatus(choose(job), verify, { clock: systemClock, stop: NEVER }),
      );
    },
    async usage(options = {}) {
      refuseLook('usage', options);
      const { jobs, by = ['model'] } = options;
      return readLedger(ledgerPath, (database) => {
        const names = new Set(
          (jobs ?? [undefined])
            .flatMap((job) => chooseJobs(choice(job), ledgerPath))
            .map(({ name }) => name),
        );
        const wanted = jobsHere(database, ledgerPath).filter(({ name }) => names.has(name));
        return usageReport([{ ledgerPath, database, jobs: wanted }], byKeys(by));
      });
    },
    results: (job) => rows<ResultLine>(job, 'results'),
    errors: (job) => rows<ErrorLine>(job, 'errors'),
    attempts: (job) => rows<AttemptRecord>(job, 'attempts'),
  };
}

/** Rows of an export, read on demand; the ledger stays open until the last one, or until the consumer stops. */
async function* exported<Row>(
  ledgerPath: string,
  { what, job: asked }: { readonly what: ExportRequest['what']; readonly job: unknown },
  nameOf: () => string,
): AsyncGenerator<Row, void, void> {
  refuseJobName(what, asked);
  const name = nameOf();
  const database = openSnapshot(ledgerPath);
  try {
    const job = findJob(database, name);
    if (job === null) return;
    for (const text of exportJsonl(database, job, { what, order: 'input' }))
      yield JSON.parse(text) as Row;
  } catch (error) {
    throw asReadingError(error, ledgerPath);
  } finally {
    database.close();
  }
}
