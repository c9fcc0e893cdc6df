import { expect, test } from 'vitest';
import { isNoRoom } from '../../src/ledger/no-room.ts';
import { storageError } from '../../src/ledger/storage-error.ts';

test.each([
  ['SQLITE_FULL', true],
  ['SQLITE_IOERR_WRITE', true],
  ['SQLITE_IOERR_SHMSIZE', true],
  // What of the transaction is on the disk is not known.
  ['SQLITE_IOERR_FSYNC', false],
  ['SQLITE_IOERR_READ', false],
  ['SQLITE_CORRUPT', false],
  ['SQLITE_BUSY', false],
  ['SQLITE_CONSTRAINT_PRIMARYKEY', false],
  ['EIO', false],
])('%s: there was no room: %s', (code, expected) => {
  const error = Object.assign(new Error('it failed'), { code });
  expect(isNoRoom(error)).toBe(expected);
  expect(isNoRoom(storageError(error, 'a.qbatch.db'))).toBe(expected);
});
