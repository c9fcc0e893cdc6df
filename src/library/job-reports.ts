import type { FailureGroup, RunSummary } from '../reporters/reporter.ts';
import type { UsageMeasures } from '../report/usage-report.ts';

/** `running`: a process holds its ledger for it. `open`: unfinished, the same run continues it. */
export type JobState = 'running' | 'open' | 'finished';

/** One job in a list, as `qbatch jobs --json` prints it. */
export type ListedJob = {
  readonly job: string;
  readonly ledger: string;
  readonly input: string;
  readonly state: JobState;
  /** Its cost was not billed. */
  readonly simulated: boolean;
  readonly lines: RunSummary['lines'];
  readonly cost: RunSummary['cost'];
  /** ISO 8601, UTC. */
  readonly updated_at: string;
};

/** One job in detail, as `qbatch status --json` prints it, without the dispatch. */
export type StatusReport = RunSummary & {
  readonly state: JobState;
  /** The current holder of the ledger; `started_at`: ISO 8601, UTC; `job` null: unknown. */
  readonly holder: null | {
    readonly pid: number;
    readonly host: string;
    readonly started_at: string;
    readonly job: string | null;
  };
  readonly by_model: readonly (UsageMeasures & { readonly model: string | null })[];
  readonly failures: readonly Omit<FailureGroup, 'line'>[];
  /** At most 10,000; `possibly_billed.lines` counts all. */
  readonly possibly_billed_lines: readonly {
    /** Null for a line that is no longer in the input. */
    readonly line: number | null;
    readonly custom_id: string | null;
    readonly attempts: number;
  }[];
  /** Findings of the cross-check of ledger and files; null if not requested. */
  readonly verify: null | { readonly ok: boolean; readonly findings: readonly string[] };
};

/**
 * What the service sent; `body` as parsed by JSON.parse (the file has all digits of numbers beyond 2^53), null if it was
 * not JSON.
 */
export type LineResponse = {
  readonly status_code: number;
  readonly request_id: string | null;
  readonly body: unknown;
};

/** One answered line, as in the results file. */
export type ResultLine = {
  readonly id: string;
  readonly custom_id: string;
  readonly response: LineResponse;
  readonly error: null;
};

/**
 * One failed or rejected line, as in the errors file; `response` null if none came, `custom_id` null if it could not be
 * read.
 */
export type ErrorLine = {
  readonly id: string;
  readonly custom_id: string | null;
  readonly response: LineResponse | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly param: string | null;
    /** Line number in the input, from 1. */
    readonly line: number;
  };
};
