import type { UsageReport } from './usage-report.ts';

/** The note on simulated cost, which was not billed; null if no job was simulated. */
function simulatedNote({ total, simulated }: UsageReport['jobs']): string | null {
  if (simulated === 0) return null;
  return simulated === total
    ? 'simulated: nothing was billed'
    : `${simulated} of ${total} jobs are simulated; their cost was not billed`;
}

/** The note that explains `unpriced`; null if nothing is. */
function unpricedNote(totals: UsageReport['totals']): string | null {
  const isWhole = totals.every(
    (total) => total.unpriced_lines === 0 && total.possibly_billed.unpriced_attempts === 0,
  );
  return isWhole
    ? null
    : 'unpriced: no known price, or no tokens reported; in no amount (--catalog gives prices)';
}

/** Notes on a report's amounts, for below it. */
export function usageNotes({ jobs, totals }: Pick<UsageReport, 'jobs' | 'totals'>): string[] {
  return [unpricedNote(totals), simulatedNote(jobs)].filter((note) => note !== null);
}
