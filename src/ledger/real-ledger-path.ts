import { realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * A ledger's path without links, so that two names of one file share one lock and one mark. Where
 * there is no ledger yet: that of its folder. Never throws.
 */
export function realLedgerPath(ledgerPath: string): string {
  try {
    return realpathSync(ledgerPath);
  } catch {
    // Not there yet.
  }
  try {
    return path.join(realpathSync(path.dirname(ledgerPath)), path.basename(ledgerPath));
  } catch {
    return ledgerPath;
  }
}
