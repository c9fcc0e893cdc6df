import { describe, expect, test } from 'vitest';
import { type Bench, openBench, parseJsonLines } from '../helpers/bench.ts';
import { type CountingServer, startCountingServer } from '../helpers/counting-server.ts';
import { envelopeLine, flatLine, jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

/** A finished job: two answered lines on two models, one that failed after a lost connection, one rejected. */
async function finishedJob(): Promise<{ bench: Bench; server: CountingServer; args: string[] }> {
  const bench = openBench();
  const server = await startCountingServer();
  bench.write(
    'a.jsonl',
    jsonl([
      nativeLine('杭州', { metadata: { topic: '旅游' } }),
      envelopeLine('Suzhou', { model: 'qwen-flash' }),
      nativeLine('=1+1', { metadata: { topic: 'sums' } }),
      flatLine('昆明', { temperature: 'hot' }),
    ]),
  );
  server.script = ({ id, nth }) => {
    if (id !== '=1+1') return { kind: 'answer' };
    return nth === 1
      ? { kind: 'reset' }
      : { kind: 'error', status: 400, code: 'InvalidParameter', message: 'no' };
  };
  const args = ['run', 'a.jsonl', '--skip-invalid', ...server.flags];
  expect(await runHere(bench, args)).toMatchObject({ status: 1 });
  return { bench, server, args };
}

describe('reports on a finished job', () => {
  test('status --json: the summary of the run and what led to it; --verify finds nothing wrong', async () => {
    const { bench, args } = await finishedJob();
    const summary = (await runCli(bench, [...args, '--json'])).json();
    const status = await runCli(bench, ['status', 'a', '--verify', '--json']);
    expect(status).toMatchObject({ status: 0, stderr: '' });
    const { elapsed_ms: _elapsed, ledger: _ledger, ...shared } = summary;
    expect(status.json()).toMatchObject({
      ...shared,
      state: 'finished',
      holder: null,
      failures: [
        { code: expect.stringMatching(/InvalidParameter|qbatch_invalid/) as unknown, lines: 1 },
        { lines: 1 },
      ],
      possibly_billed_lines: [{ line: 3, custom_id: '=1+1', attempts: 1 }],
      verify: { ok: true, findings: [] },
    });
    expect((status.json()['by_model'] as { model: string }[]).map(({ model }) => model)).toEqual(
      expect.arrayContaining(['qwen-flash', 'qwen-plus']),
    );
    const text = await runCli(bench, ['status']);
    expect(text).toMatchObject({ status: 0 });
    expect(text.stdout).toContain('finished');
  });

  test('usage: groups add up to the totals, in every format', async () => {
    const { bench } = await finishedJob();
    const json = await runHere(bench, ['usage', '--by', 'model', '--format', 'json']);
    expect(json).toMatchObject({ status: 0 });
    const { groups, totals } = json.json() as {
      groups: Record<string, number | string>[];
      totals: Record<string, number | string>[];
    };
    // The rejected line has no model.
    expect(
      groups
        .map(({ model, lines, answered, total_tokens: total }) => [model, lines, answered, total])
        .toSorted(),
    ).toEqual([
      [null, 1, 0, null],
      ['qwen-flash', 1, 1, 36],
      ['qwen-plus', 2, 1, 36],
    ]);
    expect(totals).toMatchObject([{ answered: 2, total_tokens: 72, currency: 'CNY' }]);
    const tags = await runHere(bench, ['usage', '--by', 'tag:topic', '--format', 'csv']);
    expect(tags).toMatchObject({ status: 0 });
    expect(tags.stdout.split(/\r?\n/)[0]).toMatch(/^"?tag:topic"?,lines,answered,failed,attempts,/);
    expect(tags.stdout).toContain('旅游');
    for (const format of ['table', 'markdown']) {
      const shown = await runHere(bench, ['usage', 'a', '--by', 'model', '--format', format]);
      expect(shown).toMatchObject({ status: 0 });
      expect(shown.stdout).toContain('qwen-flash');
    }
  });

  test('export: results and errors as the files are, attempts one a call, CSV cells defused', async () => {
    const { bench } = await finishedJob();
    const results = await runHere(bench, ['export', 'a']);
    expect(results).toMatchObject({ status: 0, stdout: bench.read('a.results.jsonl') });
    const errors = await runHere(bench, ['export', 'a', '--what', 'errors', '-o', 'copy.jsonl']);
    expect(errors).toMatchObject({ status: 0, stdout: '' });
    expect(bench.read('copy.jsonl')).toBe(bench.read('a.errors.jsonl'));
    const attempts = await runHere(bench, ['export', 'a', '--what', 'attempts']);
    expect(attempts).toMatchObject({ status: 0 });
    expect(
      parseJsonLines(attempts.stdout).map(({ line, attempt, class: kind, code }) => [
        line,
        attempt,
        kind,
        code,
      ]),
    ).toEqual([
      [1, 1, 'answered', null],
      [2, 1, 'answered', null],
      [3, 1, 'possibly_billed', 'qbatch_connection_error'],
      [3, 2, 'rejected', 'InvalidParameter'],
    ]);
    const csv = await runHere(bench, ['export', 'a', '--what', 'attempts', '--format', 'csv']);
    expect(csv).toMatchObject({ status: 0 });
    expect(csv.stdout).toMatch(/^line,custom_id,attempt,model,started_at,/);
    // A cell that begins like a formula must not be one.
    expect(csv.stdout).not.toMatch(/,"?=1\+1/);
    expect(csv.stdout).toContain('=1+1');
  });

  test('jobs lists it; an empty folder is an empty list', async () => {
    const { bench } = await finishedJob();
    const jobs = await runHere(bench, ['jobs', '--json']);
    expect(jobs.json()).toMatchObject({
      schema: 1,
      jobs: [
        {
          job: 'a',
          state: 'finished',
          lines: { total: 4, answered: 2, failed: 1, rejected: 1, open: 0 },
        },
      ],
    });
    bench.write('empty/.keep', '');
    const none = await runHere(bench, ['jobs', 'empty', '--json']);
    expect(none).toMatchObject({ status: 0 });
    expect(none.json()).toEqual({ schema: 1, jobs: [] });
  });

  test('debug: versions and settings, no secrets', async () => {
    const { bench } = await finishedJob();
    const bundle = await runHere(bench, ['debug', 'a', '--json']);
    expect(bundle).toMatchObject({ status: 0 });
    expect(bundle.json()).toMatchObject({ schema: 1, versions: { node: process.versions.node } });
    expect(bundle.stdout).not.toContain('杭州');
  });

  test('status --verify tells of a results file that was changed', async () => {
    const { bench } = await finishedJob();
    bench.write('a.results.jsonl', bench.read('a.results.jsonl').replace('杭州', '扬州'));
    const status = await runHere(bench, ['status', 'a', '--verify', '--json']);
    expect(status.json()).toMatchObject({ verify: { ok: false } });
  });
});

describe('reports on a running job', () => {
  test('status and export work while a run writes', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl([nativeLine('杭州'), nativeLine('Suzhou')]));
    server.hold();
    const run = startCli(bench, ['run', 'a.jsonl', ...server.flags]);
    await run.before(server.seen(2));
    const status = await runCli(bench, ['status', 'a', '--json']);
    expect(status).toMatchObject({ status: 0 });
    expect(status.json()).toMatchObject({
      state: 'running',
      holder: { pid: run.pid },
      lines: { open: 2 },
    });
    expect(await runCli(bench, ['export', 'a', '-q'])).toMatchObject({ status: 0, stdout: '' });
    server.release();
    expect(await run.finished).toMatchObject({ status: 0 });
  });
});

