import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, EXIT, OutputError, QbatchError } from '../errors.ts';
import { realLedgerPath } from './real-ledger-path.ts';
import { type Database, openDatabase, sqliteCode } from './database.ts';
import { APPLICATION_ID, MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './schema.ts';

const PRIVATE_MODE = 0o600;

/** The 8-byte file beside a ledger that remembers how far the ledger had come. */
export type Mark = { write(counter: number): void; close(): void };

/** Path of the mark of a ledger. */
export function markPath(ledgerPath: string): string {
  return `${realLedgerPath(ledgerPath)}.mark`;
}

/** The commit counter in the mark; null where there is no whole mark. */
export function readMark(ledgerPath: string): number | null {
  let file: number;
  try {
    file = openSync(markPath(ledgerPath), 'r');
  } catch {
    return null;
  }
  try {
    const bytes = Buffer.alloc(8);
    return readSync(file, bytes, 0, 8, 0) === 8 ? Number(bytes.readBigUInt64LE()) : null;
  } finally {
    closeSync(file);
  }
}

function openMark(ledgerPath: string): Mark {
  const path = markPath(ledgerPath);
  const file = openSync(path, existsSync(path) ? 'r+' : 'wx+', PRIVATE_MODE);
  const bytes = Buffer.alloc(8);
  return {
    write(counter) {
      bytes.writeBigUInt64LE(BigInt(counter));
      writeSync(file, bytes, 0, 8, 0);
    },
    close() {
      closeSync(file);
    },
  };
}

/** Turns what SQLite or the file system said into an exit code, a sentence, and a next step. */
export function storageError(error: unknown, path: string): QbatchError {
  if (error instanceof QbatchError) return error;
  const code = sqliteCode(error) || String((error as NodeJS.ErrnoException).code);
  const text = (error as Error).message;
  if (code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT_')) {
    return new ConfigError(
      `${path} is damaged: ${text}`,
      'restore it from a copy, or move it and its .mark away and rerun with --adopt-outputs to take the answers from the output files',
      error,
    );
  }
  if (
    code === 'SQLITE_CANTOPEN' ||
    code === 'SQLITE_READONLY' ||
    code.startsWith('SQLITE_READONLY_')
  ) {
    return new OutputError(
      EXIT.cannotCreate,
      `cannot open ${path} for writing: ${text}`,
      'check the folder and its permissions, or choose another place with --ledger',
      error,
    );
  }
  if (
    code === 'EACCES' ||
    code === 'EROFS' ||
    code === 'ENOENT' ||
    code === 'EISDIR' ||
    code === 'ENOTDIR' ||
    code === 'EPERM'
  ) {
    return new OutputError(
      EXIT.cannotCreate,
      `cannot create ${path}: ${text}`,
      'check the folder and its permissions, or choose another place with --ledger',
      error,
    );
  }
  return new OutputError(
    EXIT.io,
    `cannot write ${path}: ${text} (${code})`,
    'free space or repair the disk, then run the same command again; nothing settled is lost',
    error,
  );
}

/** What the file system is asked for by name; network calls have others. */
const FILE_CALLS = [
  ...['open', 'close', 'read', 'write', 'fsync', 'fdatasync', 'ftruncate'],
  ...['stat', 'fstat', 'lstat', 'chmod', 'unlink', 'rename', 'rm', 'access'],
];

/** As `storageError`, for what SQLite or the file system said anywhere in a run; anything else is itself. */
export function asStorageError(error: unknown, ledgerPath: string): unknown {
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (sqliteCode(error) === '' && !FILE_CALLS.includes(String(syscall))) return error;
  return storageError(error, path ?? ledgerPath);
}

/** Makes an empty ledger under a temporary name and renames it, so that a crash leaves no half one. */
function createLedger(path: string): void {
  // One name for all: the lock keeps others out, and what a process that died here left is cleared away.
  const temporary = `${path}.new`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(temporary + suffix, { force: true });
  closeSync(openSync(temporary, 'wx', PRIVATE_MODE));
  try {
    const database = openDatabase(temporary);
    try {
      database.pragma('page_size = 16384');
      database.pragma('journal_mode = WAL');
      database.pragma('synchronous = FULL');
      database.exec(`BEGIN; ${SCHEMA} COMMIT`);
      database.pragma(`application_id = ${APPLICATION_ID}`);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
      // Closing would do it too, but keeps to itself what goes wrong; and the log does not come along.
      database.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      database.close();
    }
    renameSync(temporary, path);
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } finally {
    for (const suffix of ['', '-wal', '-shm']) rmSync(temporary + suffix, { force: true });
  }
}

/** Refuses what is not a ledger of ours or is newer than this program; throws ConfigError (78). */
function checkKind(database: Database, path: string): void {
  const application = database.pragma('application_id', { simple: true });
  const version = Number(database.pragma('user_version', { simple: true }));
  if (application !== APPLICATION_ID) {
    throw new ConfigError(
      `${path} is a SQLite file but not a qbatch ledger`,
      'choose another file with --ledger',
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new ConfigError(
      `${path} was written by a newer qbatch (schema ${version}, this one knows ${SCHEMA_VERSION})`,
      'upgrade qbatch',
    );
  }
}

/** Brings an older ledger up to these tables: all of it or nothing, and the version with it. */
function migrate(database: Database): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version >= SCHEMA_VERSION) return;
  database.transaction(() => {
    for (const sql of MIGRATIONS.slice(version - 1)) database.exec(sql);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function setUp(database: Database): void {
  database.pragma('trusted_schema = OFF');
  database.pragma('cell_size_check = ON');
}

export type OpenedLedger = {
  readonly database: Database;
  readonly mark: Mark;
  /** True where this call made the file. */
  readonly created: boolean;
  readonly commitCounter: number;
};

/**
 * Opens the ledger for writing, making it where there is none. The caller holds the lock.
 *
 * Sets `synchronous=FULL` and reads it back: better-sqlite3 is compiled with
 * `DEFAULT_WAL_SYNCHRONOUS=1`, which loses acknowledged commits on power loss (measured, see
 * docs/decisions). Throws 78 for an empty, damaged, foreign or newer file, and where the mark says
 * that the ledger went backwards (unless `adopt`; with `fresh` a lost one is simply made anew). An
 * older ledger gets the tables that it lacks.
 */
export function openForWriting(
  path: string,
  options: { adopt: boolean; fresh?: boolean },
): OpenedLedger {
  try {
    // A folder that cannot be looked at is not one without a ledger.
    const found = statSync(path, { throwIfNoEntry: false });
    const exists = found !== undefined;
    if (found?.size === 0) {
      throw new ConfigError(
        `${path} is empty: a ledger was lost here`,
        'restore it from a copy, or delete it and its .mark and rerun with --adopt-outputs to take the answers from the output files',
      );
    }
    const marked = readMark(path);
    if (!exists && marked !== null && !options.adopt && options.fresh !== true) {
      throw new ConfigError(
        `${markPath(path)} exists but ${path} does not: the ledger was lost`,
        'restore it from a copy, or rerun with --adopt-outputs to take the answers from the output files',
      );
    }
    if (!exists) createLedger(path);
    return openExisting(path, {
      created: !exists,
      marked: options.adopt || !exists ? null : marked,
    });
  } catch (error) {
    throw storageError(error, path);
  }
}

function openExisting(
  path: string,
  options: { created: boolean; marked: number | null },
): OpenedLedger {
  const database = openDatabase(path, { timeout: 5000 });
  try {
    checkKind(database, path);
    setUp(database);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    const level = database.pragma('synchronous', { simple: true });
    if (level !== 2)
      throw new ConfigError(`${path}: synchronous=FULL did not take effect (${String(level)})`);
    const commitCounter = database
      .prepare('SELECT commit_counter FROM ledger')
      .pluck()
      .get() as number;
    if (options.marked !== null && options.marked > commitCounter) {
      throw new ConfigError(
        `${path} went backwards: it has ${commitCounter} commits, its mark remembers ${options.marked}`,
        'an older copy or a lost -wal file took its place; restore the newest one, or rerun with --adopt-outputs to take the answers from the output files',
      );
    }
    chmodSync(path, PRIVATE_MODE);
    migrate(database);
    return { database, mark: openMark(path), created: options.created, commitCounter };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Opens a ledger for reading, while a run may write it. Writes nothing; but where no `-wal` is there
 * it is opened as if to write, since only then SQLite removes the one that it makes while it looks,
 * when the last one closes. Throws 66 where there is none, 78 where it is no ledger.
 */
export function openForReading(path: string): Database {
  if (!existsSync(path)) {
    throw new QbatchError(
      EXIT.noInput,
      `no ledger at ${path}`,
      'qbatch jobs lists the jobs of a folder',
    );
  }
  try {
    const readonly = existsSync(`${path}-wal`);
    const database = openDatabase(path, { readonly, fileMustExist: true, timeout: 5000 });
    try {
      database.pragma('query_only = ON');
      checkKind(database, path);
      setUp(database);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } catch (error) {
    throw storageError(error, path);
  }
}

/** Removes a ledger that this process made and in which no job was left. */
export function removeLedger(path: string): void {
  // The mark first: a mark without a ledger is a loss.
  for (const suffix of ['.mark', '', '-wal', '-shm', '.lock'])
    rmSync(path + suffix, { force: true });
}
