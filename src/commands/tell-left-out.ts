import { lineCounts } from '../ledger/jobs.ts';
import type { Job } from '../ledger/records.ts';
import { oneLine } from '../reporters/one-line.ts';
import type { Reporter } from '../reporters/reporter.ts';
import type { Settings } from '../settings.ts';
import { shellWord } from '../shell-word.ts';

/** Flags without which more can be spent than the last run was allowed to, or it is not known how much. */
const TOLD = { 'max-cost': 'maxCost', catalog: 'catalog' } as const;

const TEXT_CHARS_MAX = 1_000;

/**
 * Before anything is sent: the cap and the prices that the last run of this job was given and this one is not, neither
 * by a flag nor otherwise. A run takes none of them from the one before it, and its user may believe that it does.
 */
export function tellLeftOut(job: Job, settings: Settings, reporter: Reporter): void {
  if (lineCounts(job).open === 0) return;
  const left = Object.entries(TOLD).flatMap(([flag, setting]) => {
    const before = job.runFlags[flag];
    if (typeof before !== 'string' || settings[setting] !== undefined) return [];
    return [`--${flag} ${shellWord(before)}`];
  });
  if (left.length === 0) return;
  const what = left.join(' ');
  const message = `the last run of this job had ${what}, and this run has not: a run takes neither a cap nor prices from the one before it`;
  reporter.report({
    event: 'notice',
    severity: 'warning',
    message: oneLine(message, TEXT_CHARS_MAX),
  });
}
