import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import Database from '../helpers/sqlite.mjs';
import { describe, expect, test } from 'vitest';
import { type Bench, CANARY_KEY, openBench } from '../helpers/bench.ts';
import { type CountingServer, promptFor, startCountingServer } from '../helpers/counting-server.ts';
import { mayMount, mountItself, permissionsHold } from '../helpers/faulty-disk.ts';
import {
  envelopeLine,
  flatLine,
  jsonl,
  nativeLine,
  placeIds,
  promptLine,
} from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** A bench with an input of three good lines and a service that must not be called. */
async function prepare(): Promise<{ bench: Bench; server: CountingServer; args: string[] }> {
  const bench = openBench();
  const server = await startCountingServer();
  bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
  return { bench, server, args: ['run', 'a.jsonl', ...server.flags] };
}

/** Nothing was sent, and nothing but what was there is there. */
function expectUntouched(
  bench: Bench,
  server: CountingServer,
  names: readonly string[] = ['a.jsonl'],
): void {
  expect(server.calls).toHaveLength(0);
  expect(bench.names()).toEqual(names);
}

describe('64: wrong usage', () => {
  test('an unknown flag is refused with a suggestion', async () => {
    const { bench, server, args } = await prepare();
    const run = await runCli(bench, [...args, '--concurency', '4']);
    expect(run).toMatchObject({ status: 64, stdout: '' });
    expect(run.stderr).toContain('--concurrency');
    expectUntouched(bench, server);
  });

  test.each([
    ['--json with -o -', ['--json', '-o', '-']],
    ['a duration that is none', ['--timeout', 'soon']],
    ['an order that is none', ['--order', 'random']],
    ['no attempts at all', ['--max-attempts', '0']],
    ['one file for results and errors', ['-o', 'x.jsonl', '--errors', 'x.jsonl']],
  ])('%s', async (_what, flags) => {
    const { bench, server, args } = await prepare();
    expect(await runHere(bench, [...args, ...flags])).toMatchObject({ status: 64 });
    expectUntouched(bench, server);
  });

  test('no command, no input, an unknown command', async () => {
    const bench = openBench();
    for (const args of [['run'], ['rum', 'a.jsonl']]) {
      const run = await runHere(bench, args);
      expect(run).toMatchObject({ status: 64, stdout: '' });
      expect(run.stderr).not.toBe('');
    }
  });

  test('--fresh without a terminal needs --yes', async () => {
    const { bench, server, args } = await prepare();
    const run = await runHere(bench, [...args, '--fresh']);
    expect(run).toMatchObject({ status: 64 });
    expect(run.stderr).toContain('-y');
    expectUntouched(bench, server);
  });

  test('--json: the refusal is one object on stdout', async () => {
    const { bench, args } = await prepare();
    const run = await runHere(bench, [...args, '--json', '--order', 'random']);
    expect(run).toMatchObject({ status: 64 });
    expect(run.json()).toEqual({
      schema: 1,
      error: { exit_code: 64, message: expect.stringContaining('order') as unknown, hint: null },
    });
  });
});

