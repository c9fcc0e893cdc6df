import { cpSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sqlitePackages } from '../../src/ledger/sqlite-package.ts';
import { openBench } from '../helpers/bench.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

test('better-sqlite3 whose install script was blocked: 78 with the command that mends it, and no file is left', async () => {
  const bench = openBench();
  const program = (name: string): string => `${bench.home}/program/${name}`;
  const packages = 'node_modules/better-sqlite3';
  cpSync(`${ROOT}dist`, program('dist'), { recursive: true });
  cpSync(`${ROOT}package.json`, program('package.json'));
  // What npm leaves where it runs no install scripts: everything but what the script builds.
  cpSync(ROOT + packages, program(packages), {
    recursive: true,
    filter: (path) => basename(path) !== 'build' && basename(path) !== 'deps',
  });
  for (const name of ['bindings', 'file-uri-to-path'])
    symlinkSync(`${ROOT}node_modules/${name}`, program(`node_modules/${name}`));
  bench.write('a.jsonl', jsonl(placeIds(1).map((id) => nativeLine(id))));

  const blocked = await runCli(bench, ['run', 'a.jsonl', '--simulate'], {
    program: program('dist/cli.js'),
  });
  expect(blocked).toMatchObject({ status: 78, stdout: '' });
  const wanted = sqlitePackages(process.versions).includes('better-sqlite3')
    ? ['npm rebuild better-sqlite3', 'npm install-scripts approve better-sqlite3']
    : ['better-sqlite3 for Node.js', '--include=optional'];
  for (const text of wanted) expect(blocked.stderr).toContain(text);
  expect(bench.names()).toEqual(['a.jsonl']);
  // What needs no ledger works all the same.
  const version = await runCli(bench, ['check', 'a.jsonl'], { program: program('dist/cli.js') });
  expect(version).toMatchObject({ status: 0 });
});
