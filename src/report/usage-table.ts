import { alignTable } from '../reporters/table.ts';
import { usageNotes } from './usage-notes.ts';
import type { UsageReport } from './usage-report.ts';
import { usageRows } from './usage-rows.ts';

/** The report as an aligned table for a terminal, with totals as last rows and notes on its amounts below. */
export function usageTable(report: UsageReport): string {
  const { header, groups, totals, right } = usageRows(report);
  const table = alignTable([header, ...groups, ...totals], { right });
  return [table, ...usageNotes(report)].map((line) => `${line}\n`).join('');
}
