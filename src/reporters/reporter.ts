import type { AttemptClass } from '../failure.ts';
import type { LineProblem, ProblemCounts } from '../problem.ts';

/** Token sums for reports (`--json`): null if no call reported the field. */
export type UsageTotals = {
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
};

/**
 * Calls that may have been billed without an answer. `amount` is a decimal string, null if unpriced; it excludes
 * `unpriced_attempts`, which have no known price.
 */
export type PossiblyBilled = {
  readonly lines: number;
  readonly attempts: number;
  readonly tokens: number;
  readonly amount: string | null;
  readonly unpriced_attempts: number;
};

/** Estimates made before the calls against actual usage. `cost` null: none of these lines has a price. */
export type EstimateError = {
  readonly lines: number;
  readonly input_tokens: { readonly estimated: number; readonly actual: number };
  readonly output_tokens: { readonly estimated: number; readonly actual: number };
  readonly cost: { readonly estimated: string; readonly actual: string } | null;
};

/** The summary of `run`, `resume` and `retry`, exactly as `--json` prints it. */
export type RunSummary = {
  readonly schema: 1;
  readonly job: string;
  readonly ledger: string;
  readonly lines: {
    readonly total: number;
    readonly answered: number;
    readonly failed: number;
    readonly rejected: number;
    readonly open: number;
  };
  readonly attempts: number;
  readonly usage: UsageTotals;
  readonly cost: {
    readonly amount: string;
    readonly currency: string;
    readonly unpriced_lines: number;
  };
  readonly possibly_billed: PossiblyBilled;
  /** Expected against actual usage of answered lines, over all runs; null: nothing to compare. */
  readonly estimate: EstimateError | null;
  /** Paths; null for an output that went to stdout. */
  readonly outputs: { readonly results: string | null; readonly errors: string };
  readonly elapsed_ms: number;
  /** Its cost was not billed. */
  readonly simulated: boolean;
  readonly stopped: null | {
    readonly reason: string;
    readonly code: number;
    readonly message: string;
  };
};

/** Failed lines grouped by code, largest first; `example` is a message, `line` where it first occurred. */
export type FailureGroup = {
  readonly code: string;
  readonly lines: number;
  readonly example: string;
  readonly line: number;
};

/** A snapshot of the run in numbers; reported about four times a second. */
export type Progress = {
  readonly total: number;
  readonly answered: number;
  readonly failed: number;
  readonly rejected: number;
  readonly inFlight: number;
  /** Requests and tokens per minute over the last seconds. */
  readonly rpm: number;
  readonly tpm: number;
  /** Sum of the limits in use; null if unknown. */
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  /** Decimal string: certain cost so far over all runs of the job; null if nothing is priced. */
  readonly cost: string | null;
  readonly costProjected: string | null;
  /** Answers over all runs excluded from the amounts: without a known price, or without reported tokens. */
  readonly unpricedLines: number;
  /** `--max-cost`, and what it counts besides `cost`: decimal strings; null: no cap. */
  readonly maxCost: string | null;
  readonly possiblyBilled: string | null;
  readonly currency: string;
  readonly throttled: number;
  /** Milliseconds until done at the current pace; null if unknown. */
  readonly etaMs: number | null;
  /** Why it is not faster, as text: `qwen-plus paused 12 s: rate quota`; null: nothing to say. */
  readonly slow: string | null;
  readonly elapsedMs: number;
};

/** The current dispatch state, as shown on SIGUSR1. Rates and limits per minute; null: unbounded, or unknown. */
export type DispatchState = {
  readonly elapsedMs: number;
  readonly settled: number;
  readonly total: number;
  readonly inFlight: number;
  readonly concurrency: number;
  readonly stopping: boolean;
  /** The control file in force; null: none. */
  readonly controlFile: string | null;
  readonly models: readonly {
    readonly model: string;
    /** In a word: `ramping`, `known`, `paused`, `parked`, ... */
    readonly state: string;
    readonly rpm: number | null;
    readonly rpmLimit: number | null;
    readonly rpmOrigin: string;
    readonly tpm: number | null;
    readonly tpmLimit: number | null;
    readonly tpmOrigin: string;
    readonly waiting: number;
    readonly inFlight: number;
    readonly pausedMs: number;
    readonly throttles: { readonly rate: number; readonly tokens: number; readonly burst: number };
  }[];
};

/** Every event of a run; reporters are functions of these and nothing else. */
export type RunEvent =
  | {
      readonly event: 'job-start';
      readonly job: string;
      readonly input: string;
      readonly ledger: string;
      /** Where calls go: the base URL, or `simulator`. */
      readonly endpoint: string;
      readonly resuming: boolean;
      readonly lines: { readonly total: number; readonly settled: number; readonly open: number };
    }
  | {
      /** The sample has ended; the user may then be asked whether to continue. */
      readonly event: 'sample-end';
      readonly sampleLines: number;
      readonly openLines: number;
      /** Projected cost of the open lines, a decimal string; null: too little is known. */
      readonly expected: string | null;
      readonly currency: string;
    }
  | {
      readonly event: 'line-settled';
      readonly line: number;
      readonly customId: string | null;
      readonly status: 'answered' | 'failed' | 'rejected';
      readonly code: string | null;
      readonly attempts: number;
      readonly model: string | null;
    }
  | {
      readonly event: 'attempt-ended';
      readonly line: number;
      readonly class: AttemptClass;
      readonly code: string | null;
      readonly model: string;
    }
  | {
      readonly event: 'model-slowed';
      readonly model: string;
      readonly waitMs: number;
      readonly reason: string;
    }
  | {
      readonly event: 'model-parked';
      readonly model: string;
      readonly code: string;
      readonly message: string;
      /** Whether the job has a model that still gets calls. */
      readonly othersContinue: boolean;
    }
  | { readonly event: 'stopping'; readonly reason: string; readonly inFlight: number }
  | ({ readonly event: 'progress' } & Progress)
  | ({ readonly event: 'dispatch-state' } & DispatchState)
  | {
      /** Information that stops nothing: changed limits, queries or files that failed. */
      readonly event: 'notice';
      readonly severity: 'note' | 'warning';
      readonly message: string;
      /** Findings in lines that do not stop the run, if the notice is about those. */
      readonly found?: {
        readonly problems: readonly LineProblem[];
        readonly problemCounts: ProblemCounts;
      };
    }
  | {
      readonly event: 'job-end';
      readonly summary: RunSummary;
      readonly failures: readonly FailureGroup[];
      readonly exitCode: number;
      /** The next command, e.g. `qbatch retry in.qbatch.db`; null: nothing to do. */
      readonly next: string | null;
      /** Advice about lines that were never sent; null or omitted: none. */
      readonly mend?: string | null;
      /** Whether both output files are still those of before, to be replaced once every line is settled. Default: false. */
      readonly filesWait?: boolean;
    };

/** A reporter: shows events somewhere. Must never throw or block. `close` restores the terminal. */
export type Reporter = {
  report(event: RunEvent): void;
  close(): void;
};

/** Passes an event to the reporters. Never throws or blocks. */
export type Report = (event: RunEvent) => void;
