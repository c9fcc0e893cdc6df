import type { AttemptRecord } from '../ledger/attempt-record.ts';
import type { UsageReport } from '../report/usage-report.ts';
import type { ErrorLine, ListedJob, ResultLine, StatusReport } from './job-reports.ts';

/**
 * A ledger that is read. Each call sees one moment of it, also while a run goes on. Where a ledger holds several jobs,
 * `job` names one; left out, it is the only one, else the only unfinished one.
 *
 * All reject with `QbatchError`: 66 for an unknown job, 64 where several fit, 78 for a damaged ledger.
 */
export type LedgerReader = {
  /** Absolute. */
  readonly path: string;
  /** All jobs, oldest first. */
  jobs(): Promise<readonly ListedJob[]>;
  /** One job in detail; with `verify` its ledger and files are checked against each other, which reads all of them. */
  status(options?: {
    readonly job?: string | undefined;
    readonly verify?: boolean | undefined;
  }): Promise<StatusReport>;
  /**
   * Usage and cost, of all jobs or of those named, added up by model, or by what `by` names: `model`, `day`, `hour`,
   * `job`, `status`, `code`, `thinking`, `tag:NAME`. Currencies are never added up.
   */
  usage(options?: {
    readonly jobs?: readonly string[] | undefined;
    readonly by?: readonly string[] | undefined;
  }): Promise<UsageReport>;
  /** Answered lines so far, in the order of the input. While it is read, a run cannot shorten the ledger's `-wal`. */
  results(job?: string): AsyncGenerator<ResultLine, void, void>;
  /** Failed and rejected lines so far, likewise. */
  errors(job?: string): AsyncGenerator<ErrorLine, void, void>;
  /** Every call, likewise. */
  attempts(job?: string): AsyncGenerator<AttemptRecord, void, void>;
};
