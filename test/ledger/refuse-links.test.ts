import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Ledger } from '../../src/ledger/ledger.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const open = (path: string): Ledger => Ledger.open(path, { adopt: false, wallMs: 0 });

test.each(['.mark', '.lock', '-wal', '-shm', '-journal', '.new'])(
  'a link to another file as the ledger’s %s: refused (73), the other file untouched',
  (end) => {
    const folder = tempFolder();
    const path = join(folder, 'exam.qbatch.db');
    const other = join(folder, 'thesis.txt');
    for (const known of [false, true]) {
      if (known) open(path).close();
      writeFileSync(other, '');
      rmSync(path + end, { force: true });
      symlinkSync(other, path + end);
      expect(() => open(path)).toThrow(
        expect.objectContaining({
          exitCode: 73,
          message: expect.stringContaining(`${end} is a symbolic link`) as unknown,
        }),
      );
      expect(readFileSync(other, 'utf8')).toBe('');
      expect(existsSync(path)).toBe(known);
      rmSync(path + end);
    }
    // With the link gone it is a ledger as ever.
    open(path).close();
  },
);

test('a ledger that is itself a link: opened where it leads, its files beside that', () => {
  const folder = tempFolder();
  const real = join(folder, 'exam.qbatch.db');
  open(real).close();
  const link = join(folder, 'link.db');
  symlinkSync(real, link);
  open(link).close();
  expect(existsSync(`${real}.mark`)).toBe(true);
  expect(existsSync(`${link}.mark`)).toBe(false);
});
