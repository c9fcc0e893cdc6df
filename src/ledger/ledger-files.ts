import { realPath } from '../files/same-path.ts';

/** What is made, written over or removed beside a ledger: what each adds to its name. */
export const LEDGER_ENDS: readonly string[] = [
  ...['-wal', '-shm', '-journal', '.lock', '.mark', '.ballast', '.control.json'],
  ...['.new', '.new-wal', '.new-shm', '.new-journal'],
];

/** The files beside a ledger that are its own, also where it is a link to the file that they stand beside. */
export function filesBeside(ledgerPath: string): string[] {
  const places = new Set([ledgerPath, realPath(ledgerPath)]);
  return [...places].flatMap((place) => LEDGER_ENDS.map((end) => place + end));
}
