import { realLedgerPath } from './real-ledger-path.ts';

/** Suffix of a mark, added to the ledger's name. */
export const MARK_SUFFIX = '.mark';

/** Path of a ledger's mark. */
export function markPath(ledgerPath: string): string {
  return realLedgerPath(ledgerPath) + MARK_SUFFIX;
}
