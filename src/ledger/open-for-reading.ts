import { readFileSync, statSync } from 'node:fs';
import { EXIT, InputError, type QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { type Database, openDatabase, sqliteCode } from './database.ts';
import { refuseForeignLog } from './foreign-log.ts';
import { refuseEmpty, requireLedger } from './require-ledger.ts';
import { storageError } from './storage-error.ts';

/** A ledger that can only be read is held in memory up to this size, twice while SQLite takes it over. */
const HELD_BYTES_MAX = 512 * 1024 * 1024;
/** Where a SQLite file says how it is written and read: 2 a log (WAL), 1 none. Source: sqlite.org/fileformat2.html, 1.3. */
const FORMAT_BYTES = [18, 19] as const;
const NO_LOG = 1;
/** What the file system says of a file that this user may not read, or that is a folder. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EISDIR']);

/**
 * Opens a ledger for reading, while a run may write it. Writes nothing; but where no `-wal` is there
 * it is opened as if to write, since only then SQLite removes the one that it makes while it looks,
 * when the last one closes. In a folder where it may make none, the ledger is read into memory. Throws 66 where there
 * is none or it may not be read, 78 where it is no ledger, or the log beside it is that of a newer one.
 */
export function openForReading(path: string): Database {
  if (!isThere(path)) {
    throw new InputError(
      EXIT.noInput,
      `no ledger at ${path}`,
      'qbatch jobs lists the jobs of a folder',
    );
  }
  const readonly = isThere(`${path}-wal`);
  try {
    refuseEmpty(statSync(path), path);
    return openLedger(path, path, readonly);
  } catch (error) {
    if (readonly || !mayNotWrite(error)) throw readingError(error, path);
  }
  const held = holdLedger(path);
  // A run that began while the file was read has a log, and then the file can be opened.
  if (isThere(`${path}-wal`)) return openForReading(path);
  try {
    return openLedger(path, held, true);
  } catch (error) {
    throw readingError(error, path);
  }
}

function openLedger(path: string, content: string | Buffer, readonly: boolean): Database {
  // A file that went meanwhile must not be made anew: an empty one looks like a ledger that was lost.
  const fileMustExist = typeof content === 'string';
  const database = openDatabase(content, { readonly, fileMustExist, timeout: 5000 });
  try {
    database.pragma('query_only = ON');
    requireLedger(database, path);
    if (readonly && fileMustExist) refuseForeignLog(database, path);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Whether SQLite was refused a file beside the ledger, or the ledger itself. */
function mayNotWrite(error: unknown): boolean {
  return /^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCode(error));
}

/** The content of a ledger without a log, as that of a database that never had one. */
function holdLedger(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > HELD_BYTES_MAX) {
      throw new InputError(
        EXIT.noInput,
        `${path} is in a folder that is not writable: SQLite cannot read it there, and at ${size} bytes it is too large to load into memory`,
        'copy it to a writable folder, and name the copy',
      );
    }
    const content = readFileSync(path);
    for (const at of FORMAT_BYTES) content[at] = NO_LOG;
    return content;
  } catch (error) {
    throw readingError(error, path);
  }
}

/** What SQLite or the file system said against reading a ledger: 66 where it may not be read, else as of any ledger. */
function readingError(error: unknown, path: string): QbatchError {
  const { code } = error as NodeJS.ErrnoException;
  if (!mayNotWrite(error) && !UNREADABLE.has(code ?? '')) return storageError(error, path);
  return new InputError(
    EXIT.noInput,
    `cannot read ${path}: ${(error as Error).message}`,
    'check the permissions of the file, of those beside it (-wal, -shm) and of its folder',
    error,
  );
}