describe('65: lines that must not be sent', () => {
  const bad = [
    nativeLine('杭州'),
    flatLine('Suzhou', { temperature: 'hot' }),
    '{"custom_id":"成都","model":"qwen-plus","messages":[{"role":"user","content":"未完"}',
    envelopeLine('昆明', { top_p: 3 }),
    nativeLine('Qingdao', { messages: [] }),
    nativeLine('Wuhan', { headers: { Authorization: 'Bearer x' } }),
    JSON.stringify({
      custom_id: 'Xiamen',
      url: 'https://example.com/v1/chat/completions',
      body: { model: 'qwen-plus', messages: [] },
    }),
    JSON.stringify({
      custom_id: 'Harbin',
      url: '/v1/embeddings',
      body: { model: 'text-embedding-v4', input: '你好' },
    }),
  ];

  test('people get file:line, custom_id, path and reason; nothing is sent, nothing is left behind', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl(bad));
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 65, stdout: '' });
    expect(run.stderr).toMatch(/a\.jsonl:2 Suzhou: error: temperature: .*\[/);
    expect(run.stderr).toMatch(/a\.jsonl:3: error: .*\[qbatch_invalid_json\]/);
    expect(run.stderr).toMatch(/a\.jsonl:4 昆明: error: body\.top_p: /);
    expect(run.stderr).toMatch(/a\.jsonl:6 Wuhan: error: headers/);
    expect(run.stderr).toMatch(/a\.jsonl:7 Xiamen: error: url: .*host/);
    expect(run.stderr).toContain('7 of 8 lines are invalid; nothing was sent');
    expect(run.stderr).toContain('--skip-invalid');
    expectUntouched(bench, server);
  });

  test('--json: error, problems and counts, with the same places', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl(bad));
    const run = await runHere(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 65 });
    const {
      schema,
      error,
      problems,
      problem_counts: counts,
    } = run.json() as {
      schema: number;
      error: object;
      problems: {
        severity: string;
        line: number;
        custom_id: string | null;
        path: string;
        code: string;
        message: string;
      }[];
      problem_counts: object;
    };
    expect(schema).toBe(1);
    expect(error).toMatchObject({ exit_code: 65 });
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ line, custom_id: customId, path }) => [line, customId, path])).toEqual([
      [2, 'Suzhou', 'temperature'],
      [3, null, ''],
      [4, '昆明', 'body.top_p'],
      [5, 'Qingdao', ''],
      [6, 'Wuhan', 'headers.Authorization'],
      [7, 'Xiamen', 'url'],
      [8, 'Harbin', 'url'],
    ]);
    expect(Object.keys(problems[0] ?? {})).toEqual([
      'severity',
      'line',
      'custom_id',
      'path',
      'code',
      'message',
    ]);
    expect(counts).toMatchObject({ error: 7 });
    expectUntouched(bench, server);
  });

  test('--skip-invalid runs the valid lines and puts the others into the errors file, unsent', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl(bad));
    expect(await runHere(bench, [...args, '--skip-invalid'])).toMatchObject({ status: 1 });
    expect(server.calls.map(({ id }) => id)).toEqual(['杭州']);
    expect(bench.lines('a.results.jsonl')).toMatchObject([{ id: 'a-1' }]);
    const errors = bench.lines('a.errors.jsonl');
    expect(errors.map(({ id }) => id)).toEqual(['a-2', 'a-3', 'a-4', 'a-5', 'a-6', 'a-7', 'a-8']);
    expect(errors[1]).toMatchObject({
      custom_id: null,
      response: null,
      error: { code: 'qbatch_invalid_json', line: 3 },
    });
    expect(errors[2]).toMatchObject({
      custom_id: '昆明',
      response: null,
      error: { param: 'body.top_p', line: 4 },
    });
  });

  test('--strict makes warnings errors', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl([flatLine('杭州', { temprature: 0.5 })]));
    const strict = await runHere(bench, [...args, '--strict', '--json']);
    expect(strict).toMatchObject({ status: 65 });
    expect(strict.json()).toMatchObject({
      problems: [{ line: 1, path: 'temprature', severity: 'error' }],
      problem_counts: { error: 1, warning: 0, note: 0 },
    });
    expectUntouched(bench, server);
    const lax = await runHere(bench, args);
    expect(lax).toMatchObject({ status: 0 });
    expect(lax.stderr).toContain('temprature');
  });

  test('duplicates: the later line is invalid, both are named; generated ids take part', async () => {
    const { bench, server, args } = await prepare();
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine('杭州'),
        nativeLine('Suzhou'),
        nativeLine('杭州'),
        nativeLine('line-5'),
        nativeLine('成都', { custom_id: undefined }),
      ]),
    );
    const run = await runHere(bench, args);
    expect(run).toMatchObject({ status: 65 });
    expect(run.stderr).toMatch(/a\.jsonl:3 杭州: .*line 1/);
    expect(run.stderr).toContain('and in 1 more line: 5');
    expectUntouched(bench, server);
    expect(await runHere(bench, [...args, '--skip-invalid'])).toMatchObject({ status: 1 });
    expect(server.calls.map(({ id }) => id).toSorted()).toEqual(
      ['Suzhou', 'line-5', '杭州'].toSorted(),
    );
    expect(bench.lines('a.errors.jsonl')).toMatchObject([
      { id: 'a-3', custom_id: '杭州', error: { code: 'qbatch_duplicate_custom_id' } },
      { id: 'a-5', custom_id: 'line-5', error: { code: 'qbatch_duplicate_custom_id' } },
    ]);
  });

  test('duplicate keys at the top, in body, input and parameters are refused; deeper ones pass through', async () => {
    const { bench, server, args } = await prepare();
    const messages = `[{"role":"user","content":${JSON.stringify(promptFor('杭州'))}}]`;
    bench.write(
      'a.jsonl',
      jsonl([
        `{"custom_id":"1","model":"qwen-plus","model":"qwen-max","messages":${messages}}`,
        `{"custom_id":"2","url":"/v1/chat/completions","body":{"model":"qwen-plus","messages":${messages},"seed":1,"seed":2}}`,
        `{"custom_id":"3","model":"qwen-plus","input":{"messages":${messages},"messages":[]}}`,
        `{"custom_id":"4","model":"qwen-plus","input":{"messages":${messages}},"parameters":{"top_p":0.1,"top_p":0.2}}`,
        `{"custom_id":"5","model":"qwen-plus","input":{"messages":${messages}},"parameters":{"result_format":"message","x":{"k":1,"k":2}}}`,
      ]),
    );
    const run = await runHere(bench, [...args, '--skip-invalid']);
    expect(run).toMatchObject({ status: 1 });
    expect(bench.lines('a.errors.jsonl')).toHaveLength(4);
    expect(server.calls.map(({ body }) => body)).toEqual([
      expect.stringContaining('"x":{"k":1,"k":2}'),
    ]);
  });

  test('lines that are no text, too long or too deep: refused one by one', async () => {
    const { bench, server, args } = await prepare();
    const deep = (levels: number): string =>
      `{"custom_id":"deep-${levels}","model":"qwen-plus","input":{"messages":[{"role":"user","content":"[#deep-${levels}] 深"}]},"parameters":{"result_format":"message","x":${'['.repeat(levels - 2)}${']'.repeat(levels - 2)}}}`;
    const rows = [
      nativeLine('杭州'),
      Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
      '\u0000\u0000',
      JSON.stringify({ custom_id: 'long', prompt: '长'.repeat(2000), model: 'qwen-plus' }),
      deep(600),
      '[]',
      'null',
      '{"custom_id":7,"prompt":"你好","model":"qwen-plus"}',
      deep(512),
    ];
    bench.write(
      'a.jsonl',
      Buffer.concat(rows.flatMap((row) => [Buffer.from(row as string), Buffer.from('\n')])),
    );
    const run = await runHere(bench, [...args, '--skip-invalid', '--max-line', '2KiB']);
    expect(run).toMatchObject({ status: 1 });
    expect(server.calls.map(({ id }) => id).toSorted()).toEqual(['deep-512', '杭州'].toSorted());
    const errors = bench.lines('a.errors.jsonl') as {
      id: string;
      custom_id: string | null;
      error: { code: string };
    }[];
    expect(errors.map(({ id, error }) => [id, error.code])).toEqual([
      ['a-2', 'qbatch_invalid_utf8'],
      ['a-3', 'qbatch_invalid_json'],
      ['a-4', 'qbatch_line_too_long'],
      ['a-5', expect.stringMatching(/^qbatch_/)],
      ['a-6', expect.stringMatching(/^qbatch_invalid_/)],
      ['a-7', expect.stringMatching(/^qbatch_invalid_/)],
      ['a-8', 'qbatch_invalid_request'],
    ]);
    expect(run.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  });

  test('a line without a model, and no --model', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl([promptLine('杭州')]));
    const run = await runHere(bench, args);
    expect(run).toMatchObject({ status: 65 });
    expect(run.stderr).toContain('--model');
    expectUntouched(bench, server);
  });
});

