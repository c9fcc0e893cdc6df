import type { AttemptRecord } from '../ledger/attempt-record.ts';
import type { UsageReport } from '../report/usage-report.ts';
import type { ErrorLine, ListedJob, ResultLine, StatusReport } from './job-reports.ts';

/**
 * Reads a ledger. Each call sees a snapshot, even during a run. If a ledger holds several jobs, `job` names one; by
 * default, the only one, else the only unfinished one.
 *
 * All reject with `QbatchError`: 66 for an unknown job, 64 if several match, 78 for a damaged ledger.
 */
export type LedgerReader = {
  /** Absolute. */
  readonly path: string;
  /** All jobs, oldest first. */
  jobs(): Promise<readonly ListedJob[]>;
  /** One job in detail; `verify` cross-checks its ledger and files, which reads all of them. */
  status(options?: {
    readonly job?: string | undefined;
    readonly verify?: boolean | undefined;
  }): Promise<StatusReport>;
  /**
   * Usage and cost of all or the named jobs, summed by model, or by what `by` names: `model`, `day`, `hour`, `job`,
   * `status`, `code`, `thinking`, `tag:NAME`. Never mixes currencies.
   */
  usage(options?: {
    readonly jobs?: readonly string[] | undefined;
    readonly by?: readonly string[] | undefined;
  }): Promise<UsageReport>;
  /** Answered lines so far, in input order. While being read, a run cannot truncate the ledger's `-wal`. */
  results(job?: string): AsyncGenerator<ResultLine, void, void>;
  /** Failed and rejected lines so far, likewise. */
  errors(job?: string): AsyncGenerator<ErrorLine, void, void>;
  /** Every call, likewise. */
  attempts(job?: string): AsyncGenerator<AttemptRecord, void, void>;
};
