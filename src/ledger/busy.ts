import { QbatchError } from '../errors.ts';
import { type Database, sqliteCode } from './database.ts';

/** A try, of many, stops the calls in flight from being read for so long. */
const PATIENCE_MS = 1_000;

/** Whether a commit failed since another program holds a lock; the transaction may be tried again as it is. */
export function isBusy(error: unknown): boolean {
  if (error instanceof QbatchError) return isBusy(error.cause);
  return sqliteCode(error).startsWith('SQLITE_BUSY');
}

/** From now on a lock is waited for by who tries again and again, and less by each try. */
export function tryShortly({ database }: { readonly database: Database }): void {
  const patienceMs = Number(database.pragma('busy_timeout', { simple: true }));
  if (patienceMs > PATIENCE_MS) database.pragma(`busy_timeout = ${PATIENCE_MS}`);
}

/** Does what may as well be left undone where another program holds a lock: tried once. */
export function unlessBusy(ledger: { readonly database: Database }, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isBusy(error)) throw error;
    tryShortly(ledger);
  }
}