describe('66: inputs that cannot be read', () => {
  test('missing, or a folder', async () => {
    const { bench, server } = await prepare();
    mkdirSync(bench.path('folder'));
    for (const [input, reason] of [
      ['gone.jsonl', 'no such file'],
      ['folder', 'folder'],
    ] as const) {
      const run = await runCli(bench, ['run', input, ...server.flags, '--json']);
      expect(run).toMatchObject({ status: 66 });
      expect(run.json()).toMatchObject({
        schema: 1,
        error: { exit_code: 66, message: expect.stringContaining(reason) as unknown },
      });
    }
    expectUntouched(bench, server, ['a.jsonl', 'folder']);
  });

  test.skipIf(permissionsHold === null)(
    'unreadable (skipped where root cannot give up reading everything)',
    async () => {
      const { bench, server, args } = await prepare();
      chmodSync(bench.path('a.jsonl'), 0);
      const run = await runCli(bench, args, { under: permissionsHold ?? [] });
      expect(run).toMatchObject({ status: 66 });
      expect(run.stderr).toContain('a.jsonl');
      expectUntouched(bench, server);
    },
  );

  test('resume, retry, status, usage and export of a job that is not there', async () => {
    const bench = openBench();
    for (const command of ['resume', 'retry', 'status', 'usage', 'export']) {
      const run = await runHere(bench, [command, 'nowhere']);
      expect([command, run.status, run.stdout]).toEqual([command, 66, '']);
    }
    expect(bench.names()).toEqual([]);
  });

  test.each(['status', 'usage', 'export', 'resume', 'retry', 'debug'])(
    '%s of a ledger that is none: told what is there instead, and nothing is made',
    async (command) => {
      const { bench, server } = await prepare();
      mkdirSync(bench.path('folder'));
      execFileSync('mkfifo', [bench.path('pipe')]);
      for (const [ledger, told] of [
        ['missing/state.db', 'no ledger at '],
        ['folder', 'folder is a folder, not a ledger\n  qbatch jobs '],
        ['pipe', 'pipe is not a regular file, not a ledger\n'],
      ] as const) {
        const run = await runHere(bench, [command, '--ledger', ledger]);
        expect(run).toMatchObject({ status: 66, stdout: '' });
        expect(run.stderr).toContain(told);
      }
      expectUntouched(bench, server, ['a.jsonl', 'folder', 'pipe']);
    },
  );

  test('jobs of a folder that is not there', async () => {
    const { bench } = await prepare();
    const run = await runHere(bench, ['jobs', 'missing']);
    expect(run).toMatchObject({ status: 66 });
    expect(run.stderr).toContain(`qbatch: there is no folder ${bench.path('missing')}\n`);
  });
});

