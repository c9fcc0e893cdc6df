import { type Database, sqliteCode } from './database.ts';
import { openForReading } from './open-for-reading.ts';
import { storageError } from './storage-error.ts';

/**
 * Opens a ledger as one snapshot, possibly while a run writes; the caller closes it. Throws 66 if there is no ledger, 78 if
 * it is damaged or not ours.
 */
export function openSnapshot(path: string): Database {
  const database = openForReading(path);
  // Deferred: the first read fixes the snapshot; closing the file ends it.
  database.exec('BEGIN');
  return database;
}

/** Like `storageError`, for SQLite errors while a ledger is read; other errors are returned as they are. */
export function asReadingError(error: unknown, path: string): unknown {
  return sqliteCode(error) === '' ? error : storageError(error, path);
}

/** Passes a snapshot of a ledger to `use` and always closes it. Throws as `openSnapshot`. */
export async function readLedger<Result>(
  path: string,
  use: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  const database = openSnapshot(path);
  try {
    return await use(database);
  } catch (error) {
    throw asReadingError(error, path);
  } finally {
    database.close();
  }
}

/** The synchronous `readLedger`. */
export function lookIntoLedger<Result>(path: string, use: (database: Database) => Result): Result {
  const database = openSnapshot(path);
  try {
    return use(database);
  } catch (error) {
    throw asReadingError(error, path);
  } finally {
    database.close();
  }
}
