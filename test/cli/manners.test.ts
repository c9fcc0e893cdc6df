import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { PROGRAM, runCli } from '../helpers/spawn-cli.ts';

function prompts(count: number, directive = ''): string {
  return jsonl(
    Array.from({ length: count }, (_, index) =>
      JSON.stringify({
        custom_id: `question-${index}`,
        model: 'qwen-flash',
        prompt: `${directive}用一句话解释第 ${index} 个成语。`,
      }),
    ),
  );
}

describe('what the terminal is told', () => {
  test('-q with forty lines that pause before a retry: not a word, no warning of Node either', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(40, '[[simulate: error=InternalError status=500 times=1]] '));
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0', '-q']);
    expect(run).toMatchObject({ status: 0, stderr: '', stdout: '' });
    expect(bench.lines('a.results.jsonl')).toHaveLength(40);
  });

  test('an answer of the simulator that says "simulated": nothing is taken for a key', async () => {
    const bench = openBench();
    const prompt = 'simulated annealing, simulated';
    bench.write('a.jsonl', jsonl([JSON.stringify({ model: 'qwen-plus', prompt })]));
    await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(bench.read('a.results.jsonl')).toContain(prompt);
    expect(bench.read('a.results.jsonl')).not.toContain('[redacted]');
  });

  test('the end is told once: the summary, and no line of the progress that repeats it', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(3));
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(run.stderr.match(/3 answered/g)).toHaveLength(1);
    const again = await runCli(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
    expect(again.stderr).toContain('job a is finished already; nothing to send\n');
  });

  test('a refused file: what to do is said once, and not at all where it was done', async () => {
    const bench = openBench();
    bench.write('a.jsonl', `${prompts(1)}{"custom_id":"b","model":"qwen-flash"}\n`);
    const refused = await runHere(bench, ['run', 'a.jsonl', '--simulate']);
    expect(refused.status).toBe(65);
    expect(refused.stderr.match(/--skip-invalid/g)).toHaveLength(1);
    const run = await runHere(bench, ['run', 'a.jsonl', '--simulate', '--skip-invalid']);
    expect(run.status).toBe(1);
    expect(run.stderr).not.toContain('--skip-invalid');
    const check = await runHere(bench, ['check', 'a.jsonl']);
    expect(check.stdout.match(/--skip-invalid/g)).toHaveLength(1);
  });

  test('a file without a valid line: nobody is told to run the others', async () => {
    const bench = openBench();
    bench.write('a.csv', 'custom_id,prompt\n1,你好\n');
    for (const command of [['run', '--simulate'], ['check']]) {
      const refused = await runHere(bench, [...command, 'a.csv']);
      expect(refused.status).toBe(65);
      expect(refused.stdout + refused.stderr).not.toContain('--skip-invalid');
      expect(refused.stdout + refused.stderr).toContain(' < a.csv [qbatch_invalid_json]');
    }
  });

  test('retry of a code that no failed line has: says which codes they have', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(2, '[[simulate: error=DataInspectionFailed]] '));
    expect(await runHere(bench, ['run', 'a.jsonl', '--simulate=latency=0'])).toMatchObject({
      status: 1,
    });
    const retry = await runHere(bench, ['retry', '--code', 'DataInspection']);
    expect(retry.status).toBe(1);
    expect(retry.stderr).toContain(
      'job a has no failed lines with DataInspection; those that failed have DataInspectionFailed\n',
    );
  });

  test('--fresh begins anew and does not say that it goes on', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(2));
    const args = ['run', 'a.jsonl', '--simulate=latency=0'];
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const fresh = await runHere(bench, [...args, '--fresh', '-y']);
    expect(fresh.stderr).toContain('2 lines; calls go to simulator');
    expect(fresh.stderr).not.toContain('continuing');
  });

  test('--json where stdout cannot be written: 74 and a message, not a crash', () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(1));
    const full = openSync('/dev/full', 'w');
    try {
      const run = spawnSync(
        process.execPath,
        [PROGRAM, 'run', 'a.jsonl', '--simulate=latency=0', '--json', '-q'],
        { cwd: bench.folder, env: { HOME: bench.home }, stdio: ['ignore', full, 'pipe'] },
      );
      expect(run.status).toBe(74);
      expect(run.stderr.toString()).toMatch(/^qbatch: cannot write to stdout: ENOSPC/);
    } finally {
      closeSync(full);
    }
    expect(bench.lines('a.results.jsonl')).toHaveLength(1);
  });

  test('help into a full disk: 74 and a message; into a reader that went away: quiet', () => {
    const bench = openBench();
    const full = openSync('/dev/full', 'w');
    try {
      for (const args of [['--help'], ['run', '--help'], ['--version']]) {
        const run = spawnSync(process.execPath, [PROGRAM, ...args], {
          stdio: ['ignore', full, 'pipe'],
        });
        expect(run.status).toBe(74);
        expect(run.stderr.toString()).toMatch(/^qbatch: cannot write to stdout: .*\n$/);
      }
    } finally {
      closeSync(full);
    }
    const help = `${process.execPath} ${PROGRAM} --help`;
    const piped = spawnSync('bash', ['-c', `(sleep 0.2; ${help}; echo $? >&2) | true`], {
      cwd: bench.folder,
    });
    expect(piped.stderr.toString()).toBe('0\n');
  });

  test('an internal error: 70, and the process ends whatever it left behind', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(1));
    bench.write(
      'broken.mjs',
      `import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
crypto.createHash = () => {
  setInterval(() => undefined, 1000);
  throw new TypeError('made to fail');
};
syncBuiltinESMExports();
`,
    );
    const env = { NODE_OPTIONS: `--import ${bench.path('broken.mjs')}` };
    const run = await runCli(bench, ['run', 'a.jsonl', '--simulate'], { env });
    expect(run.status).toBe(70);
    expect(run.stderr).toContain('this is a bug');
  });

  test('--progress json: what is refused is an event too, wherever it was asked for', async () => {
    const bench = openBench();
    bench.write('a.jsonl', jsonl(['{"custom_id":"a"']));
    const env = { QBATCH_PROGRESS: 'json' };
    for (const [args, exit_code, more] of [
      [['run', 'gone.jsonl', '--simulate', '--progress', 'json'], 66, {}],
      [['run', 'a.jsonl', '--simulate', '--progress=json'], 65, { env: {} }],
      [['run', 'a.jsonl', '--simulate'], 65, { env }],
      [['run', 'a.jsonl', '--simulate', '--rmp', '5', '--progress', 'json'], 64, {}],
      [['run', 'a.jsonl', '--rpm', 'x', '--progress', 'json'], 64, {}],
      [['run', 'a.jsonl', '--region', 'mars'], 64, { env }],
    ] as const) {
      const run = await runHere(bench, args, more);
      expect(run.status).toBe(exit_code);
      expect(run.stderr).toMatch(/^\{.*\}\n$/);
      const event = JSON.parse(run.stderr) as Record<string, unknown>;
      expect(event).toMatchObject({ schema: 1, event: 'refused', exit_code });
      expect(event['message']).toMatch(/\w/);
      expect(event['at']).toMatch(/^\d{4}-\d\d-\d\dT/);
      expect('problems' in event).toBe(exit_code === 65);
    }
    bench.write('qbatch.config.json', '{"progress":"json"}');
    const run = await runCli(bench, ['run', 'gone.jsonl', '--simulate']);
    expect(JSON.parse(run.stderr)).toMatchObject({ event: 'refused', exit_code: 66 });
    const status = await runHere(bench, ['status', 'gone']);
    expect(status.stderr).toMatch(/^qbatch: no job gone/);
  });

  test('--json from a variable or a file: what is refused is told on stdout too', async () => {
    const bench = openBench();
    const error = { exit_code: 66, message: 'cannot read gone.jsonl: no such file' };
    for (const env of [{ QBATCH_JSON: '1' }, {}]) {
      const run = await runHere(bench, ['run', 'gone.jsonl', '--simulate'], { env });
      expect(run.status).toBe(66);
      expect(run.json()).toMatchObject({ schema: 1, error });
      bench.write('qbatch.config.json', '{"json":true}');
    }
    // A survey's problems are in the object, and not in words beside it.
    bench.write('a.jsonl', jsonl(['{"custom_id":"a"']));
    const refused = await runHere(bench, ['run', 'a.jsonl', '--simulate']);
    expect(refused.json()).toMatchObject({
      error: { exit_code: 65 },
      problem_counts: { error: 1 },
    });
    expect(refused.stderr).not.toContain('a.jsonl:1');
    const unread = await runCli(bench, ['run', 'a.jsonl', '--bogus'], {
      env: { QBATCH_JSON: '1' },
    });
    expect(unread.json()).toMatchObject({ error: { exit_code: 64 } });
  });

  test('results on stdout from a file or a variable: check --json says its own there, a run does not', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(1));
    bench.write('qbatch.config.json', '{"output":"-"}');
    const check = await runHere(bench, ['check', 'a.jsonl', '--json']);
    expect(check).toMatchObject({ status: 0 });
    expect(check.json()).toMatchObject({ lines: { valid: 1 } });
    const dry = await runHere(bench, ['run', 'a.jsonl', '--dry-run', '--json', '--simulate']);
    expect(dry).toMatchObject({ status: 0 });
    for (const args of [
      ['run', 'a.jsonl', '--simulate', '--json'],
      ['run', 'a.jsonl', '--simulate', '-o', '-', '--json'],
    ]) {
      const run = await runHere(bench, args);
      expect(run.status).toBe(64);
      expect(run.stderr).toContain('both write to stdout');
    }
    expect(bench.names()).toEqual(['a.jsonl', 'qbatch.config.json']);
  });

  test('an input without lines: it costs nothing, and that is known', async () => {
    const bench = openBench();
    bench.write('a.jsonl', '\n');
    const check = await runHere(bench, ['check', 'a.jsonl', '--json']);
    expect(check.json()).toMatchObject({ cost: { expected: '0.000000', max: '0.000000' } });
  });

  test('gzip without .gz in its name: the message says so', async () => {
    const bench = openBench();
    bench.write('a.jsonl', gzipSync(prompts(3)));
    const check = await runHere(bench, ['check', 'a.jsonl']);
    expect(check.status).toBe(65);
    expect(check.stdout).toContain('a.jsonl:1: error: the data is compressed with gzip');
  });

  test('UTF-16: told once, with a command that works when it is followed', async () => {
    for (const mark of ['\ufeff', '']) {
      const bench = openBench();
      bench.write('a.jsonl', Buffer.from(mark + prompts(50), 'utf16le'));
      const check = await runHere(bench, ['check', 'a.jsonl', '--json']);
      expect(check.status).toBe(65);
      expect(check.json()).toMatchObject({ problem_counts: { error: 1 }, lines: { total: 1 } });
      const run = await runHere(bench, ['run', 'a.jsonl', '--simulate=latency=0']);
      expect(run.status).toBe(65);
      const told = /a\.jsonl:1: error: the file [^\n]* UTF-16[^\n]*: (iconv [^\n]*) \[/.exec(
        run.stderr,
      );
      execFileSync('sh', ['-c', told?.[1] ?? 'false'], { cwd: bench.path('.') });
      expect(bench.read('utf8.jsonl')).toBe(prompts(50));
    }
  });

  test('export into a folder that is not there: names it, and no temporary file', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(1));
    expect(await runHere(bench, ['run', 'a.jsonl', '--simulate=latency=0'])).toMatchObject({
      status: 0,
    });
    for (const command of ['export', 'usage']) {
      const run = await runHere(bench, [command, '-o', 'sub/b.jsonl']);
      expect(run.status).toBe(73);
      expect(run.stderr).toContain(
        `cannot create ${bench.path('sub/b.jsonl')}: there is no folder ${bench.path('sub')}\n`,
      );
      expect(run.stderr).toMatch(/name another file with -o\n$/);
      const link = await runHere(bench, [command, '-o', '/dev/null']);
      expect(link.stderr).toMatch(/name another file with -o\n$/);
    }
  });

  test('another setting for the same input: the hint works when it is followed', async () => {
    const bench = openBench();
    bench.write('a.jsonl', prompts(2));
    const args = ['run', 'a.jsonl', '--simulate=latency=0'];
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const changed = [...args, '--set', 'top_p=0.5'];
    const refused = await runHere(bench, changed);
    expect(refused.status).toBe(65);
    const hint = /--job NAME.*?(?=,)/.exec(refused.stderr)?.[0] ?? '';
    const files = hint.replace('NAME', 'b').replace('FILE', 'b.out').replace('FILE', 'b.err');
    const followed = await runHere(bench, [...changed, ...files.split(' ')]);
    expect(followed).toMatchObject({ status: 0 });
    expect(bench.lines('b.out')).toHaveLength(2);
  });

  test('a value that is wrong is quoted as it was typed', async () => {
    const run = await runHere(openBench(), ['run', 'a.jsonl', '--simulate', '--set', 'foo']);
    expect(run.status).toBe(64);
    expect(run.stderr).toContain('--set: "foo" is not ');
  });
});
