import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, EXIT, InputError, OutputError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { dropBallast } from './ballast.ts';
import { PATIENCE_AT_FIRST_MS } from './busy.ts';
import { type Database, openDatabase } from './database.ts';
import { refuseForeignLog } from './foreign-log.ts';
import { placeKeeper } from './ledger-place.ts';
import { markPath } from './mark-path.ts';
import { type Mark, openMark, readMark } from './mark.ts';
import { realLedgerPath } from './real-ledger-path.ts';
import { storageError } from './storage-error.ts';
import { refuseEmpty, requireLedger } from './require-ledger.ts';
import { APPLICATION_ID, MIGRATIONS, SCHEMA, SCHEMA_VERSION } from './schema.ts';

const PRIVATE_MODE = 0o600;
/**
 * Page cache while a run writes, in KiB: it works near the ends of its tables and reads each page once. Better-sqlite3's
 * default (16 MB) was no faster, and 10 MB larger.
 */
const WRITING_CACHE_KIB = 4000;

/** Creates an empty ledger under a temporary name and renames it, so that a crash leaves no partial one. */
function createLedger(path: string): void {
  // A fixed name: the lock keeps others out, and leftovers of a process that died here are removed.
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
      // Closing would do it too, but hides errors; and the log is not renamed along.
      database.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      database.close();
    }
    // The log of a removed ledger: SQLite would replay it into the new one.
    const real = realLedgerPath(path);
    for (const suffix of ['-wal', '-shm']) rmSync(real + suffix, { force: true });
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

/** Migrates an older ledger to these tables, atomically with the version. */
function migrate(database: Database): void {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version >= SCHEMA_VERSION) return;
  database.transaction(() => {
    for (const sql of MIGRATIONS.slice(version - 1)) database.exec(sql);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

export type OpenedLedger = {
  readonly database: Database;
  readonly mark: Mark;
  /** Throws 74 if the path no longer names this file, or the mark cannot be written. */
  readonly refuseUnfit: () => void;
  /** True if this call created the file. */
  readonly created: boolean;
  readonly commitCounter: number;
  /** The mark's count for a ledger that was lost here; null: none. */
  readonly lostCommits: number | null;
  /** The mark's count if it is ahead of the ledger and outputs are to be adopted; else null. */
  readonly aheadCommits: number | null;
};

/**
 * Opens the ledger for writing, creating it if missing. The caller holds the lock.
 *
 * Sets `synchronous=FULL` and reads it back: better-sqlite3 is compiled with `DEFAULT_WAL_SYNCHRONOUS=1`, which loses
 * acknowledged commits on power loss (measured, see docs/decisions). Throws 73 if it may not be written, 78 for an empty,
 * damaged, foreign or newer file, and if the mark says that the ledger went backwards (unless `adopt`; with `fresh` a lost
 * one is simply recreated). An older ledger is migrated.
 */
export function openForWriting(
  path: string,
  options: { adopt: boolean; fresh?: boolean },
): OpenedLedger {
  try {
    // A folder that cannot be inspected is not one without a ledger.
    const found = statSync(path, { throwIfNoEntry: false });
    const exists = found !== undefined;
    // Ballast of a killed run: opening the ledger may need the space.
    dropBallast(path);
    refuseEmpty(found, path);
    const marked = readMark(path);
    if (!exists && marked !== null && !options.adopt && options.fresh !== true) {
      throw new ConfigError(
        `${markPath(path)} exists but ${path} does not: the ledger was lost`,
        'restore it from a copy, or rerun with --adopt-outputs to take the answers from the output files',
      );
    }
    if (exists) refuseBackwards(path, options.adopt ? null : marked);
    else createLedger(path);
    const opened = openExisting(path);
    const isAhead = options.adopt && marked !== null && marked > opened.commitCounter;
    return {
      ...opened,
      created: !exists,
      lostCommits: exists ? null : marked,
      aheadCommits: isAhead ? marked : null,
    };
  } catch (error) {
    // What this user may not inspect, it may not write either.
    if (error instanceof InputError)
      throw new OutputError(EXIT.cannotCreate, error.message, error.hint, error);
    throw storageError(error, path);
  }
}

function counterOf(database: Database): number {
  return database.prepare('SELECT commit_counter FROM ledger').pluck().get() as number;
}

/**
 * Refuses a file that is no ledger of ours, or that its log or mark is ahead of. Opened read-only: closing a file opened
 * for writing removes its log, and a damaged log may be all that is left of the newest answers.
 */
function refuseBackwards(path: string, marked: number | null): void {
  const readonly = isThere(`${realLedgerPath(path)}-wal`);
  const database = openDatabase(path, { readonly, timeout: PATIENCE_AT_FIRST_MS });
  try {
    requireLedger(database, path);
    if (readonly) refuseForeignLog(database, path);
    const commits = counterOf(database);
    if (marked === null || marked <= commits) return;
    throw new ConfigError(
      `${path} went backwards: it has ${commits} commits, but its .mark file counts ${marked}`,
      'an older copy replaced it, or its -wal file was lost; restore the newest ledger, or rerun with --adopt-outputs to take the answers from the output files',
    );
  } finally {
    database.close();
  }
}

function openExisting(
  path: string,
): Pick<OpenedLedger, 'database' | 'mark' | 'commitCounter' | 'refuseUnfit'> {
  const database = openDatabase(path, { timeout: PATIENCE_AT_FIRST_MS });
  try {
    requireLedger(database, path);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    const level = database.pragma('synchronous', { simple: true });
    if (level !== 2)
      throw new ConfigError(`${path}: synchronous=FULL did not take effect (${String(level)})`);
    database.pragma(`cache_size = -${WRITING_CACHE_KIB}`);
    const commitCounter = counterOf(database);
    chmodSync(path, PRIVATE_MODE);
    migrate(database);
    const mark = openMark(path);
    const refuseMoved = placeKeeper(path);
    const refuseUnfit = (): void => {
      refuseMoved();
      mark.refuseUnwritten();
    };
    return { database, mark, commitCounter, refuseUnfit };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Removes a ledger created by this process that holds no job; with `keepMark` its mark stays, as evidence that another was
 * lost here before.
 */
export function removeLedger(path: string, keepMark: boolean): void {
  // The mark first: a mark without a ledger means a loss.
  const suffixes = [...(keepMark ? [] : ['.mark']), '', '-wal', '-shm', '.lock'];
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}
