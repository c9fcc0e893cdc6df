import { QbatchError } from '../errors.ts';
import { type Database, sqliteCode } from './database.ts';
import { isNoRoom } from './no-room.ts';

/**
 * So long SQLite waits for a lock of another program; the event loop stands still meanwhile. `shortly`: where it is tried
 * again and again, and calls in flight are to be read, and signals heard, in between.
 * `briefly`: where a signal came, which may be followed by a kill, or nothing is lost where it fails.
 */
const PATIENCE_MS = { shortly: 1_000, briefly: 250 } as const;

/** So long each transaction of a ledger that was just opened waits for a lock. */
export const PATIENCE_AT_FIRST_MS: number = PATIENCE_MS.shortly;

/** Whether a commit failed since another program holds a lock; the transaction may be tried again as it is. */
export function isBusy(error: unknown): boolean {
  if (error instanceof QbatchError) return isBusy(error.cause);
  return sqliteCode(error).startsWith('SQLITE_BUSY');
}

/** Whether a commit failed for a reason that may be gone by the next try: a lock of another program, or no room. */
export function isHeldUp(error: unknown): error is QbatchError {
  return error instanceof QbatchError && (isNoRoom(error) || isBusy(error));
}

/** How long each transaction waits for a lock from now on. */
export function waitForLocks(
  { database }: { readonly database: Database },
  how: keyof typeof PATIENCE_MS,
): void {
  database.pragma(`busy_timeout = ${PATIENCE_MS[how]}`);
}

/** Does what may as well be left undone where another program holds a lock, or the disk is full: tried once. */
export function unlessHeldUp(ledger: { readonly database: Database }, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isHeldUp(error)) throw error;
    waitForLocks(ledger, 'briefly');
  }
}
