import { type Database, sqliteCode } from './database.ts';
import { openForReading } from './open-for-reading.ts';
import { storageError } from './storage-error.ts';

/**
 * Opens a ledger for reading, hands it to `use` and closes it again, whatever happens. All that
 * `use` reads is one snapshot, also while a run writes. Throws 66 where there is no ledger, 78 where
 * it is damaged or none of ours.
 */
export async function readLedger<Result>(
  path: string,
  use: (database: Database) => Result | Promise<Result>,
): Promise<Result> {
  const database = openForReading(path);
  try {
    // Deferred: the first read fixes what is seen; closing the file ends it.
    database.exec('BEGIN');
    return await use(database);
  } catch (error) {
    throw sqliteCode(error) === '' ? error : storageError(error, path);
  } finally {
    database.close();
  }
}

/** As `readLedger`, for what is found out at once and needs no snapshot. */
export function lookIntoLedger<Result>(path: string, use: (database: Database) => Result): Result {
  const database = openForReading(path);
  try {
    return use(database);
  } catch (error) {
    throw sqliteCode(error) === '' ? error : storageError(error, path);
  } finally {
    database.close();
  }
}
