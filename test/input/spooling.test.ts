import { spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { removeStaleSpooling, spoolingPath } from '../../src/input/spooling.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

/** The number of a process that has ended. */
function deadPid(): number {
  return spawnSync('true').pid;
}

test('copies of processes that are gone: removed, and nothing else', () => {
  const folder = tempFolder();
  const own = basename(spoolingPath(folder));
  const stale = own.replace(`-${process.pid}-`, `-${deadPid()}-`);
  const kept = [
    own,
    // Elsewhere the same number may be that of a process that is alive.
    stale.replace(/^stdin-\w{8}/, 'stdin-00000000'),
    `stdin-${'0'.repeat(12)}.jsonl`,
    `copy of ${stale}`,
  ].toSorted();
  for (const name of [...kept, stale]) writeFileSync(join(folder, name), '');
  removeStaleSpooling(folder);
  expect(readdirSync(folder).toSorted()).toEqual(kept);
});

test('a folder that cannot be listed: left alone', () => {
  expect(() => {
    removeStaleSpooling(join(tempFolder(), 'nowhere'));
  }).not.toThrow();
});
