import { QbatchError } from '../errors.ts';
import { sqliteCode } from './database.ts';

/**
 * SQLite codes for a write without space; the transaction is rolled back and may be retried unchanged. Failed syncs are not
 * among them: how much of the transaction is on disk is then unknown.
 */
const NO_ROOM: readonly string[] = [
  // ENOSPC or a short write; also a file at its maximum size.
  'SQLITE_FULL',
  // Any other failed write (3.53.2, `unixWrite`): EDQUOT of a quota, EFBIG of a limit; but also EIO, where a retry does no
  // harm.
  'SQLITE_IOERR_WRITE',
  // The index of the log has to grow, in a file of its own.
  'SQLITE_IOERR_SHMSIZE',
];

/** Whether a commit failed for lack of space. */
export function isNoRoom(error: unknown): boolean {
  const cause = error instanceof QbatchError ? error.cause : error;
  return NO_ROOM.includes(sqliteCode(cause));
}
