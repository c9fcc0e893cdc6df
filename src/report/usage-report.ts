import type { PossiblyBilled, UsageTotals } from '../reporters/reporter.ts';

/** Latency of answered calls at three percentiles, in milliseconds; null where none was measured. */
export type LatencyPercentiles = {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
};

/** What a group of lines came to. `cost` is a decimal string; it and `currency` are null where nothing is priced. */
export type UsageMeasures = UsageTotals & {
  readonly lines: number;
  readonly answered: number;
  readonly failed: number;
  readonly attempts: number;
  readonly cost: string | null;
  readonly currency: string | null;
  readonly possibly_billed: PossiblyBilled;
  readonly latency_ms: LatencyPercentiles;
};

/** One group: its values of the report's by-keys, in their order, and what it came to. */
export type UsageGroup = UsageMeasures & {
  readonly keys: readonly (string | null)[];
};

/**
 * What `qbatch usage` reports (cli.md section 7). A group never mixes currencies; `totals` holds
 * one entry for each. `by` names the keys as the user asked for them (`model`, `tag:team`).
 */
export type UsageReport = {
  readonly schema: 1;
  readonly by: readonly string[];
  readonly groups: readonly UsageGroup[];
  readonly totals: readonly UsageMeasures[];
};
