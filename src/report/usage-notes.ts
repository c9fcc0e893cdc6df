import type { UsageReport } from './usage-report.ts';
import { isPartlyUnpriced } from './usage-rows.ts';

/** Which of the cost nobody was billed for; null where no job was simulated. */
function simulatedNote({ total, simulated }: UsageReport['jobs']): string | null {
  if (simulated === 0) return null;
  return simulated === total
    ? 'simulated: nothing was billed'
    : `${simulated} of ${total} jobs are simulated; their cost was not billed`;
}

/** What the amounts of a report leave out, and which of them nobody was billed for: sentences, one a line. */
export function usageNotes(report: UsageReport): readonly string[] {
  const unpriced = isPartlyUnpriced(report)
    ? 'unpriced: no known price, or no tokens reported; in no amount (--catalog gives prices)'
    : null;
  return [unpriced, simulatedNote(report.jobs)].filter((note) => note !== null);
}