describe('73: outputs that cannot be made', () => {
  test('a file that this job did not write is left alone', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.results.jsonl', 'my thesis\n');
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 73, stdout: '' });
    expect(run.stderr).toContain('a.results.jsonl');
    expect(bench.read('a.results.jsonl')).toBe('my thesis\n');
    expectUntouched(bench, server, ['a.jsonl', 'a.results.jsonl']);
  });

  test('a folder, a symbolic link (also one that leads nowhere), the input itself, a folder that is not there', async () => {
    const { bench, server, args } = await prepare();
    const input = bench.read('a.jsonl');
    mkdirSync(bench.path('folder'));
    bench.write('elsewhere.txt', '');
    symlinkSync('elsewhere.txt', bench.path('link'));
    symlinkSync('nowhere.txt', bench.path('dangling'));
    const refused = [
      ['-o', 'folder'],
      ['-o', 'link'],
      ['-o', 'dangling'],
      ['--errors', 'link'],
      ['-o', 'a.jsonl'],
      ['--errors', 'a.jsonl'],
      ['-o', 'missing/x.jsonl'],
    ];
    for (const flags of refused) {
      const run = await runHere(bench, [...args, ...flags]);
      expect([flags, run.status]).toEqual([flags, 73]);
      expect(run.stderr).toMatch(/^qbatch: /m);
    }
    expect(bench.read('a.jsonl')).toBe(input);
    expect(bench.read('elsewhere.txt')).toBe('');
    expect(server.calls).toHaveLength(0);
    // After all that the job runs as if nothing had happened.
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  });

  test.each(['-o', '--errors'])(
    '%s into a folder that is not there leaves nothing behind',
    async (flag) => {
      const { bench, server, args } = await prepare();
      const run = await runCli(bench, [...args, flag, 'missing/x.jsonl']);
      expect(run).toMatchObject({ status: 73 });
      expectUntouched(bench, server, ['a.jsonl']);
    },
  );

  test('--fresh with outputs that cannot be made forgets nothing', async () => {
    const { bench, args } = await prepare();
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const { stdout } = await runCli(bench, ['export', '--what', 'attempts']);
    const run = await runCli(bench, [...args, '-o', 'missing/x.jsonl', '--fresh', '--yes']);
    expect(run).toMatchObject({ status: 73 });
    expect(stdout).not.toBe('');
    expect(await runCli(bench, ['export', '--what', 'attempts'])).toMatchObject({ stdout });
  });

  test('the input, the ledger and the other output under another name (hard links)', async () => {
    const { bench, server, args } = await prepare();
    const input = bench.read('a.jsonl');
    linkSync(bench.path('a.jsonl'), bench.path('same.jsonl'));
    bench.write('empty.jsonl', '');
    linkSync(bench.path('empty.jsonl'), bench.path('empty-too.jsonl'));
    const refused = [
      [...args, '-o', 'same.jsonl'],
      [...args, '--errors', 'same.jsonl'],
      [...args, '--ledger', 'same.jsonl'],
      [...args, '--ledger', 'a.jsonl'],
      [...args, '-o', 'empty.jsonl', '--errors', 'empty-too.jsonl'],
    ];
    for (const flags of refused) {
      const run = await runHere(bench, flags);
      expect([flags, run.status]).toEqual([flags, 73]);
      expect(run.stderr).toContain('input, ledger, results and errors must be different files');
    }
    expect(bench.read('a.jsonl')).toBe(input);
    expectUntouched(bench, server, ['a.jsonl', 'empty-too.jsonl', 'empty.jsonl', 'same.jsonl']);

    // Also once there is something to cut: results that were linked to the errors after a first run.
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    rmSync(bench.path('a.errors.jsonl'));
    linkSync(bench.path('a.results.jsonl'), bench.path('a.errors.jsonl'));
    expect(await runHere(bench, args)).toMatchObject({ status: 73 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    rmSync(bench.path('a.errors.jsonl'));
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(3);
  });

  test('a ledger where none can be made', async () => {
    const { bench, server, args } = await prepare();
    mkdirSync(bench.path('folder'));
    for (const [ledger, told] of [
      ['missing/state.db', [`there is no folder ${bench.path('missing')}\n`, 'mkdir -p ']],
      ['a.jsonl/state.db', [`${bench.path('a.jsonl')} is not a folder\n`]],
      ['folder', [`${bench.path('folder')} is a folder, not a ledger\n`, 'name a file']],
    ] as const) {
      const run = await runHere(bench, [...args, '--ledger', ledger]);
      expect(run).toMatchObject({ status: 73 });
      for (const part of told) expect(run.stderr).toContain(part);
      expect(run.stderr).not.toMatch(/ENO|EIS/);
    }
    expectUntouched(bench, server, ['a.jsonl', 'folder']);
  });
});

