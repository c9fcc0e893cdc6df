import { randomBytes } from 'node:crypto';
import { closeSync, fdatasync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { EXIT, OutputError } from '../errors.ts';
import type { Database } from './database.ts';
import { realLedgerPath } from './real-ledger-path.ts';

/** How a ballast begins, so that it is told from somebody's own file of that name. */
export const BALLAST_BEGIN: Buffer = Buffer.from('qbatch: room for a full disk\n', 'latin1');

const PRIVATE_MODE = 0o600;
const datasync = promisify(fdatasync);

/** What one call in flight may have to be written down with: a long answer and its rows. */
const BYTES_A_CALL = 32 * 1024;
/** Pages of tables that any commit writes again, a few commits long. */
const BYTES_LEAST = 1024 * 1024;
const BYTES_MOST = 32 * 1024 * 1024;
/** At most this share of what is free: what is left is for what is written until the disk is full. */
const SHARE_OF_FREE = 1 / 2;
/** Less would hold no commit: where half of what is free is less, nothing is sent. */
const BYTES_OF_USE = 128 * 1024;
const PIECE_BYTES = 1024 * 1024;
const NO_SPACE: readonly string[] = ['ENOSPC', 'EDQUOT'];

function ballastPath(ledgerPath: string): string {
  return `${realLedgerPath(ledgerPath)}.ballast`;
}

/** Removes the ballast of a ledger, where there is one. Never throws: nobody needs it, and the next run tries again. */
export function dropBallast(ledgerPath: string): void {
  try {
    rmSync(ballastPath(ledgerPath), { force: true });
  } catch {
    // As said above.
  }
}

/**
 * Sets room aside beside a ledger, in a file that is removed when the disk is full: the answers of calls in flight are
 * paid, and go there then. Where none can be had for another reason than a full disk there is no ballast. Resolves with how
 * many calls may be in flight so that what could be set aside holds their answers; Infinity: any number, or nobody knows.
 * Throws 74 where there is too little room to write any answer down.
 */
export async function makeBallast(ledgerPath: string, callsInFlight: number): Promise<number> {
  const path = ballastPath(ledgerPath);
  // That of a run that was killed takes room, too.
  dropBallast(ledgerPath);
  let isLittle = false;
  try {
    const { blocks, bavail, bsize } = statfsSync(dirname(path));
    // What has no size (a tmpfs without a limit, some file systems in user space) does not tell what is free.
    if (blocks === 0) return Infinity;
    const wanted = Math.min(BYTES_LEAST + callsInFlight * BYTES_A_CALL, BYTES_MOST);
    const share = Math.floor(Math.min(wanted, bavail * bsize * SHARE_OF_FREE));
    isLittle = share < BYTES_OF_USE;
    // There may be more than is told, for this user: taking it tells.
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
    // A file system that compresses would set nothing aside for zeros.
    const piece = randomBytes(Math.min(PIECE_BYTES, bytes));
    BALLAST_BEGIN.copy(piece);
    for (let at = 0; at < bytes;)
      at += writeSync(file, piece, 0, Math.min(piece.length, bytes - at), at);
    await datasync(file);
  } finally {
    closeSync(file);
  }
}

/** The disk is full: what room there is, or was set aside, is for the commits of what is still in flight. */
export function giveRoom(ledger: { readonly path: string; readonly database: Database }): void {
  // After any commit SQLite would write the log back, and take for it the room that the next commit needs.
  ledger.database.pragma('wal_autocheckpoint = 0');
  dropBallast(ledger.path);
}
