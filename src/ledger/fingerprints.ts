import { FINGERPRINT_BYTES, FINGERPRINT_LINES, fingerprint } from '../fingerprint.ts';
import { readLines } from '../read.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';

/** The value for a blank line. */
const NONE = '\0'.repeat(FINGERPRINT_BYTES);

/** Stores one block of line fingerprints; inside a transaction. */
export function putFingerprints(
  ledger: Ledger,
  jobId: number,
  block: number,
  fingerprints: Buffer,
): void {
  ledger.database
    .prepare('INSERT OR REPLACE INTO input_blocks (job_id, block, fingerprints) VALUES (?, ?, ?)')
    .run(jobId, block, fingerprints);
}

/** Looks up the fingerprint of a line of the job's surveyed input; null: no such line, or blank. */
export function fingerprintReader(
  database: Database,
  jobId: number,
): (lineNo: number) => string | null {
  const select = database
    .prepare('SELECT fingerprints FROM input_blocks WHERE job_id = ? AND block = ?')
    .pluck();
  let block = -1;
  let bytes: Buffer | undefined;
  return (lineNo) => {
    const wanted = Math.floor((lineNo - 1) / FINGERPRINT_LINES);
    if (wanted !== block) {
      block = wanted;
      bytes = select.get(jobId, wanted) as Buffer | undefined;
    }
    const at = ((lineNo - 1) % FINGERPRINT_LINES) * FINGERPRINT_BYTES;
    const own = bytes?.toString('latin1', at, at + FINGERPRINT_BYTES) ?? '';
    return own.length < FINGERPRINT_BYTES || own === NONE ? null : own;
  };
}

/**
 * The first line that differs from the surveyed input; null if only line ends, a byte order mark or blank lines after the
 * last differ.
 */
export async function firstChangedLine(
  database: Database,
  job: { readonly id: number; readonly lastLineNo: number },
  path: string,
  maxLineBytes: number,
): Promise<number | null> {
  const was = fingerprintReader(database, job.id);
  let expected = 1;
  for await (const lines of readLines(path, { maxLineBytes })) {
    for (const line of lines) {
      for (; expected < line.lineNo; expected += 1) if (was(expected) !== null) return expected;
      const before = was(line.lineNo);
      if (before !== fingerprint(line.bytes)) return line.lineNo;
      expected = line.lineNo + 1;
    }
  }
  return expected <= job.lastLineNo ? expected : null;
}
