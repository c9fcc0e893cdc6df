import { expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { openBench } from '../helpers/bench.ts';
import { rawIn, withoutColours } from '../helpers/hostile-text.ts';
import { nativeLine } from '../helpers/request-lines.ts';
import { type CliOptions, runCli } from '../helpers/spawn-cli.ts';

/*
 * The built program among files, folders, ids, models and settings whose names a terminal would obey, coloured as
 * on a terminal. The names hold no colour of their own, so that all colours are the program's.
 */

const NAME = 'a\u001b[2J\u001b]0;owned\u0007\u009b1A\u202e\u2066\u200b\u2028\r\nFORGED\u007fz';
const ON_A_TERMINAL: CliOptions = {
  env: { FORCE_COLOR: '1', TERM: 'xterm-256color', COLUMNS: '60' },
};
/** What the live display is made of: cursor, wrapping, erasing, columns. */
const DISPLAY = /\u001b\[(?:\?25[hl]|\?7[hl]|[01]?[KGA]|\d+G|J)|\r/g;

function expectClean(text: string): void {
  expect(rawIn(withoutColours(text).replaceAll(DISPLAY, ''))).toBeNull();
}

test('a job under hostile names, by all commands: nothing of them reaches the terminal raw', async () => {
  const { bench, server } = await prepareCliJob(1);
  const lines = [1, 2, 3].map((nth) => nativeLine(`${NAME}${nth}`, { model: `m${NAME}` }));
  bench.write(`${NAME}/${NAME}.jsonl`, `${lines.join('\n')}\n`);
  server.script = () => ({ kind: 'error', status: 400, code: `C${NAME}`, message: `M${NAME}` });
  const options = { ...ON_A_TERMINAL, cwd: NAME };
  const input = `${NAME}.jsonl`;
  const ledger = `${NAME}.qbatch.db`;
  const commands: readonly (readonly [number, ...string[]])[] = [
    [0, 'check', input],
    [1, 'run', input, ...server.flags, '--color', 'always', '--progress', 'tty'],
    [1, 'retry', ledger, ...server.flags, '--color', 'always', '--progress', 'lines'],
    [1, 'retry', ledger, '--code', `N${NAME}`, ...server.flags],
    [0, 'status', ledger, '--verify', '--color', 'always'],
    [0, 'usage', ledger, '--by', 'model,code,job'],
    [0, 'usage', ledger, '--by', 'code', '--format', 'markdown'],
    [0, 'jobs'],
    [0, 'debug', ledger],
    [0, 'export', ledger, '--what', 'errors', '-o', `${NAME}.out`],
    [65, 'run', input, '--system', NAME, ...server.flags],
  ];
  for (const [status, ...args] of commands) {
    const ended = await runCli(bench, args, options);
    expect([args[0], ended.status, ended.stderr]).toEqual([args[0], status, ended.stderr]);
    expectClean(ended.stdout);
    expectClean(ended.stderr);
  }
});

test.each([
  ['an input that is not there', 66, ['run', `${NAME}.jsonl`, '--simulate']],
  ['a folder as input', 66, ['check', NAME]],
  ['a broken input', 65, ['check', `${NAME}/broken.jsonl`]],
  ['a broken input, run', 65, ['run', `${NAME}/broken.jsonl`, '--simulate']],
  ['an empty input', 0, ['run', `${NAME}/empty.jsonl`, '--simulate', '--progress', 'lines']],
  ['no job', 66, ['status', NAME]],
  ['no ledger', 66, ['resume', `${NAME}.qbatch.db`, '--simulate']],
  ['a ledger that is none', 78, ['status', `${NAME}/none.qbatch.db`]],
  ['an output', 64, ['run', `${NAME}/good.jsonl`, '--simulate', '-o', `${NAME}/x`]],
  ['an unknown command', 64, [NAME]],
  ['an unknown flag', 64, ['run', 'x.jsonl', `--${NAME}`]],
  ['a wrong value', 64, ['run', 'x.jsonl', '--rpm', NAME]],
  ['a catalog that is not there', 78, ['models', '--catalog', NAME]],
  ['no model', 0, ['models', `q${NAME}`]],
  ['a wrong spec', 64, ['simulate', NAME]],
] as const)('%s, hostile in name: %i, and nothing of it raw', async (_what, status, args) => {
  const bench = openBench();
  bench.write(
    `${NAME}/broken.jsonl`,
    `{"custom_id":"${NAME.replaceAll(/[\r\n]/g, '')}","x":\n[1]\n`,
  );
  bench.write(`${NAME}/empty.jsonl`, '');
  bench.write(`${NAME}/good.jsonl`, `${nativeLine(NAME)}\n`);
  bench.write(`${NAME}/none.qbatch.db`, 'no ledger at all '.repeat(100));
  const ended = await runCli(bench, args, ON_A_TERMINAL);
  expect([ended.status, ended.stderr]).toEqual([status, ended.stderr]);
  expect(ended.stdout + ended.stderr).not.toBe('');
  expectClean(ended.stdout);
  expectClean(ended.stderr);
});