/** The files of a job, each in turn the one in the folder that cannot be written. */
const PLACES = [
  ['the ledger', ['--ledger', 'shut/a.qbatch.db']],
  ['the results', ['-o', 'shut/a.results.jsonl']],
  ['the errors', ['--errors', 'shut/a.errors.jsonl']],
] as const;

describe('73: a folder that cannot be written; then it can', () => {
  async function expectShut(
    { bench, server, args }: Awaited<ReturnType<typeof prepare>>,
    under: readonly string[],
    setWritable: (can: boolean) => void,
  ): Promise<void> {
    for (const [name, flags] of PLACES) {
      setWritable(false);
      server.forget();
      const all = [...args, ...flags, '--fresh', '-y'];
      const run = await runCli(bench, all, { under });
      expect({ name, status: run.status, calls: server.calls.length }).toEqual({
        name,
        status: 73,
        calls: 0,
      });
      expect(run.stderr).toContain(bench.path(flags[1]));
      expect(run.stderr).toContain('check the folder and its permissions');
      expect(readdirSync(bench.path('shut'))).toEqual([]);
      setWritable(true);
      expect(await runCli(bench, all, { under })).toMatchObject({ status: 0 });
      expect(server.calls).toHaveLength(3);
      for (const file of readdirSync(bench.path('shut'))) rmSync(bench.path(`shut/${file}`));
    }
  }

  test.skipIf(permissionsHold === null)(
    'by its permissions (skipped where root cannot give up writing everywhere)',
    async () => {
      const prepared = await prepare();
      const folder = prepared.bench.path('shut');
      mkdirSync(folder);
      await expectShut(prepared, permissionsHold ?? [], (can) =>
        chmodSync(folder, can ? 0o755 : 0o555),
      );
    },
  );

  test.skipIf(!mayMount)('mounted read-only (skipped where nothing can be mounted)', async () => {
    const prepared = await prepare();
    const mount = mountItself(prepared.bench, 'shut');
    await expectShut(prepared, [], (can) => mount.writable(can));
  });
});

