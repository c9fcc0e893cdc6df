import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isoTime } from '../clock.ts';
import { EXIT, InputError, OutputError, QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { realLedgerPath } from './real-ledger-path.ts';
import { type Database, openDatabase, sqliteCode } from './database.ts';

/** The process that holds a ledger. */
export type Holder = {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The job being run; null: unknown, because of an older version or the name's length. */
  readonly jobName: string | null;
};

const PRIVATE_MODE = 0o600;

/** How long a `status` may hold the lock while it checks; a run waits that long before it gives up. */
const PATIENCE_MS = 400;

/**
 * The longest ledger path that SQLite accepts on Linux and macOS: 512 bytes, less its `-journal` and our `.lock` (tried
 * with 3.53.2). For longer ones it says only "unable to open database file".
 */
const PATH_BYTES_MAX = 499;

/** A longer name is not stored: the record must fit on the file's first page of 4,096 bytes. */
const NAME_BYTES_MAX = 1_000;

/**
 * SQL that stores the lock holder, as a view: it fits on the file's first page and is written atomically. A table would
 * need a second page, and a kill between the two would leave a damaged file (seen in the crash tests).
 */
function claimSql(startedAt: number, jobName: string | null): string {
  const host = hostname().replaceAll("'", "''");
  const name = Buffer.from(jobName ?? '');
  // In hexadecimal: a name may hold anything, and a NUL would end the statement.
  const isTold = name.length > 0 && name.length <= NAME_BYTES_MAX;
  const job = isTold ? `CAST(X'${name.toString('hex')}' AS TEXT)` : 'NULL';
  return `DROP VIEW IF EXISTS holder;
    CREATE VIEW holder AS SELECT ${process.pid} AS pid, '${host}' AS host, ${startedAt} AS started_at, ${job} AS job`;
}

function lockPath(ledgerPath: string): string {
  return `${realLedgerPath(ledgerPath)}.lock`;
}

function readHolder(database: Database): Holder | null {
  try {
    const row = database.prepare('SELECT * FROM holder').get() as
      | { pid: number; host: string; started_at: number; job?: string | null }
      | undefined;
    if (row === undefined) return null;
    const { pid, host, started_at: startedAt, job: jobName = null } = row;
    return { pid, host, startedAt, jobName };
  } catch {
    return null;
  }
}

/** Keeps lock databases from being garbage collected, and the lock released with them, even if nobody keeps `release`. */
const held = new Set<Database>();

/**
 * Takes the ledger for this process, until `release`.
 *
 * The lock is a write transaction held open on `<ledger>.lock`, a tiny SQLite file: the kernel releases it with the process
 * (kill -9 too), it cannot be stale, and while it is held others can still read who holds it, and for which job. Throws 75
 * with pid, host and start time of the holder, 73 for a path that SQLite does not accept.
 */
export function acquireLock(
  ledgerPath: string,
  startedAt: number,
  jobName: string | null = null,
): { release(): void } {
  // Check that SQLite works at all before there is a file.
  openDatabase(':memory:').close();
  refuseLongPath(realLedgerPath(ledgerPath));
  const taken = takeLock(lockPath(ledgerPath), startedAt, jobName);
  if ('release' in taken) return taken;
  throw busy(ledgerPath, taken.holder);
}

/**
 * Takes such a lock in the file at `path`, or says who holds it (null: unreadable; a file system without locks tells no
 * more). A file that is no lock was torn by a power loss and is recreated, if `mayRemove` (the default) allows. Throws
 * errors of SQLite or the file system.
 */
export function takeLock(
  path: string,
  startedAt: number,
  jobName: string | null,
  mayRemove: (path: string) => boolean = () => true,
): { release(): void } | { readonly holder: Holder | null } {
  for (;;) {
    const opened = openLockFile(path);
    if (opened === null) continue;
    const { database, inode } = opened;
    try {
      // Nothing in it must survive a crash, so no journal file is left behind.
      database.pragma('journal_mode = MEMORY');
      database.exec(`BEGIN IMMEDIATE; ${claimSql(startedAt, jobName)}; COMMIT; BEGIN IMMEDIATE`);
    } catch (error) {
      const holder = readHolder(database);
      database.close();
      const code = sqliteCode(error);
      if (code.startsWith('SQLITE_BUSY')) return { holder };
      if (!code.startsWith('SQLITE_CORRUPT') && code !== 'SQLITE_NOTADB') throw error;
      if (!mayRemove(path)) throw error;
      // Torn by a power loss: nobody can hold such a file, and nothing is lost with it.
      if (isStill(path, inode)) rmSync(path, { force: true });
      continue;
    }
    // Removing an empty ledger removes its lock too: a lock on a deleted file keeps nobody out.
    if (isStill(path, inode)) {
      held.add(database);
      return {
        release() {
          held.delete(database);
          try {
            // Deleted before the lock is released: a waiter on this file then finds that the path is another file.
            rmSync(path, { force: true });
          } finally {
            database.close();
          }
        },
      };
    }
    database.close();
  }
}

function refuseLongPath(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (process.platform === 'win32' || bytes <= PATH_BYTES_MAX) return;
  throw new OutputError(
    EXIT.cannotCreate,
    `cannot create ${path}: the path has ${bytes} bytes, and SQLite takes ${PATH_BYTES_MAX} for a ledger`,
    'choose a shorter place with --ledger',
  );
}

/** Whether the path still names the opened file. */
function isStill(path: string, inode: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === inode;
}

/**
 * Opens the lock file, private if new; null if it was removed meanwhile. An existing file is opened only by SQLite: closing
 * any other descriptor of it would release a lock that this process holds on it (POSIX locks belong to the process).
 */
function openLockFile(path: string): { database: Database; inode: number } | null {
  let isNew = false;
  try {
    closeSync(openSync(path, 'wx', PRIVATE_MODE));
    isNew = true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const inode = statSync(path, { throwIfNoEntry: false })?.ino;
  if (inode === undefined) return null;
  try {
    return { database: openDatabase(path, { timeout: PATIENCE_MS, fileMustExist: true }), inode };
  } catch (error) {
    if (!isStill(path, inode)) return null;
    // SQLite may refuse a path that the file system accepts: nobody can hold a lock there.
    if (isNew) rmSync(path, { force: true });
    throw error;
  }
}

/** A holder, for messages. */
export function holderText({ pid, host, startedAt }: Holder): string {
  return `process ${pid} on ${host}, started ${isoTime(startedAt)}`;
}

function busy(ledgerPath: string, holder: Holder | null): QbatchError {
  if (holder === null) {
    return new QbatchError(
      EXIT.busy,
      `another run holds ${ledgerPath}, or its file system does not support locks: the process that holds it is unknown`,
      'wait until it is finished; if no run is active, put the ledger on a local disk with --ledger',
    );
  }
  return new QbatchError(
    EXIT.busy,
    `another run holds ${ledgerPath}: ${holderText(holder)}`,
    'wait until it is finished, or give this run a ledger of its own with --ledger',
  );
}

/** A lock that cannot be taken and that nobody can hold: torn by a power loss, or on read-only media. */
const HELD_BY_NOBODY = /^SQLITE_(?:CORRUPT|NOTADB|READONLY)/;

/**
 * Who holds the ledger now, or null. Takes and releases the lock to find out, so a dead holder is never reported. Throws 66
 * or 74 if the lock file exists but cannot be checked: whether somebody holds it is then unknown, and a file that a run may
 * be writing must not be overwritten.
 */
export function lockHolder(ledgerPath: string): Holder | null {
  const path = lockPath(ledgerPath);
  if (!isThere(path)) return null;
  let database: Database;
  try {
    database = openDatabase(path, { fileMustExist: true, timeout: 0 });
  } catch (error) {
    // Its run may have ended since.
    if (!isThere(path)) return null;
    throw unseen(path, error);
  }
  try {
    database.exec('BEGIN IMMEDIATE; ROLLBACK');
    return null;
  } catch (error) {
    const code = sqliteCode(error);
    if (code.startsWith('SQLITE_BUSY')) return readHolder(database);
    if (HELD_BY_NOBODY.test(code)) return null;
    throw unseen(path, error);
  } finally {
    database.close();
  }
}

function unseen(path: string, error: unknown): QbatchError {
  const told = `cannot tell whether a run holds ${path}: ${(error as Error).message} (${sqliteCode(error)})`;
  if (sqliteCode(error) === 'SQLITE_CANTOPEN')
    return new InputError(EXIT.noInput, told, 'check whose file it is and who may read it', error);
  return new OutputError(EXIT.io, told, 'repair the disk, then run the same command again', error);
}
