import { realpathSync } from 'node:fs';
import path from 'node:path';
import { isAbsent, readFailure } from '../files/read-failure.ts';

/**
 * A ledger's path without links, so that two names of one file share one lock and one mark. If there is no ledger yet, its
 * folder is resolved. Throws 66 or 74 if that fails: under different names two runs would not see each other.
 */
export function realLedgerPath(ledgerPath: string): string {
  const real = realPathOf(ledgerPath, ledgerPath);
  if (real !== null) return real;
  const folder = realPathOf(path.dirname(ledgerPath), ledgerPath);
  return folder === null ? ledgerPath : path.join(folder, path.basename(ledgerPath));
}

function realPathOf(place: string, ledgerPath: string): string | null {
  try {
    return realpathSync(place);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw readFailure(error, `cannot look for ${ledgerPath}`);
  }
}
