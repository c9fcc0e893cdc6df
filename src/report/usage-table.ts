import { alignTable } from '../reporters/table.ts';
import type { UsageReport } from './usage-report.ts';
import { usageRows } from './usage-rows.ts';

/** The report as an aligned table for a terminal, its totals as last rows. */
export function usageTable(report: UsageReport): string {
  const { header, groups, totals, right } = usageRows(report);
  return `${alignTable([header, ...groups, ...totals], { right })}\n`;
}
