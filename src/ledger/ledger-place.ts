import { statSync } from 'node:fs';
import { EXIT, OutputError } from '../errors.ts';

/** Device and number of the file at a path; `gone` where there is none, null where that cannot be told. */
function placeOf(path: string): string | null {
  try {
    // As a double, a number of 64 bits would lose its last ones, and another file could seem the same.
    const found = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (found === undefined) return 'gone';
    // Some file systems number nothing.
    return found.ino === 0n ? null : `${found.dev}:${found.ino}`;
  } catch {
    return null;
  }
}

/**
 * For a ledger that was just opened: throws 74 once its path names another file or none. SQLite goes on in the
 * file that it has open, and what is written there is gone with the process.
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
