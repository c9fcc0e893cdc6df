import type { ColumnKind } from './parquet.ts';
import type { UsageMeasures } from './usage-report.ts';

/** One measure as a column: the JSON name, nested ones joined by `_` (cli.md section 9). */
export type UsageColumn = {
  readonly name: string;
  readonly kind: ColumnKind;
  valueOf(group: UsageMeasures): string | number | null;
};

/** The columns after the by-keys in csv and parquet, in order. */
export const USAGE_COLUMNS: readonly UsageColumn[] = [
  { name: 'lines', kind: 'whole', valueOf: (group) => group.lines },
  { name: 'answered', kind: 'whole', valueOf: (group) => group.answered },
  { name: 'failed', kind: 'whole', valueOf: (group) => group.failed },
  { name: 'attempts', kind: 'whole', valueOf: (group) => group.attempts },
  { name: 'input_tokens', kind: 'whole', valueOf: (group) => group.input_tokens },
  { name: 'output_tokens', kind: 'whole', valueOf: (group) => group.output_tokens },
  { name: 'total_tokens', kind: 'whole', valueOf: (group) => group.total_tokens },
  { name: 'cached_tokens', kind: 'whole', valueOf: (group) => group.cached_tokens },
  { name: 'reasoning_tokens', kind: 'whole', valueOf: (group) => group.reasoning_tokens },
  { name: 'cache_hit_share', kind: 'fraction', valueOf: (group) => group.cache_hit_share },
  { name: 'cost', kind: 'amount', valueOf: (group) => group.cost },
  {
    name: 'cost_per_answered_line',
    kind: 'amount',
    valueOf: (group) => group.cost_per_answered_line,
  },
  { name: 'currency', kind: 'text', valueOf: (group) => group.currency },
  { name: 'possibly_billed_lines', kind: 'whole', valueOf: (group) => group.possibly_billed.lines },
  {
    name: 'possibly_billed_attempts',
    kind: 'whole',
    valueOf: (group) => group.possibly_billed.attempts,
  },
  {
    name: 'possibly_billed_tokens',
    kind: 'whole',
    valueOf: (group) => group.possibly_billed.tokens,
  },
  {
    name: 'possibly_billed_amount',
    kind: 'amount',
    valueOf: (group) => group.possibly_billed.amount,
  },
  { name: 'latency_ms_p50', kind: 'whole', valueOf: (group) => group.latency_ms.p50 },
  { name: 'latency_ms_p90', kind: 'whole', valueOf: (group) => group.latency_ms.p90 },
  { name: 'latency_ms_p95', kind: 'whole', valueOf: (group) => group.latency_ms.p95 },
  { name: 'latency_ms_p99', kind: 'whole', valueOf: (group) => group.latency_ms.p99 },
  { name: 'call_input_tokens_p50', kind: 'whole', valueOf: (group) => group.call_input_tokens.p50 },
  { name: 'call_input_tokens_p90', kind: 'whole', valueOf: (group) => group.call_input_tokens.p90 },
  { name: 'call_input_tokens_p99', kind: 'whole', valueOf: (group) => group.call_input_tokens.p99 },
  {
    name: 'call_output_tokens_p50',
    kind: 'whole',
    valueOf: (group) => group.call_output_tokens.p50,
  },
  {
    name: 'call_output_tokens_p90',
    kind: 'whole',
    valueOf: (group) => group.call_output_tokens.p90,
  },
  {
    name: 'call_output_tokens_p99',
    kind: 'whole',
    valueOf: (group) => group.call_output_tokens.p99,
  },
  // Last, so that the existing columns keep their positions.
  { name: 'unpriced_lines', kind: 'whole', valueOf: (group) => group.unpriced_lines },
  {
    name: 'possibly_billed_unpriced_attempts',
    kind: 'whole',
    valueOf: (group) => group.possibly_billed.unpriced_attempts,
  },
];
