import type { PossiblyBilled, UsageTotals } from '../reporters/reporter.ts';

/** Latency percentiles of answered calls, in milliseconds; null if none was measured. */
type LatencyPercentiles = {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
};

/** Token percentiles of answered calls; null if none was reported. */
type TokenPercentiles = {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
};

/**
 * The measures of a group of lines. `cache_hit_share` is cached ÷ input tokens, 0 to 1; `cost` the certain cost, a decimal
 * string, without `unpriced_lines`: answers without a known price or reported tokens. `cost_per_answered_line` is `cost` ÷
 * the answers included in it. Amounts and `currency` are null if nothing is priced.
 */
export type UsageMeasures = UsageTotals & {
  readonly lines: number;
  readonly answered: number;
  readonly failed: number;
  readonly attempts: number;
  readonly cache_hit_share: number | null;
  readonly cost: string | null;
  readonly cost_per_answered_line: string | null;
  readonly currency: string | null;
  readonly unpriced_lines: number;
  readonly possibly_billed: PossiblyBilled;
  readonly latency_ms: LatencyPercentiles;
  readonly call_input_tokens: TokenPercentiles;
  readonly call_output_tokens: TokenPercentiles;
};

/** One group: its values of the report's by-keys, in order, and its measures. */
export type UsageGroup = UsageMeasures & {
  readonly keys: readonly (string | null)[];
};

/**
 * The report of `qbatch usage`. A group never mixes currencies; `totals` has one entry per currency. `by` names the keys as
 * requested (`model`, `tag:team`).
 */
export type UsageReport = {
  readonly schema: 1;
  readonly by: readonly string[];
  readonly groups: readonly UsageGroup[];
  readonly totals: readonly UsageMeasures[];
  /** Number of jobs included, and of simulated ones among them, whose cost was not billed. */
  readonly jobs: { readonly total: number; readonly simulated: number };
};
