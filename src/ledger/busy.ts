import { QbatchError } from '../errors.ts';
import { type Database, sqliteCode } from './database.ts';
import { isNoRoom } from './no-room.ts';

/**
 * How long SQLite waits for another program's lock; the event loop is blocked meanwhile. `shortly`: for writes that are
 * retried, with replies read and signals handled in between. `briefly`: after a signal, which a kill may follow, or if
 * nothing is lost on failure.
 */
const PATIENCE_MS = { shortly: 1_000, briefly: 250 } as const;

/** How long each transaction of a newly opened ledger waits for a lock. */
export const PATIENCE_AT_FIRST_MS: number = PATIENCE_MS.shortly;

/** Whether a commit failed because another program holds a lock; the transaction may be retried unchanged. */
export function isBusy(error: unknown): boolean {
  if (error instanceof QbatchError) return isBusy(error.cause);
  return sqliteCode(error).startsWith('SQLITE_BUSY');
}

/** Whether a commit failed for a reason that may be gone on the next try: another program's lock, or a full disk. */
export function isHeldUp(error: unknown): error is QbatchError {
  return error instanceof QbatchError && (isNoRoom(error) || isBusy(error));
}

/** Sets how long each transaction waits for a lock from now on. */
export function waitForLocks(
  { database }: { readonly database: Database },
  how: keyof typeof PATIENCE_MS,
): void {
  database.pragma(`busy_timeout = ${PATIENCE_MS[how]}`);
}

/** Tries once what may be skipped if another program holds a lock or the disk is full. */
export function unlessHeldUp(ledger: { readonly database: Database }, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isHeldUp(error)) throw error;
    waitForLocks(ledger, 'briefly');
  }
}
