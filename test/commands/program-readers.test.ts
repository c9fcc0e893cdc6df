import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseArgs } from '../../src/command-line/args.ts';
import { programReaders, type ProgramReaders } from '../../src/commands/program-readers.ts';
import { VERSION } from '../../src/version.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

type Case = {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly expected: Partial<ProgramReaders>;
};

const NOBODY: ProgramReaders = { stdout: false, stderr: false };
const JSON_IN_ENV = { env: { QBATCH_JSON: '1' } };

const CASES: readonly Case[] = [
  { argv: ['run', 'a'], expected: {} },
  { argv: ['run', 'a', '--json'], expected: { stdout: true } },
  { argv: ['run', 'a', '--progress=json'], expected: { stderr: true } },
  { argv: ['run', 'a'], ...JSON_IN_ENV, expected: { stdout: true } },
  { argv: ['run', 'a', '--json=false'], ...JSON_IN_ENV, expected: {} },
  { argv: ['run', 'a'], env: { QBATCH_PROGRESS: 'json' }, expected: { stderr: true } },
  { argv: ['run', 'a'], file: '{"json":true}', expected: { stdout: true } },
  { argv: ['run', 'a'], file: '{"progress":"json"}', expected: { stderr: true } },
  // A command line that cannot be read, and settings that are wrong.
  { argv: ['run', 'a', '--json', '--bogus'], expected: { stdout: true } },
  { argv: ['run', 'a', '--bogus'], ...JSON_IN_ENV, expected: { stdout: true } },
  { argv: ['run', 'a', '--bogus'], env: { QBATCH_JSON: '0' }, expected: {} },
  { argv: ['run', 'a', '--bogus'], env: { QBATCH_JSON: 'perhaps' }, expected: {} },
  { argv: ['run', 'a', '--json', '--no-json', '--bogus'], ...JSON_IN_ENV, expected: {} },
  { argv: ['run', 'a', '--bogus', '--', '--json'], expected: {} },
  { argv: ['run', 'a'], ...JSON_IN_ENV, file: '{"bogus":1}', expected: { stdout: true } },
  // Other commands take no settings, from wherever.
  { argv: ['status', '--json'], expected: { stdout: true } },
  { argv: ['status'], ...JSON_IN_ENV, expected: {} },
  { argv: ['completion', 'bash'], ...JSON_IN_ENV, expected: {} },
];

describe('programReaders', () => {
  test.each(CASES)('$argv, $env, $file: $expected', async ({ argv, env, file, expected }) => {
    const cwd = tempFolder();
    if (file !== undefined) writeFileSync(join(cwd, 'qbatch.config.json'), file);
    const parsed = await parseArgs(argv, VERSION).catch(() => null);
    const readers = programReaders(argv, parsed, { env: env ?? {}, cwd, home: cwd });
    expect(readers).toEqual({ ...NOBODY, ...expected });
  });
});