describe('check', () => {
  test('good input: 0, counts, cost and time by model; nothing sent, nothing left', async () => {
    const bench = openBench();
    bench.write(
      'a.jsonl',
      jsonl([nativeLine('杭州'), envelopeLine('Suzhou', { model: 'qwen-flash' })]),
    );
    const run = await runCli(bench, ['check', 'a.jsonl', '--json'], {
      env: { DASHSCOPE_API_KEY: undefined },
    });
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      schema: 1,
      lines: { total: 2, valid: 2, invalid: 0 },
      problem_counts: { error: 0 },
      cost: { currency: 'CNY', unpriced_lines: 0 },
    });
    expect(
      (run.json()['models'] as { model: string; lines: number }[])
        .map(({ model, lines }) => [model, lines])
        .toSorted(),
    ).toEqual([
      ['qwen-flash', 1],
      ['qwen-plus', 1],
    ]);
    // One line of each model at six a minute.
    const slow = await runHere(bench, ['check', 'a.jsonl', '--json', '--rpm', '6']);
    expect(slow.json()['models']).toMatchObject([{ seconds: 10 }, { seconds: 10 }]);
    expect(bench.names()).toEqual(['a.jsonl']);
  });

  test('limits and abilities are those of the region', async () => {
    const bench = openBench();
    bench.write(
      'a.jsonl',
      jsonl([nativeLine('杭州', { model: 'qwen-max', parameters: { max_tokens: 5000 } })]),
    );
    expect(await runHere(bench, ['check', 'a.jsonl'])).toMatchObject({ status: 0 });
    const run = await runHere(bench, ['check', 'a.jsonl', '--region', 'finance']);
    expect(run).toMatchObject({ status: 65 });
    expect(run.stdout).toContain('Range of max_tokens should be [1, 2000]');
  });

  test('bad input: 65 with the place, as people and as programs read it', async () => {
    const bench = openBench();
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine('杭州'),
        nativeLine('Suzhou', { parameters: { result_format: 'message', top_p: 7 } }),
      ]),
    );
    const text = await runHere(bench, ['validate', 'a.jsonl']);
    expect(text).toMatchObject({ status: 65 });
    expect(text.stdout + text.stderr).toMatch(/a\.jsonl:2 Suzhou: error: parameters\.top_p: /);
    const json = await runHere(bench, ['check', 'a.jsonl', '--json']);
    expect(json).toMatchObject({ status: 65 });
    expect(json.json()).toMatchObject({ lines: { total: 2, valid: 1, invalid: 1 } });
    const { problems } = json.json() as {
      problems: { severity: string; line: number; path: string }[];
    };
    expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([
      { line: 2, custom_id: 'Suzhou', path: 'parameters.top_p' },
    ]);
  });
});

