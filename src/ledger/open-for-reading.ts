import { readFileSync, type Stats, statSync } from 'node:fs';
import { EXIT, InputError, type QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { shellWord } from '../shell-word.ts';
import { type Database, openDatabase, sqliteCode } from './database.ts';
import { refuseForeignLog } from './foreign-log.ts';
import { refuseEmpty, requireLedger } from './require-ledger.ts';
import { storageError } from './storage-error.ts';

/** A read-only ledger is held in memory up to this size, twice while SQLite takes it over. */
const HELD_BYTES_MAX = 512 * 1024 * 1024;
/** The write and read format in a SQLite file: 2 with a log (WAL), 1 without. Source: sqlite.org/fileformat2.html, 1.3. */
const FORMAT_BYTES = [18, 19] as const;
const NO_LOG = 1;
/** File system errors for a file that this user may not read. */
const UNREADABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/**
 * Opens a ledger for reading, possibly while a run writes it. Writes nothing; but if there is no `-wal` it is opened
 * writable, since only then does SQLite remove the one it creates while reading, when the last connection closes. In a
 * folder where it cannot create one, the ledger is read into memory. Throws 66 if it is missing, no regular file,
 * or unreadable, 78 if it is no ledger, or if the log beside it belongs to a newer one.
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
    const found = statSync(path);
    refuseNoFile(found, path);
    refuseEmpty(found, path);
    return openLedger(path, path, readonly);
  } catch (error) {
    if (readonly || !mayNotWrite(error)) throw readingError(error, path);
  }
  const held = holdLedger(path);
  // A run that started while the file was read has a log, and then the file can be opened.
  if (isThere(`${path}-wal`)) return openForReading(path);
  try {
    return openLedger(path, held, true);
  } catch (error) {
    throw readingError(error, path);
  }
}

function openLedger(path: string, content: string | Buffer, readonly: boolean): Database {
  // A file deleted meanwhile must not be recreated: an empty one looks like a lost ledger.
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

/** Refuses a folder, a pipe or a device (66): SQLite would report a failing disk, or an empty database. */
function refuseNoFile(found: Stats, path: string): void {
  if (found.isFile()) return;
  const isFolder = found.isDirectory();
  throw new InputError(
    EXIT.noInput,
    `${path} is ${isFolder ? 'a folder' : 'not a regular file'}, not a ledger`,
    isFolder
      ? `qbatch jobs ${shellWord(path)} lists the jobs of the ledgers in it`
      : 'qbatch jobs lists the jobs of a folder',
  );
}

/** Whether SQLite was denied access to a file beside the ledger, or to the ledger itself. */
function mayNotWrite(error: unknown): boolean {
  return /^SQLITE_(?:CANTOPEN|READONLY)/.test(sqliteCode(error));
}

/** The content of a ledger without a log, marked as a database that never had one. */
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

/** A read error of SQLite or the file system: 66 if reading is not permitted, else as for any ledger. */
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
