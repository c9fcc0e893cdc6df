import type { UsageReport } from './usage-report.ts';

/** Which of the cost nobody was billed for, as a sentence; null where no job was simulated. */
export function simulatedNote({ jobs }: Pick<UsageReport, 'jobs'>): string | null {
  const { total, simulated } = jobs;
  if (simulated === 0) return null;
  return simulated === total
    ? 'simulated: nothing was billed'
    : `${simulated} of ${total} jobs are simulated; their cost was not billed`;
}
