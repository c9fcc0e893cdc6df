import { realPath } from '../files/same-path.ts';

/** Suffixes of all files created, overwritten or removed beside a ledger. */
export const LEDGER_ENDS: readonly string[] = [
  ...['-wal', '-shm', '-journal', '.lock', '.mark', '.ballast', '.control.json'],
  ...['.new', '.new-wal', '.new-shm', '.new-journal'],
];

/** The files that belong to a ledger, beside its path and, if that is a link, beside its target. */
export function filesBeside(ledgerPath: string): string[] {
  const places = new Set([ledgerPath, realPath(ledgerPath)]);
  return [...places].flatMap((place) => LEDGER_ENDS.map((end) => place + end));
}
