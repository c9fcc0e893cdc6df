import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isThere } from '../../src/files/is-there.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

test('a file, a folder, and a link to one are there; a name without anything, or below a file, is not', () => {
  const folder = tempFolder();
  const file = join(folder, 'a');
  writeFileSync(file, '');
  symlinkSync(file, join(folder, 'link'));
  symlinkSync(join(folder, 'nothing'), join(folder, 'dangling'));
  expect(
    ['a', '.', 'link', 'b', 'a/b', 'dangling'].map((name) => isThere(join(folder, name))),
  ).toEqual([true, true, true, false, false, false]);
});

test('a path that cannot be followed is no answer: 66, unless what cannot be seen counts as absent', () => {
  const loop = join(tempFolder(), 'loop');
  symlinkSync(loop, loop);
  expect(() => isThere(loop)).toThrow(
    expect.objectContaining({
      exitCode: 66,
      message: expect.stringMatching(/^cannot look for .*loop: ELOOP/),
    }),
  );
  expect(isThere(loop, 'absent')).toBe(false);
});