describe('commands without a job', () => {
  test('models: the catalog, by pattern', async () => {
    const bench = openBench();
    const run = await runCli(bench, ['models', 'qwen-plus', '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.stdout).toContain('"qwen-plus"');
    expect(await runHere(bench, ['models', 'qwen-flash'])).toMatchObject({ status: 0 });
    const none = await runHere(bench, ['models', 'no-such-model']);
    expect(none).toMatchObject({ status: 0, stdout: '' });
    expect(none.stderr).toContain('no model in the catalog of ');
  });

  test('completion, --help and --version', async () => {
    const bench = openBench();
    for (const shell of ['bash', 'zsh', 'fish']) {
      const run = await runHere(bench, ['completion', shell]);
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(run.stdout).toContain('qbatch');
    }
    expect((await runCli(bench, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runCli(bench, ['run', '--help'])).stdout).toContain('--max-cost');
  });

  test('simulate: a job runs against it, and it says what it has seen', async () => {
    const bench = openBench();
    bench.write('a.jsonl', jsonl([nativeLine('杭州'), envelopeLine('Suzhou')]));
    const simulator = startCli(bench, ['simulate', 'latency=0ms', '--port', '0']);
    const origin = await simulator.prints(/http:\/\/127\.0\.0\.1:\d+(?=\/)/);
    expect(
      await runHere(bench, ['run', 'a.jsonl', '--base-url', origin, '--rpm', '6000000']),
    ).toMatchObject({ status: 0 });
    expect(bench.lines('a.results.jsonl')).toHaveLength(2);
    simulator.signal('SIGINT');
    const ended = await simulator.finished;
    expect(ended).toMatchObject({ status: 0 });
    expect(ended.stdout).toContain('2 calls');
  });

  test('--simulate: a whole rehearsal without a key, the same answers for the same seed', async () => {
    const bench = openBench();
    const input = jsonl([
      nativeLine('杭州'),
      envelopeLine('Suzhou'),
      flatLine('昆明', { enable_thinking: true }),
    ]);
    for (const [name, seed] of [
      ['a', 7],
      ['b', 7],
      ['c', 8],
    ] as const) {
      bench.write(`${name}.jsonl`, input);
      const run = await runHere(
        bench,
        ['run', `${name}.jsonl`, `--simulate=latency=0ms,seed=${seed}`, '--job', 'rehearsal'],
        { env: { DASHSCOPE_API_KEY: undefined } },
      );
      expect(run).toMatchObject({ status: 0 });
    }
    const contents = ['a', 'b', 'c'].map((name) =>
      bench
        .lines(`${name}.results.jsonl`)
        .map((line) => JSON.stringify(line).match(/"content":"[^"]*"/g)),
    );
    expect(contents[0]).toEqual(Array(3).fill([expect.any(String)]));
    expect(contents[0]).toEqual(contents[1]);
    expect(contents[2]).not.toEqual(contents[0]);
  });
});
