import { type Column, parquetPieces } from './parquet.ts';
import { USAGE_COLUMNS } from './usage-columns.ts';
import type { UsageReport } from './usage-report.ts';

/** The report as a Parquet file: the by-keys as text, then the columns of the CSV; one row per group. */
export function usageParquet(report: UsageReport): AsyncIterable<Uint8Array> {
  const keys = report.by.map((name): Column => ({ name, kind: 'text' }));
  const rows = report.groups.map((group) => [
    ...report.by.map((_, index) => group.keys[index] ?? null),
    ...USAGE_COLUMNS.map((column) => column.valueOf(group)),
  ]);
  return parquetPieces([...keys, ...USAGE_COLUMNS], rows);
}
