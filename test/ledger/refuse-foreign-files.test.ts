import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dropBallast, makeBallast } from '../../src/ledger/ballast.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import SQLite from '../helpers/sqlite.mjs';
import { BEFORE_VERSION_5 } from '../helpers/before-version-5.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const open = (path: string): Ledger => Ledger.open(path, { adopt: false, wallMs: 0 });
const TEXT = 'chapter one\n';

describe('a ledger called like somebody’s own files', () => {
  test.each(['.lock', '.ballast', '.new'])('their %s: refused (73) and left as it is', (end) => {
    const path = join(tempFolder(), 'thesis');
    writeFileSync(path + end, TEXT);
    expect(() => open(path)).toThrow(
      expect.objectContaining({
        exitCode: 73,
        message: expect.stringContaining(
          `thesis${end} has the name of one of the ledger's own files`,
        ) as unknown,
      }),
    );
    expect(readFileSync(path + end, 'utf8')).toBe(TEXT);
    expect(existsSync(path)).toBe(false);
  });

  test('where the ledger is there already, a .new is nobody’s business', () => {
    const path = join(tempFolder(), 'thesis');
    open(path).close();
    writeFileSync(`${path}.new`, TEXT);
    open(path).close();
    expect(readFileSync(`${path}.new`, 'utf8')).toBe(TEXT);
  });

  test('what a killed run left is its own, whole or torn: taken away without a word', async () => {
    const path = join(tempFolder(), 'thesis');
    await makeBallast(path, 1);
    expect(existsSync(`${path}.ballast`)).toBe(true);
    open(path).close();
    expect(existsSync(`${path}.ballast`)).toBe(false);
    for (const bytes of [0, 5]) {
      await makeBallast(path, 1);
      truncateSync(`${path}.ballast`, bytes);
      open(path).close();
      expect(existsSync(`${path}.ballast`)).toBe(false);
    }
    for (const torn of ['', '\0'.repeat(4096), 'SQLite f', `SQLite format 3\0${'\0'.repeat(99)}`]) {
      writeFileSync(`${path}.lock`, torn);
      open(path).close();
      expect(existsSync(`${path}.lock`)).toBe(false);
    }
    dropBallast(path);
  });

  test('what a killed run of an older version left, whose ballast began with anything: likewise', () => {
    const path = join(tempFolder(), 'thesis');
    open(path).close();
    const older = new SQLite(path);
    older.exec('ALTER TABLE jobs DROP COLUMN last_stop');
    older.exec(BEFORE_VERSION_5);
    older.pragma('user_version = 3');
    older.close();
    writeFileSync(`${path}.ballast`, 'anything at all');
    open(path).close();
    expect(existsSync(`${path}.ballast`)).toBe(false);
    writeFileSync(`${path}.ballast`, 'anything at all');
    expect(() => open(path)).toThrow(/thesis\.ballast has the name of one of the ledger/);
  });
});
