import type { PossiblyBilled, UsageTotals } from '../reporters/reporter.ts';

/** Latency of answered calls at some percentiles, in milliseconds; null where none was measured. */
type LatencyPercentiles = {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
};

/** Tokens of answered calls at three percentiles; null where none was reported. */
type TokenPercentiles = {
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
};

/**
 * What a group of lines came to. `cache_hit_share` is cached ÷ input tokens, 0 to 1; `cost` the certain
 * cost, a decimal string, without `unpriced_lines`: answers without a known price or reported tokens.
 * `cost_per_answered_line` is it ÷ the answers that are in it. Amounts and `currency` are null where nothing is priced.
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

/** One group: its values of the report's by-keys, in their order, and what it came to. */
export type UsageGroup = UsageMeasures & {
  readonly keys: readonly (string | null)[];
};

/**
 * What `qbatch usage` reports. A group never mixes currencies; `totals` holds
 * one entry for each. `by` names the keys as the user asked for them (`model`, `tag:team`).
 */
export type UsageReport = {
  readonly schema: 1;
  readonly by: readonly string[];
  readonly groups: readonly UsageGroup[];
  readonly totals: readonly UsageMeasures[];
  /** How many jobs were added up, and how many of them were simulated: their cost was billed by nobody. */
  readonly jobs: { readonly total: number; readonly simulated: number };
};
