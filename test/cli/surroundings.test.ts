import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { type CliOptions, type Finished, runCli } from '../helpers/spawn-cli.ts';

function benchWithLine(): Bench {
  const bench = openBench();
  bench.write('a.jsonl', jsonl([JSON.stringify({ model: 'qwen-flash', prompt: '你好' })]));
  return bench;
}

/** Runs the program in a folder that is removed before it starts. */
function runNowhere(bench: Bench, args: readonly string[]): Promise<Finished> {
  mkdirSync(bench.path('gone'));
  const under = ['bash', '-c', 'rmdir "$PWD" && exec "$@"', 'bash'];
  return runCli(bench, args, { cwd: 'gone', under });
}

describe.runIf(process.platform === 'linux')('a working folder that is gone', () => {
  test.each([
    ['run', ['--simulate']],
    ['check', []],
  ] as const)('%s: 66 with what to do, as an object too', async (command, flags) => {
    const bench = benchWithLine();
    const args = [command, bench.path('a.jsonl'), ...flags];
    const run = await runNowhere(bench, args);
    expect(run.status).toBe(66);
    expect(run.stderr).toMatch(/^qbatch: cannot tell the working folder: it is gone\n {2}.*\(cd\)/);
    const asObject = await runNowhere(bench, [...args, '--json']);
    expect(asObject.json()).toMatchObject({ error: { exit_code: 66 } });
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test.each(['--help', '--version'])('%s: works', async (flag) => {
    const run = await runNowhere(openBench(), [flag]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(/\w/);
  });
});

describe('a user without a home', () => {
  /** What Node does for a user that the system does not list. */
  const UNLISTED = `import os from 'node:os';
import { syncBuiltinESMExports } from 'node:module';
os.homedir = () => {
  throw new Error('uv_os_homedir returned ENOENT');
};
syncBuiltinESMExports();
`;

  test.each(['not listed', 'HOME is empty'])('%s: runs, and reads no key here', async (why) => {
    const bench = benchWithLine();
    bench.write('.dashscope/api_key', 'sk-not-the-users');
    const preload = bench.write('unlisted.mjs', UNLISTED);
    const env: CliOptions['env'] =
      why === 'not listed' ? { NODE_OPTIONS: `--import ${preload}` } : { HOME: '' };
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0'], { env });
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const keyless = await runCli(bench, ['run', 'a.jsonl'], {
      env: { ...env, DASHSCOPE_API_KEY: undefined },
    });
    expect(keyless.status).toBe(78);
    expect(keyless.stderr).toContain('no API key found');
  });
});

describe('an older Node.js', () => {
  /** That it is older is all that can be had here; what it lacks is not taken away. */
  const OLDER = "Object.defineProperty(process.versions, 'node', { value: '18.20.8' });";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(OLDER)}` };

  test('78 with what is needed, before anything is read or written', async () => {
    const bench = benchWithLine();
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate'], { env });
    expect(run).toMatchObject({ status: 78, stdout: '' });
    expect(run.stderr).toMatch(
      /^qbatch: needs Node\.js 20\.19 or later, but this is 18\.20\.8 \(.*\)\n {2}install a newer one/,
    );
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('--version: works', async () => {
    const run = await runCli(openBench(), ['--version'], { env });
    expect(run).toMatchObject({ status: 0, stderr: '' });
  });
});
