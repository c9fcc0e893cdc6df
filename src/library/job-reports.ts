import type { FailureGroup, RunSummary } from '../reporters/reporter.ts';
import type { UsageMeasures } from '../report/usage-report.ts';

/** `running`: a process holds its ledger for it. `open`: unfinished, the same run goes on with it. */
export type JobState = 'running' | 'open' | 'finished';

/** One job in a list, as `qbatch jobs --json` prints it. */
export type ListedJob = {
  readonly job: string;
  readonly ledger: string;
  readonly input: string;
  readonly state: JobState;
  /** Nobody billed its cost. */
  readonly simulated: boolean;
  readonly lines: RunSummary['lines'];
  readonly cost: RunSummary['cost'];
  /** ISO 8601, UTC. */
  readonly updated_at: string;
};

/** One job in detail, as `qbatch status --json` prints it, but for how its dispatch went. */
export type StatusReport = RunSummary & {
  readonly state: JobState;
  /** Who works the ledger at this moment; `started_at`: ISO 8601, UTC; `job` null: not told. */
  readonly holder: null | {
    readonly pid: number;
    readonly host: string;
    readonly started_at: string;
    readonly job: string | null;
  };
  readonly by_model: readonly (UsageMeasures & { readonly model: string | null })[];
  readonly failures: readonly Omit<FailureGroup, 'line'>[];
  /** 10,000 at the most; `possibly_billed.lines` counts them all. */
  readonly possibly_billed_lines: readonly {
    /** Null for a line that is no longer in the input. */
    readonly line: number | null;
    readonly custom_id: string | null;
    readonly attempts: number;
  }[];
  /** What checking ledger and files against each other found; null where it was not asked for. */
  readonly verify: null | { readonly ok: boolean; readonly findings: readonly string[] };
};

/** What the service sent; `body` as JSON.parse reads it (the file has all digits of numbers beyond 2^53), null where it was no JSON. */
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

/** One failed or rejected line, as in the errors file; `response` null where none came, `custom_id` where it could not be read. */
export type ErrorLine = {
  readonly id: string;
  readonly custom_id: string | null;
  readonly response: LineResponse | null;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly param: string | null;
    /** In the input, from 1. */
    readonly line: number;
  };
};
