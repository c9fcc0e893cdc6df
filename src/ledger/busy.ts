import { QbatchError } from '../errors.ts';
import { type Database, sqliteCode } from './database.ts';

/** A try, of many, stops the calls in flight from being read for so long. */
const PATIENCE_MS = 1_000;

/** Whether a commit failed since another program holds a lock; the transaction may be tried again as it is. */
export function isBusy(error: unknown): boolean {
  const cause = error instanceof QbatchError ? error.cause : error;
  return sqliteCode(cause).startsWith('SQLITE_BUSY');
}

/** From now on a lock is waited for by who tries again and again, and less by each try. */
export function tryShortly({ database }: { readonly database: Database }): void {
  database.pragma(`busy_timeout = ${PATIENCE_MS}`);
}
