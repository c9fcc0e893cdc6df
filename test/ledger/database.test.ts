import { expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';

test('a folder that is not there, or cannot be seen: SQLite cannot open it, and no bug', () => {
  expect(() => openDatabase('/nowhere/at/all/x.db')).toThrow(
    expect.objectContaining({ code: 'SQLITE_CANTOPEN' }),
  );
});
