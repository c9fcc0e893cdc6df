import { isDeepStrictEqual } from 'node:util';
import { parseSizeBytes } from '../config/durations.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job, RunFlags } from '../ledger/records.ts';

/** Without `--max-line`. */
const LINE_BYTES_DEFAULT = 32 * 1024 * 1024;

/** Writes down what the next command needs of this run's flags, once the run is agreed to; nothing where nothing changes. */
export function keepRunFlags(ledger: Ledger, job: Job, runFlags: RunFlags): void {
  const kept = withLongestLine(runFlags, job.runFlags);
  if (isDeepStrictEqual(kept, job.runFlags)) return;
  ledger.transact(() => {
    ledger.database
      .prepare('UPDATE jobs SET run_flags = ? WHERE id = ?')
      .run(JSON.stringify(kept), job.id);
  });
}

/**
 * Lines that were accepted once have to be read again: of the sizes that runs of a job were given the largest is kept,
 * where it is more than goes without saying.
 */
function withLongestLine(given: RunFlags, before: RunFlags): RunFlags {
  const { 'max-line': own, ...flags } = given;
  let longest: { size: string; bytes: number } | null = null;
  for (const size of [own, before['max-line']]) {
    const bytes = typeof size === 'string' ? (parseSizeBytes(size) ?? 0) : 0;
    if (typeof size === 'string' && bytes > (longest?.bytes ?? LINE_BYTES_DEFAULT))
      longest = { size, bytes };
  }
  return longest === null ? flags : { ...flags, 'max-line': longest.size };
}
