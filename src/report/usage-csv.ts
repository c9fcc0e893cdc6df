import { csvRow } from './csv.ts';
import type { UsageGroup, UsageMeasures, UsageReport } from './usage-report.ts';

/** Columns after the by-keys: the JSON names, nested ones joined by `_`. */
const COLUMNS: readonly (readonly [string, (group: UsageMeasures) => string | number | null])[] = [
  ['lines', (group) => group.lines],
  ['answered', (group) => group.answered],
  ['failed', (group) => group.failed],
  ['attempts', (group) => group.attempts],
  ['input_tokens', (group) => group.input_tokens],
  ['output_tokens', (group) => group.output_tokens],
  ['total_tokens', (group) => group.total_tokens],
  ['cached_tokens', (group) => group.cached_tokens],
  ['reasoning_tokens', (group) => group.reasoning_tokens],
  ['cost', (group) => group.cost],
  ['currency', (group) => group.currency],
  ['possibly_billed_lines', (group) => group.possibly_billed.lines],
  ['possibly_billed_attempts', (group) => group.possibly_billed.attempts],
  ['possibly_billed_tokens', (group) => group.possibly_billed.tokens],
  ['possibly_billed_amount', (group) => group.possibly_billed.amount],
  ['latency_ms_p50', (group) => group.latency_ms.p50],
  ['latency_ms_p95', (group) => group.latency_ms.p95],
  ['latency_ms_p99', (group) => group.latency_ms.p99],
];

function groupRow(report: UsageReport, group: UsageGroup): string {
  const keys = report.by.map((_, index) => group.keys[index] ?? null);
  return csvRow([...keys, ...COLUMNS.map(([, valueOf]) => valueOf(group))]);
}

/** The report as CSV: a header row, then one row a group; totals are left to the reader. */
export function usageCsv(report: UsageReport): string {
  const header = csvRow([...report.by, ...COLUMNS.map(([name]) => name)]);
  return header + report.groups.map((group) => groupRow(report, group)).join('');
}
