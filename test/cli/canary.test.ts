import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CANARY_KEY, openBench } from '../helpers/bench.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** Programs that would give the key away, each in its own way: all CLI tests must notice. */
const TRAITORS: readonly (readonly [string, string, RegExp])[] = [
  ['in a file', "fs.writeFileSync('state.db', 'x' + key)", /state\.db/],
  [
    'below a folder of the home',
    "fs.mkdirSync(home + '/a'); fs.writeFileSync(home + '/a/log', key)",
    /a\/log/,
  ],
  ['on stdout', 'process.stdout.write(key)', /stdout/],
  ['on stderr, in an error', 'console.error(new Error(`401 for ${key}`))', /stderr/],
  ['12 characters of it', 'process.stderr.write(key.slice(0, 12))', /stderr/],
  ['in base64', "process.stdout.write(Buffer.from(key).toString('base64'))", /stdout/],
  ['in base64, behind a name', "process.stdout.write(btoa('api:' + key))", /stdout/],
  ['in base64, behind a longer name', "process.stdout.write(btoa('apis:' + key))", /stdout/],
  [
    'in base64 for URLs',
    "process.stdout.write(Buffer.from('a' + key).toString('base64url'))",
    /stdout/,
  ],
  ['in a URL', 'process.stdout.write(new URLSearchParams({ key }).toString())', /stdout/],
  ['in hexadecimal', "fs.writeFileSync('core', Buffer.from(key).toString('hex'))", /core/],
  ['in UTF-16', "fs.writeFileSync('core', Buffer.from(key, 'utf16le'))", /core/],
];

test.each(TRAITORS)('the key %s: noticed', async (_where, code, where) => {
  const bench = openBench();
  const program = bench.write(
    'traitor.cjs',
    `const fs = require('node:fs');
     const key = process.env.DASHSCOPE_API_KEY;
     const home = process.env.HOME;
     ${code};`,
  );
  await expect(runCli(bench, [], { program })).rejects.toThrow(where);
});

describe.skipIf(!existsSync('/proc/self/cmdline'))(
  'the list of arguments (Linux alone shows it)',
  () => {
    test('the key as an argument: noticed', async () => {
      const bench = openBench();
      await expect(runCli(bench, ['--version', CANARY_KEY])).rejects.toThrow('arguments');
    });

    test('the key as the name of the process: noticed', async () => {
      const bench = openBench();
      const program = bench.write(
        'traitor.cjs',
        'process.title = `x ${process.env.DASHSCOPE_API_KEY}`; process.stdout.write(".");',
      );
      await expect(runCli(bench, [], { program })).rejects.toThrow('arguments');
    });
  },
);

test('a program that keeps the key to itself: nothing to notice', async () => {
  const bench = openBench();
  expect(await runCli(bench, ['--version'])).toMatchObject({ status: 0 });
});
