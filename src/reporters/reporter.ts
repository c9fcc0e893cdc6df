import type { AttemptClass } from '../failure.ts';
import type { LineProblem, ProblemCounts } from '../problem.ts';

/** Token sums as the outside sees them (`--json`): null where no call reported the field. */
export type UsageTotals = {
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly reasoning_tokens: number | null;
};

/**
 * What may have been billed without an answer to show for it. `amount` is a decimal string, null where unpriced;
 * `unpriced_attempts` of the attempts have no known price and are not in it.
 */
export type PossiblyBilled = {
  readonly lines: number;
  readonly attempts: number;
  readonly tokens: number;
  readonly amount: string | null;
  readonly unpriced_attempts: number;
};

/**
 * Estimates made before the calls, beside what their answers took. `cost` null: none of these lines
 * has a price.
 */
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
  /** What was expected of answered lines beside what they took, over all runs; null: nothing to compare. */
  readonly estimate: EstimateError | null;
  /** Paths; null for an output that went to stdout. */
  readonly outputs: { readonly results: string | null; readonly errors: string };
  readonly elapsed_ms: number;
  /** Nobody billed its cost. */
  readonly simulated: boolean;
  readonly stopped: null | {
    readonly reason: string;
    readonly code: number;
    readonly message: string;
  };
};

/** Failed lines grouped by code, biggest first; `example` is a message, `line` where it was seen first. */
export type FailureGroup = {
  readonly code: string;
  readonly lines: number;
  readonly example: string;
  readonly line: number;
};

/** One moment of the run as numbers; told about four times a second. */
export type Progress = {
  readonly total: number;
  readonly answered: number;
  readonly failed: number;
  readonly rejected: number;
  readonly inFlight: number;
  /** Requests and tokens per minute over the last seconds. */
  readonly rpm: number;
  readonly tpm: number;
  /** Sum of the limits paced by, null where none is known. */
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  /** Decimal string, certain cost so far over all runs of the job; null where nothing is priced. */
  readonly cost: string | null;
  readonly costProjected: string | null;
  /** Answers over all runs that are in no amount: without a known price, or without tokens reported. */
  readonly unpricedLines: number;
  /** `--max-cost`, and what it counts besides `cost`: decimal strings; null: no cap. */
  readonly maxCost: string | null;
  readonly possiblyBilled: string | null;
  readonly currency: string;
  readonly throttled: number;
  /** Milliseconds until done at the present pace, null where unknown. */
  readonly etaMs: number | null;
  /** Why it is not faster, in words for people: `qwen-plus paused 12 s: rate quota`; null: nothing to say. */
  readonly slow: string | null;
  readonly elapsedMs: number;
};

/** What the dispatch is doing at this moment, as SIGUSR1 shows it. Rates and limits a minute; null: unbounded, or unknown. */
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

/** Everything a run tells while it goes on; reporters are functions of it and nothing else. */
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
      /** The sample has come to its end; then the user may be asked whether the others are wanted. */
      readonly event: 'sample-end';
      readonly sampleLines: number;
      readonly openLines: number;
      /** What the open lines are to cost, a decimal string; null: too little is known. */
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
    }
  | { readonly event: 'stopping'; readonly reason: string; readonly inFlight: number }
  | ({ readonly event: 'progress' } & Progress)
  | ({ readonly event: 'dispatch-state' } & DispatchState)
  | {
      /** Something to know that stops nothing: limits that came or went, what could not be asked or read. */
      readonly event: 'notice';
      readonly severity: 'note' | 'warning';
      readonly message: string;
      /** What was found in lines that do not stop the run, where that is what is to be known. */
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
      /** The command to type next, e.g. `qbatch retry in.qbatch.db`; null: nothing to do. */
      readonly next: string | null;
      /** What people can do about lines that were never sent; null or left out: nothing. */
      readonly mend?: string | null;
    };

/** A reporter: shows events somewhere. It must never throw and never wait. `close` puts the terminal back. */
export type Reporter = {
  report(event: RunEvent): void;
  close(): void;
};

/** Tells an event to whoever shows it. Never throws, never waits. */
export type Report = (event: RunEvent) => void;
