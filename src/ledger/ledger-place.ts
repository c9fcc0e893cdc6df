import { statSync } from 'node:fs';
import { EXIT, OutputError } from '../errors.ts';

/** Device and inode of the file at a path; `gone` if there is none, null if unknown. */
function placeOf(path: string): string | null {
  try {
    // A double would drop the low bits of a 64-bit inode, and another file could seem the same.
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (found === undefined) return 'gone';
    // Some file systems have no inode numbers.
    return found.ino === 0n ? null : `${found.dev}:${found.ino}`;
  } catch {
    return null;
  }
}

/**
 * For a newly opened ledger: the returned function throws 74 once the path names another file or none. SQLite keeps writing
 * to the file it has open, and that is gone with the process.
 */
export function placeKeeper(path: string): () => void {
  const opened = placeOf(path);
  return () => {
    const now = placeOf(path);
    if (opened === null || now === null || now === opened) return;
    throw new OutputError(
      EXIT.io,
      `the ledger ${path} was ${now === 'gone' ? 'removed' : 'replaced'} while it was written`,
      'put it back if it was moved, or rerun with --adopt-outputs to take the answers from the output files',
    );
  };
}
