import type { DispatchState, Progress } from '../reporters/reporter.ts';
import type { UsageGroup, UsageMeasures } from './usage-report.ts';

/** One job of the report. Times are milliseconds since 1970, as everywhere in these data. */
export type ReportJob = {
  readonly job: string;
  readonly ledger: string;
  readonly input: string;
  readonly state: string;
  readonly simulated: boolean;
  readonly currency: string;
  readonly lines: {
    readonly total: number;
    readonly answered: number;
    readonly failed: number;
    readonly rejected: number;
    readonly open: number;
  };
  readonly createdAt: number;
  readonly updatedAt: number;
};

/**
 * Calls by end time, in steps of `spanMs`, by series: a model in a currency. Columns of equal length; a step and series
 * without calls has no entry.
 */
export type ReportTimeline = {
  readonly spanMs: number;
  readonly series: readonly ReportSeries[];
  readonly at: readonly number[];
  /** Index into `series`. */
  readonly of: readonly number[];
  readonly answered: readonly number[];
  /** Calls without an answer. */
  readonly unanswered: readonly number[];
  readonly inputTokens: readonly number[];
  readonly outputTokens: readonly number[];
  /** Certain cost in units of the currency; for drawing, not for summing. */
  readonly cost: readonly number[];
};

/** `model` is null for the models merged because there are too many. */
export type ReportSeries = { readonly model: string | null; readonly currency: string };

/** How many answered calls fell between `edges[i]` and `edges[i + 1]`, by series, in the timeline's order. */
export type ReportDistribution = {
  readonly edges: readonly number[];
  readonly counts: readonly (readonly number[])[];
};

/** Pace of one model in one run, with its limits. Columns of equal length; rates per minute. */
export type ReportLane = {
  readonly job: string;
  readonly run: number;
  readonly model: string;
  readonly at: readonly number[];
  readonly requests: readonly number[];
  readonly requestLimit: readonly (number | null)[];
  readonly tokens: readonly number[];
  readonly tokenLimit: readonly (number | null)[];
  readonly throttled: readonly number[];
  /** Admitted ÷ allowed, 0 to 1, in the binding dimension; null: no limit was known. */
  readonly utilisation: number | null;
};

/** Lines and calls with one code. */
export type ReportFailure = {
  readonly code: string;
  /** Failed and rejected lines that ended with it. */
  readonly lines: number;
  readonly calls: number;
  /** Whether every line that met it was answered in the end. */
  readonly overcome: boolean;
  readonly samples: readonly {
    readonly job: string;
    readonly line: number;
    readonly customId: string | null;
    readonly model: string | null;
    readonly message: string | null;
  }[];
};

/** Expected against actual usage of answered lines. `model` null: the survey of a whole job. */
export type ReportEstimate = {
  readonly job: string;
  readonly model: string | null;
  readonly thinking: boolean;
  readonly lines: number;
  readonly inputEstimated: number;
  readonly inputActual: number;
  readonly outputEstimated: number;
  readonly outputActual: number;
  readonly costEstimated: number;
  readonly costActual: number;
  readonly currency: string;
};

/** The current state of a running job. */
export type ReportLive = {
  readonly job: string;
  /** Incremented with each report available; 0: none yet. */
  readonly reportVersion: number;
  /** Why no further report will come; null: reports continue. */
  readonly reportFailure: string | null;
  readonly state: 'starting' | 'running' | 'stopping' | 'ended';
  readonly stopReason: string | null;
  readonly progress: Progress | null;
  readonly dispatch: DispatchState | null;
  readonly failures: readonly { readonly code: string; readonly lines: number }[];
};

/** All data of the page, as embedded in it. */
export type ReportData = {
  readonly schema: 1;
  readonly version: string;
  readonly generatedAt: number;
  readonly jobs: readonly ReportJob[];
  readonly by: readonly string[];
  /** Limited to what is worth reading; `groupsTotal` counts all. */
  readonly groups: readonly UsageGroup[];
  readonly groupsTotal: number;
  readonly totals: readonly UsageMeasures[];
  /** For each of `totals`: the number of lines that were called. */
  readonly linesTried: readonly number[];
  readonly timeline: ReportTimeline;
  readonly latencyMs: ReportDistribution;
  readonly outputTokens: ReportDistribution;
  readonly lanes: readonly ReportLane[];
  readonly failures: readonly ReportFailure[];
  readonly estimates: readonly ReportEstimate[];
};
