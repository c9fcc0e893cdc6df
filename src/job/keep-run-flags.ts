import { isDeepStrictEqual } from 'node:util';
import { parseSizeBytes } from '../config/durations.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job, RunFlags } from '../ledger/records.ts';

/** The default without `--max-line`. */
const LINE_BYTES_DEFAULT = 32 * 1024 * 1024;

/** Stores the flags of this run that the next command needs, once the run is confirmed; writes nothing if nothing changes. */
export function keepRunFlags(ledger: Ledger, job: Job, runFlags: RunFlags): void {
  const kept = withLongestLine(runFlags, job.runFlags);
  if (isDeepStrictEqual(kept, job.runFlags)) return;
  ledger.transact(() => {
    ledger.database
      .prepare('UPDATE jobs SET run_flags = ? WHERE id = ?')
      .run(JSON.stringify(kept), job.id);
  });
}

/** Accepted lines must be readable again: keeps the largest size given to any run of the job, if it exceeds the default. */
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
