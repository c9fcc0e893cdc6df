import fs from 'node:fs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { storageError } from '../../src/ledger/storage-error.ts';
import { folderOfTest } from './folder-of-test.ts';

const folder = folderOfTest();

/** What `openDatabase` throws for a file of that name. */
function refused(file: string): unknown {
  try {
    openDatabase(file).close();
  } catch (error) {
    return error;
  }
  throw new Error('it was opened');
}

test('a folder that is not there, or cannot be seen: SQLite cannot open it, and no bug', () => {
  expect(refused('/nowhere/at/all/x.db')).toMatchObject({ code: 'SQLITE_CANTOPEN' });
});

test('a folder that is there, and that a failing disk does not show: the disk is told of', () => {
  const file = folder.at('x.db');
  // Once, as a disk does that fails now and then: better-sqlite3 asks this way, and takes the answer for a no.
  const look = vi.spyOn(fs, 'existsSync').mockReturnValueOnce(false);
  onTestFinished(() => {
    look.mockRestore();
  });
  const error = refused(file);
  expect(look).toHaveBeenCalledOnce();
  expect(error).toMatchObject({ code: 'SQLITE_IOERR_ACCESS' });
  expect(storageError(error, file)).toMatchObject({
    exitCode: 74,
    message: expect.stringMatching(/^cannot read .*: a look at .* failed/) as string,
  });
});
