import type { Database } from './database.ts';
import { fingerprintReader } from './fingerprints.ts';
import type { Job } from './records.ts';

/** The first open line after `afterLine`; the one after the last if there is none. Blank lines do not count. */
export function firstOpenLine(
  database: Database,
  { id, lastLineNo }: Pick<Job, 'id' | 'lastLineNo'>,
  afterLine: number,
): number {
  const fingerprintOf = fingerprintReader(database, id);
  const settled = database
    .prepare('SELECT line_no FROM lines WHERE job_id = ? AND line_no > ? ORDER BY line_no')
    .pluck()
    .iterate(id, afterLine) as IterableIterator<number>;
  let next = afterLine + 1;
  for (const lineNo of settled) {
    for (; next < lineNo; next += 1) if (fingerprintOf(next) !== null) return next;
    next = lineNo + 1;
  }
  for (; next <= lastLineNo; next += 1) if (fingerprintOf(next) !== null) return next;
  return lastLineNo + 1;
}