describe('75: one run at a time', () => {
  test('a second run on the ledger, even of another job, is told who holds it; the first goes on', async () => {
    const { bench, server, args } = await prepare();
    bench.write('b.jsonl', jsonl([nativeLine('Wuhan')]));
    server.hold();
    const first = startCli(bench, args);
    await first.before(server.seen(3));
    for (const second of [args, ['run', 'b.jsonl', '--ledger', 'a.qbatch.db', ...server.flags]]) {
      const run = await runCli(bench, [...second, '--json']);
      expect(run).toMatchObject({ status: 75 });
      const message = expect.stringMatching(
        new RegExp(`process ${first.pid} on \\S+, started \\d{4}-\\d\\d-\\d\\dT`),
      ) as unknown;
      expect(run.json()).toMatchObject({ error: { exit_code: 75, message } });
    }
    expect(server.calls).toHaveLength(3);
    server.release();
    expect(await first.finished).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(3);
  });
});

describe('78: configuration and ledgers', () => {
  test('no key', async () => {
    const { bench, server, args } = await prepare();
    const run = await runCli(bench, args, { env: { DASHSCOPE_API_KEY: undefined } });
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).toContain('DASHSCOPE_API_KEY');
    expectUntouched(bench, server);
  });

  test('a missing key is told before a missing input', async () => {
    const bench = openBench();
    expect(
      await runHere(bench, ['run', 'gone.jsonl'], { env: { DASHSCOPE_API_KEY: undefined } }),
    ).toMatchObject({ status: 78 });
  });

  test('a key with a line feed inside is refused, and not repeated', async () => {
    const { bench, server, args } = await prepare();
    const run = await runHere(bench, args, {
      env: { DASHSCOPE_API_KEY: `${CANARY_KEY}\nX-Injected: 1` },
    });
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).not.toContain('X-Injected');
    expectUntouched(bench, server);
  });

  test('a key from a file is used, and kept out of everything', async () => {
    const { bench, server, args } = await prepare();
    const file = bench.write('../home/.dashscope/api_key', `${CANARY_KEY}\n`);
    const run = await runHere(bench, args, {
      env: { DASHSCOPE_API_KEY: undefined },
      keepsKeyIn: file,
    });
    expect(run).toMatchObject({ status: 0 });
    expect(server.calls.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 3 }, () => `Bearer ${CANARY_KEY}`),
    );
  });

  test('a key in the configuration file is refused without repeating it', async () => {
    const { bench, server, args } = await prepare();
    const file = bench.write('qbatch.config.json', JSON.stringify({ apiKey: CANARY_KEY }));
    expect(await runHere(bench, args, { keepsKeyIn: file })).toMatchObject({ status: 78 });
    expectUntouched(bench, server, ['a.jsonl', 'qbatch.config.json']);
  });

  test('values of the environment and of files that do not parse name their origin', async () => {
    const { bench, server, args } = await prepare();
    const run = await runHere(bench, args, { env: { QBATCH_MAX_ATTEMPTS: 'many' } });
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).toContain('QBATCH_MAX_ATTEMPTS');
    bench.write('qbatch.config.json', '{"maxAttemps":3}');
    const file = await runHere(bench, args);
    expect(file).toMatchObject({ status: 78 });
    expect(file.stderr).toContain('qbatch.config.json');
    expect(file.stderr).toContain('maxAttempts');
    expectUntouched(bench, server, ['a.jsonl', 'qbatch.config.json']);
  });

  test('plain http to another machine, a region without its workspace', async () => {
    const { bench, server } = await prepare();
    const plain = await runHere(bench, ['run', 'a.jsonl', '--base-url', 'http://192.0.2.1/api/v1']);
    expect(plain).toMatchObject({ status: 78 });
    expect(plain.stderr).toContain('--allow-http');
    const region = await runHere(bench, ['run', 'a.jsonl', '--region', 'frankfurt']);
    expect(region).toMatchObject({ status: 78 });
    expect(region.stderr).toContain('--workspace');
    expectUntouched(bench, server);
  });

  test('--max-cost with a model that has no price names --catalog', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.jsonl', jsonl([nativeLine('杭州', { model: 'our-own-model' })]));
    const run = await runHere(bench, [...args, '--max-cost', '1']);
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).toContain('--catalog');
    expect(server.calls).toHaveLength(0);
  });

  test('--max-cost with a model that has no price: told before the lines after it are looked at', async () => {
    const { bench, args } = await prepare();
    bench.write('a.jsonl', `${jsonl([nativeLine('杭州', { model: 'our-own-model' })])}{\n`);
    const names = bench.names();
    expect(await runHere(bench, [...args, '--max-cost', '1'])).toMatchObject({ status: 78 });
    expect(bench.names()).toEqual(names);
    expect(await runHere(bench, args)).toMatchObject({ status: 65 });
  });

  test('an empty ledger file, one that is no database, one of another program, one of a newer version', async () => {
    const { bench, server, args } = await prepare();
    bench.write('a.qbatch.db', '');
    expect(await runHere(bench, args)).toMatchObject({ status: 78 });
    expect(bench.read('a.qbatch.db')).toBe('');
    bench.write('a.qbatch.db', '这不是数据库。'.repeat(300));
    expect(await runHere(bench, args)).toMatchObject({ status: 78 });
    expect(bench.read('a.qbatch.db')).toContain('这不是数据库');
    bench.write('other.jsonl', jsonl([nativeLine('大理')]));
    // An input, named by mistake, is nothing that was damaged, and nothing to move away.
    for (const words of [args, ['usage'], ['resume']]) {
      const run = await runHere(bench, [...words, '--ledger', 'other.jsonl']);
      expect(run).toMatchObject({ status: 78 });
      expect(run.stderr).toMatch(
        /other\.jsonl is not a ledger: .*\n {2}choose another file with --ledger/,
      );
      expect(run.stderr).not.toMatch(/damaged|move/);
    }
    expect(bench.names()).toEqual(['a.jsonl', 'a.qbatch.db', 'other.jsonl']);

    const foreign = bench.path('notes.db');
    const notes = new Database(foreign);
    notes.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('西湖')");
    notes.close();
    expect(await runHere(bench, [...args, '--ledger', 'notes.db'])).toMatchObject({ status: 78 });
    const again = new Database(foreign, { readonly: true });
    expect(again.prepare('SELECT text FROM notes').pluck().all()).toEqual(['西湖']);
    again.close();
    expect(server.calls).toHaveLength(0);

    bench.write('b.jsonl', jsonl([nativeLine('昆明')]));
    const other = ['run', 'b.jsonl', ...server.flags];
    expect(await runHere(bench, other)).toMatchObject({ status: 0 });
    const ledger = new Database(bench.path('b.qbatch.db'));
    ledger.pragma('user_version = 99');
    ledger.close();
    const newer = await runHere(bench, other);
    expect(newer).toMatchObject({ status: 78 });
    expect(newer.stderr).toContain('upgrade');
    expect(server.calls).toHaveLength(1);
  });

  test('a mark ahead of its ledger, a ledger cut in the middle: nothing is sent, nothing is touched', async () => {
    const { bench, server, args } = await prepare();
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    const mark = bench.bytes('a.qbatch.db.mark');
    const ahead = Buffer.alloc(8);
    ahead.writeBigUInt64LE(mark.readBigUInt64LE() + 1n);
    bench.write('a.qbatch.db.mark', ahead);
    const run = await runHere(bench, args);
    expect(run).toMatchObject({ status: 78 });
    expect(run.stderr).toContain('--adopt-outputs');
    bench.write('a.qbatch.db.mark', mark);
    expect(await runHere(bench, args)).toMatchObject({ status: 0 });

    truncateSync(bench.path('a.qbatch.db'), 40_000);
    expect(await runHere(bench, args)).toMatchObject({ status: 78 });
    expect(bench.read('a.results.jsonl')).toBe(results);
    expect(server.calls).toHaveLength(3);
  });

  test.each(['-o', '--errors', 'input'])(
    '%s in the place of the ballast is left alone',
    async (what) => {
      const { bench, server } = await prepare();
      bench.write('x.ballast', bench.read('a.jsonl'));
      const input = what === 'input' ? 'x.ballast' : 'a.jsonl';
      const flags = what === 'input' ? [] : [what, 'x.ballast'];
      const run = await runHere(bench, ['run', input, '--ledger', 'x', ...flags, ...server.flags]);
      expect(run).toMatchObject({ status: 73 });
      expect(run.stderr).toContain('--ledger');
      expect(bench.read('x.ballast')).toBe(bench.read('a.jsonl'));
      expect(server.calls).toHaveLength(0);
    },
  );
});
