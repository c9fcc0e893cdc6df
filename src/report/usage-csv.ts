import { csvRow } from './csv.ts';
import { USAGE_COLUMNS } from './usage-columns.ts';
import type { UsageGroup, UsageReport } from './usage-report.ts';

function groupRow(report: UsageReport, group: UsageGroup): string {
  const keys = report.by.map((_, index) => group.keys[index] ?? null);
  return csvRow([...keys, ...USAGE_COLUMNS.map((column) => column.valueOf(group))]);
}

/** The report as CSV: a header row, then one row per group, without totals. */
export function usageCsv(report: UsageReport): string {
  const header = csvRow([...report.by, ...USAGE_COLUMNS.map(({ name }) => name)]);
  return header + report.groups.map((group) => groupRow(report, group)).join('');
}
