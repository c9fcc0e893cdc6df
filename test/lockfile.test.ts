import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from './helpers/temp-ledger.ts';

type Lock = { packages: Record<string, Record<string, unknown>> };

/** Runs the check on a copy of the lockfile and the manifest that was changed. */
function check(change: (lock: Lock, manifest: Record<string, unknown>) => void) {
  const folder = tempFolder();
  mkdirSync(join(folder, 'scripts'));
  cpSync('scripts/check-lockfile.mjs', join(folder, 'scripts/check-lockfile.mjs'));
  const [lock, manifest] = ['package-lock.json', 'package.json'].map(
    (name) => JSON.parse(readFileSync(name, 'utf8')) as unknown,
  );
  change(lock as Lock, manifest as Record<string, unknown>);
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const script = join(folder, 'scripts/check-lockfile.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  return { status, stderr };
}

test('the lockfile as it is: nothing to say', () => {
  expect(check(() => undefined)).toEqual({ status: 0, stderr: '' });
});

const undici = ({ packages }: Lock): Record<string, unknown> => {
  const entry = packages['node_modules/undici'];
  if (entry === undefined) throw new Error('undici is not in the lockfile');
  return entry;
};

test.each<readonly [string, Parameters<typeof check>[0], RegExp]>([
  ['a package without a hash', (lock) => delete undici(lock)['integrity'], /undici: has no sha512/],
  [
    'a package with a weak hash',
    (lock) => {
      undici(lock)['integrity'] = 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=';
    },
    /undici: has no sha512/,
  ],
  [
    'a package from an address',
    (lock) => {
      undici(lock)['resolved'] = 'https://example.org/undici.tgz';
    },
    /undici: is bound to the address/,
  ],
  [
    'a package from a folder',
    (lock) => {
      lock.packages['node_modules/helper'] = { resolved: '../helper', link: true };
    },
    /helper: is not a package of the registry/,
  ],
  [
    'an install script that nobody reviewed',
    (lock) => {
      undici(lock)['hasInstallScript'] = true;
    },
    /undici: brings an install script/,
  ],
  [
    'an install script allowed in the manifest alone',
    (_lock, manifest) => {
      manifest['allowScripts'] = { 'better-sqlite3': true, undici: true };
    },
    /allowScripts\.undici is true/,
  ],
  [
    'a version that is a range',
    (_lock, manifest) => {
      manifest['dependencies'] = { 'better-sqlite3': '^12.11.1' };
    },
    /better-sqlite3 is not pinned exactly/,
  ],
  [
    'a second version, under another name, that is a range',
    (_lock, manifest) => {
      manifest['optionalDependencies'] = {
        'better-sqlite3-node-api': 'npm:better-sqlite3@^13.2.0',
      };
    },
    /better-sqlite3-node-api is not pinned exactly/,
  ],
  [
    'a second version, under another name, that the lockfile does not have',
    (_lock, manifest) => {
      manifest['optionalDependencies'] = {
        'better-sqlite3-node-api': 'npm:better-sqlite3@13.1.1',
      };
    },
    /better-sqlite3-node-api 13\.1\.1 is not what the lockfile has/,
  ],
])('%s: refused, by name', (_what, change, says) => {
  const { status, stderr } = check(change);
  expect(status).toBe(1);
  expect(stderr).toMatch(says);
});
