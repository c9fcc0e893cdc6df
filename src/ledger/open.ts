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
 * Memory for pages while a run writes, in KiB: it works near the ends of its tables and reads each page
 * once. What better-sqlite3 sets (16 MB) was as fast, and 10 MB larger.
 */
const WRITING_CACHE_KIB = 4000;

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
    // A log without its ledger, which was removed: SQLite would read it into the new one.
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

/** Brings an older ledger up to these tables: all of it or nothing, and the version with it. */
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
  /** Throws 74 where the path does not name this file any more, or the mark cannot be written. */
  readonly refuseUnfit: () => void;
  /** True where this call made the file. */
  readonly created: boolean;
  readonly commitCounter: number;
  /** What the mark remembered of a ledger that was lost here; null where none was. */
  readonly lostCommits: number | null;
  /** The mark's count where it is ahead of the ledger and outputs are to be adopted; else null. */
  readonly aheadCommits: number | null;
};

/**
 * Opens the ledger for writing, making it where there is none. The caller holds the lock.
 *
 * Sets `synchronous=FULL` and reads it back: better-sqlite3 is compiled with
 * `DEFAULT_WAL_SYNCHRONOUS=1`, which loses acknowledged commits on power loss (measured, see
 * docs/decisions). Throws 73 where it may not be written, 78 for an empty, damaged, foreign or newer file, and where the mark says
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
    // That of a run that was killed: opening the ledger may need the room.
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
    // What this user may not look at, it may not write either.
    if (error instanceof InputError)
      throw new OutputError(EXIT.cannotCreate, error.message, error.hint, error);
    throw storageError(error, path);
  }
}

function counterOf(database: Database): number {
  return database.prepare('SELECT commit_counter FROM ledger').pluck().get() as number;
}

/**
 * Refuses a file that is no ledger of ours, or one that its log or its mark is ahead of. It is only read: whoever
 * closes a file that was opened for writing clears its log away, and what is left of a damaged log
 * may be all that is left of the newest answers.
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
 * Removes a ledger that this process made and in which no job was left; with `keepMark` not its mark, which then
 * tells that another was lost here before.
 */
export function removeLedger(path: string, keepMark: boolean): void {
  // The mark first: a mark without a ledger is a loss.
  const suffixes = [...(keepMark ? [] : ['.mark']), '', '-wal', '-shm', '.lock'];
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}
