import { alignTable } from '../reporters/table.ts';
import { simulatedNote } from './simulated-note.ts';
import type { UsageReport } from './usage-report.ts';
import { usageRows } from './usage-rows.ts';

/** The report as an aligned table for a terminal, its totals as last rows; below it what of it was simulated. */
export function usageTable(report: UsageReport): string {
  const { header, groups, totals, right } = usageRows(report);
  const note = simulatedNote(report);
  const table = `${alignTable([header, ...groups, ...totals], { right })}\n`;
  return note === null ? table : `${table}${note}\n`;
}
