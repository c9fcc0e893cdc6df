import { realLedgerPath } from './real-ledger-path.ts';

/** What the name of a mark adds to that of its ledger. */
export const MARK_SUFFIX = '.mark';

/** Path of the mark of a ledger. */
export function markPath(ledgerPath: string): string {
  return realLedgerPath(ledgerPath) + MARK_SUFFIX;
}
