import type { Holder } from '../ledger/lock.ts';
import type { PossiblyBilledLine } from '../ledger/possibly-billed.ts';
import type { RunFlags } from '../ledger/records.ts';
import type { Verification } from '../ledger/verify.ts';
import type { DispatchReport } from '../report/dispatch-report.ts';
import type { UsageReport } from '../report/usage-report.ts';
import type { FailureGroup, RunSummary } from '../reporters/reporter.ts';
import type { JobState } from '../library/job-reports.ts';

/** All reported facts of one job. */
export type JobStatus = {
  readonly summary: RunSummary;
  readonly inputPath: string;
  readonly state: JobState;
  /** Flags of the last run that the next command needs. */
  readonly runFlags: RunFlags;
  /** See `job-end`. */
  readonly filesWait: boolean;
  /** Its last run ended before it could record why. */
  readonly killed: boolean;
  readonly holder: Holder | null;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
  readonly byModel: UsageReport;
  readonly failures: readonly FailureGroup[];
  readonly possiblyBilledLines: readonly PossiblyBilledLine[];
  /** How its last run used the quota; null if no run was traced. */
  readonly dispatch: DispatchReport | null;
  /** Null if not requested. */
  readonly verify: Verification | null;
};
