import { randomBytes } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { EXIT, OutputError } from '../errors.ts';
import type { Database } from './database.ts';
import { realLedgerPath } from './real-ledger-path.ts';

/** How a ballast begins, to distinguish it from a user's file of that name. */
export const BALLAST_BEGIN: Buffer = Buffer.from('qbatch: room for a full disk\n', 'latin1');

const PRIVATE_MODE = 0o600;
const datasync = promisify(fdatasync);

/** Space that the records of one call in flight may need: a long answer and its rows. */
const BYTES_A_CALL = 32 * 1024;
/** Pages of tables that any commit rewrites, for a few commits. */
const BYTES_LEAST = 1024 * 1024;
const BYTES_MOST = 32 * 1024 * 1024;
/** At most this share of the free space: the rest is for what is written until the disk is full. */
const SHARE_OF_FREE = 1 / 2;
/** Less would hold no commit: if half of the free space is less than this, nothing is sent. */
const BYTES_OF_USE = 128 * 1024;
const PIECE_BYTES = 1024 * 1024;
const NO_SPACE: readonly string[] = ['ENOSPC', 'EDQUOT'];

function ballastPath(ledgerPath: string): string {
  return `${realLedgerPath(ledgerPath)}.ballast`;
}

/** Removes a ledger's ballast, if any. Never throws: a leftover does no harm, and the next run tries again. */
export function dropBallast(ledgerPath: string): void {
  try {
    rmSync(ballastPath(ledgerPath), { force: true });
  } catch {
    // See above.
  }
}

/**
 * Reserves disk space beside a ledger, in a file that is removed when the disk is full: the answers of calls in flight are
 * paid for, and are written there then. If that fails for any reason but a full disk, there is no ballast. Resolves with
 * the number of calls in flight whose answers fit into the reserved space; Infinity: no bound, or unknown. Throws 74 if
 * there is too little space to write any answer.
 */
export async function makeBallast(ledgerPath: string, callsInFlight: number): Promise<number> {
  const path = ballastPath(ledgerPath);
  // The ballast of a killed run takes space, too.
  dropBallast(ledgerPath);
  let isLittle = false;
  try {
    const { blocks, bavail, bsize } = statfsSync(dirname(path));
    // File systems without a size (a tmpfs without a limit, some in user space) do not report free space.
    if (blocks === 0) return Infinity;
    const wanted = Math.min(BYTES_LEAST + callsInFlight * BYTES_A_CALL, BYTES_MOST);
    const share = Math.floor(Math.min(wanted, bavail * bsize * SHARE_OF_FREE));
    isLittle = share < BYTES_OF_USE;
    // This user may have more than is reported: allocating it shows.
    const bytes = isLittle ? BYTES_OF_USE / SHARE_OF_FREE : share;
    await writeWhole(path, bytes);
    return bytes < wanted ? Math.floor(bytes / BYTES_A_CALL) : Infinity;
  } catch (error) {
    dropBallast(ledgerPath);
    if (isLittle && NO_SPACE.includes(String((error as NodeJS.ErrnoException).code)))
      throw tooLittleRoom(ledgerPath, error);
    return Infinity;
  }
}

function tooLittleRoom(ledgerPath: string, cause: unknown): OutputError {
  return new OutputError(
    EXIT.io,
    `too little disk space is free beside ${ledgerPath}: paid answers could not be stored`,
    'free some 50 MB, then run the same command again; nothing settled is lost',
    cause,
  );
}

async function writeWhole(path: string, bytes: number): Promise<void> {
  const file = openSync(path, 'wx', PRIVATE_MODE);
  try {
    // A compressing file system would reserve nothing for zeros.
    const piece = randomBytes(Math.min(PIECE_BYTES, bytes));
    BALLAST_BEGIN.copy(piece);
    for (let at = 0; at < bytes;)
      at += writeSync(file, piece, 0, Math.min(piece.length, bytes - at), at);
    await datasync(file);
  } finally {
    closeSync(file);
  }
}

/** The disk is full: frees the reserved space for the commits of what is still in flight. */
export function giveRoom(ledger: { readonly path: string; readonly database: Database }): void {
  // SQLite would checkpoint the log after a commit, and take the space that the next commit needs.
  ledger.database.pragma('wal_autocheckpoint = 0');
  dropBallast(ledger.path);
}
