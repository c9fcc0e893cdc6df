import { type Database, sqliteCode } from './database.ts';
import { openForReading } from './open-for-reading.ts';
import { storageError } from './storage-error.ts';

/**
 * Opens a ledger of which all that is read is one snapshot, also while a run writes; who asks for it closes it.
 * Throws 66 where there is no ledger, 78 where it is damaged or none of ours.
 */
export function openSnapshot(path: string): Database {
  const database = openForReading(path);
  // Deferred: the first read fixes what is seen; closing the file ends it.
  database.exec('BEGIN');
  return database;
}

/** As `storageError`, for what SQLite said while a ledger was read; anything else is itself. */
export function asReadingError(error: unknown, path: string): unknown {
  return sqliteCode(error) === '' ? error : storageError(error, path);
}

/** Hands a snapshot of a ledger to `use` and closes it again, whatever happens. Throws as `openSnapshot`. */
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

/** As `readLedger`, for what is found out at once. */
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
