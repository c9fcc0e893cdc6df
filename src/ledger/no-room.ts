import { QbatchError } from '../errors.ts';
import { sqliteCode } from './database.ts';

/**
 * Codes by which SQLite says that what it wanted to write found no room; the transaction is undone, and may be tried
 * again as it is. Not among them are failed syncs: what of the transaction is on the disk is not known then.
 */
const NO_ROOM: readonly string[] = [
  // ENOSPC, or a write that was cut short; also a file as large as it may get.
  'SQLITE_FULL',
  // Any other failed write (3.53.2, `unixWrite`): EDQUOT of a quota, EFBIG of a limit; but also EIO, where trying again does no harm.
  'SQLITE_IOERR_WRITE',
  // The index of the log has to grow, in a file of its own.
  'SQLITE_IOERR_SHMSIZE',
];

/** Whether a commit failed since there was no room for it. */
export function isNoRoom(error: unknown): boolean {
  const cause = error instanceof QbatchError ? error.cause : error;
  return NO_ROOM.includes(sqliteCode(cause));
}
