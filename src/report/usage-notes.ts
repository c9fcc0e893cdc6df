import type { UsageReport } from './usage-report.ts';

/** Which of the cost nobody was billed for; null where no job was simulated. */
function simulatedNote({ total, simulated }: UsageReport['jobs']): string | null {
  if (simulated === 0) return null;
  return simulated === total
    ? 'simulated: nothing was billed'
    : `${simulated} of ${total} jobs are simulated; their cost was not billed`;
}

/** What `unpriced` means; null where nothing is. */
function unpricedNote(totals: UsageReport['totals']): string | null {
  const isWhole = totals.every(
    (total) => total.unpriced_lines === 0 && total.possibly_billed.unpriced_attempts === 0,
  );
  return isWhole
    ? null
    : 'unpriced: no known price, or no tokens reported; in no amount (--catalog gives prices)';
}

/** What is to be known of a report's amounts: sentences that stand below it. */
export function usageNotes({ jobs, totals }: Pick<UsageReport, 'jobs' | 'totals'>): string[] {
  return [unpricedNote(totals), simulatedNote(jobs)].filter((note) => note !== null);
}
