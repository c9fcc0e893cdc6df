import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isoTime } from '../clock.ts';
import { EXIT, InputError, OutputError, QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { realLedgerPath } from './real-ledger-path.ts';
import { type Database, openDatabase, sqliteCode } from './database.ts';

/** Who works a ledger at this moment. */
export type Holder = {
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The job that is worked; null: not told, by an older version or for its length. */
  readonly jobName: string | null;
};

const PRIVATE_MODE = 0o600;

/** Milliseconds a `status` may hold the lock while it looks; a run waits that long before it gives up. */
const PATIENCE_MS = 400;

/**
 * The longest path that SQLite takes for a ledger on Linux and macOS: 512 bytes, less its `-journal` and our `.lock`
 * (tried with 3.53.2). It says no more than "unable to open database file" of a longer one.
 */
const PATH_BYTES_MAX = 499;

/** A longer name is not written down: the record must fit on the file's first page, of 4,096 bytes. */
const NAME_BYTES_MAX = 1_000;

/**
 * Writes down who holds the lock, as a view: it fits on the file's first page, so that it is written
 * at one stroke. A table would need a second page, and a kill between the two would leave a damaged
 * file (seen in the crash tests).
 */
function claimSql(startedAt: number, jobName: string | null): string {
  const host = hostname().replaceAll("'", "''");
  const name = Buffer.from(jobName ?? '');
  // In hexadecimal, since a name may hold anything, and a NUL would end the statement.
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

/** What holds a lock is never collected, and the lock dropped with it, also where nobody keeps its `release`. */
const held = new Set<Database>();

/**
 * Takes the ledger for this process, until `release`.
 *
 * The lock is a write transaction held open on `<ledger>.lock`, a tiny SQLite file of its own: the
 * kernel drops it with the process (kill -9 too), it cannot be stale, and while it is held others
 * can still read who holds it, and for which job. Throws 75 with pid, host and start time of the
 * holder, 73 for a path that SQLite does not take.
 */
export function acquireLock(
  ledgerPath: string,
  startedAt: number,
  jobName: string | null = null,
): { release(): void } {
  // Whether SQLite can be used at all is found out before there is a file.
  openDatabase(':memory:').close();
  refuseLongPath(realLedgerPath(ledgerPath));
  const taken = takeLock(lockPath(ledgerPath), startedAt, jobName);
  if ('release' in taken) return taken;
  throw busy(ledgerPath, taken.holder);
}

/**
 * Takes such a lock in the file at `path`, or says who holds it (null: that cannot be read; a file system without locks says no
 * more). A file that is no lock was torn by a power loss and is made anew, where `mayRemove` (the default) says so. Throws what
 * SQLite or the file system says.
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
      // Nothing in it must survive a crash, so no journal file is left lying about.
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
    // Who removes an empty ledger removes its lock too: a lock on a file that is gone keeps nobody out.
    if (isStill(path, inode)) {
      held.add(database);
      return {
        release() {
          held.delete(database);
          try {
            // Gone before the lock is: whoever waits on this file then finds that it is not the file any more.
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

/** Whether the path still names the file that was opened. */
function isStill(path: string, inode: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === inode;
}

/**
 * Opens the lock's file, made private where it is new; null where it was removed meanwhile. A file
 * that exists is opened by SQLite alone: closing any other descriptor of it would drop the lock that
 * this process may hold on it (POSIX locks are a process's own).
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
    // SQLite may refuse a path that the file system takes: nobody can hold a lock there.
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

/** A lock that is not there to be taken, and that nobody can hold: torn by a power loss, or on read-only media. */
const HELD_BY_NOBODY = /^SQLITE_(?:CORRUPT|NOTADB|READONLY)/;

/**
 * Who holds the ledger now, or null. Takes and drops the lock to find out, so it never lies about the dead.
 * Throws 66 or 74 where the lock's file is there and cannot be looked at: whether somebody holds it is then
 * not known, and a file that a run may be writing is not to be written over.
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
