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
 * A ledger to be read, also while a run works it: what `qbatch jobs`, `status`, `usage` and `export` tell, as objects.
 * `ledger`: its path (`summary.ledger` of a run), from the working folder. Nothing is written, and no file is held open
 * between two calls.
 *
 * Throws `QbatchError`: 64 where no path is named, 66 where there is no ledger, 78 where it is none of qbatch's or damaged.
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

/** Rows of an export, read as they are asked for; the ledger is open until the last one, or until no more are wanted. */
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
