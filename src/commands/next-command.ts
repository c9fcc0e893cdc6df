import path from 'node:path';
import { EXIT } from '../errors.ts';
import { defaultLedgerName } from '../ledger/default-ledger-path.ts';
import type { RunSummary } from '../reporters/reporter.ts';
import type { JobState } from './job-state.ts';

const PLAIN_WORD = /^[\w@%+=:,./\u0080-\uFFFF-]+$/u;

/** A word as a POSIX shell takes it back. */
export function shellWord(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command that takes a job on from here; null where there is nothing to do, or a run is at it. */
export function nextCommand(summary: RunSummary, state: JobState): string | null {
  const { failed } = summary.lines;
  if (state === 'running' || (state === 'finished' && failed === 0)) return null;
  const named =
    path.basename(summary.ledger) === defaultLedgerName(summary.job)
      ? ''
      : ` --job ${shellWord(summary.job)}`;
  return `qbatch ${state === 'open' ? 'resume' : 'retry'} ${shellWord(summary.ledger)}${named}`;
}

/** The exit code that a run of the job would end with now, for the colour of its summary. */
export function exitCodeOf(summary: RunSummary, state: JobState): number {
  if (state !== 'finished') return EXIT.limitReached;
  return summary.lines.failed + summary.lines.rejected > 0 ? EXIT.linesFailed : EXIT.ok;
}
