import { chmodSync, statSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openBench, parseJsonLines } from '../helpers/bench.ts';
import {
  ANSWER_USAGE,
  answerText,
  promptFor,
  startCountingServer,
} from '../helpers/counting-server.ts';
import {
  envelopeLine,
  flatLine,
  jsonl,
  nativeLine,
  placeIds,
  promptLine,
} from '../helpers/request-lines.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';

const NATIVE_PATH = '/api/v1/services/aigc/text-generation/generation';
const CHAT_PATH = '/compatible-mode/v1/chat/completions';

type Output = {
  id: string;
  custom_id: string | null;
  response: {
    status_code: number;
    request_id: string | null;
    body: Record<string, unknown> | null;
  } | null;
  error: { code: string; message: string; param: string | null; line: number } | null;
};

function outputsOf(text: string): Output[] {
  return parseJsonLines(text) as unknown as Output[];
}

describe('run: what is sent and what is written', () => {
  test('the four line shapes in one file: each goes to its endpoint, results come in input order', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const lines = [
      envelopeLine('杭州', { temperature: 0.5 }),
      nativeLine('苏州'),
      flatLine('成都', { temperature: 0.7, top_p: 0.9 }),
      promptLine('昆明', { metadata: { topic: '旅游' } }),
      JSON.stringify({
        custom_id: '西安',
        method: 'POST',
        url: NATIVE_PATH,
        body: {
          model: 'qwen-plus',
          input: { messages: [{ role: 'user', content: promptFor('西安') }] },
        },
      }),
    ];
    bench.write('cities.jsonl', jsonl(lines));
    const run = await runCli(bench, [
      'run',
      'cities.jsonl',
      ...server.flags,
      '--model',
      'qwen-flash',
      '--system',
      '你是导游。',
    ]);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(bench.names()).toEqual([
      'cities.errors.jsonl',
      'cities.jsonl',
      'cities.qbatch.db',
      'cities.qbatch.db.mark',
      'cities.results.jsonl',
    ]);
    expect(bench.read('cities.errors.jsonl')).toBe('');
    const results = outputsOf(bench.read('cities.results.jsonl'));
    expect(results.map(({ id, custom_id: customId, error }) => [id, customId, error])).toEqual([
      ['cities-1', '杭州', null],
      ['cities-2', '苏州', null],
      ['cities-3', '成都', null],
      ['cities-4', '昆明', null],
      ['cities-5', '西安', null],
    ]);
    expect(results[0]?.response).toMatchObject({
      status_code: 200,
      body: { object: 'chat.completion', choices: [{ message: { content: answerText('杭州') } }] },
    });
    expect(results[3]?.response).toMatchObject({
      status_code: 200,
      request_id: 'req-昆明',
      body: { output: { choices: [{ message: { content: answerText('昆明') } }] } },
    });

    const calls = new Map(server.calls.map((call) => [call.id, call]));
    expect([...calls].map(([id, { path }]) => [id, path]).toSorted()).toEqual(
      [
        ['杭州', CHAT_PATH],
        ['苏州', NATIVE_PATH],
        ['成都', NATIVE_PATH],
        ['昆明', NATIVE_PATH],
        ['西安', NATIVE_PATH],
      ].toSorted(),
    );
    const user = (id: string): object => ({ role: 'user', content: promptFor(id) });
    const system = { role: 'system', content: '你是导游。' };
    expect(calls.get('杭州')?.json).toEqual({
      model: 'qwen-plus',
      messages: [system, user('杭州')],
      temperature: 0.5,
    });
    expect(calls.get('成都')?.json).toEqual({
      model: 'qwen-plus',
      input: { messages: [system, user('成都')] },
      parameters: { temperature: 0.7, top_p: 0.9 },
    });
    expect(calls.get('昆明')?.json).toMatchObject({
      model: 'qwen-flash',
      input: { messages: [system, user('昆明')] },
    });
    for (const call of server.calls) {
      expect(call.headers).toMatchObject({ 'content-type': 'application/json' });
      expect(call.headers.authorization).toMatch(/^Bearer sk-canary-/);
    }
  });

  test('--protocol openai sends flat and prompt lines to the compatible endpoint', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write(
      'a.jsonl',
      jsonl([flatLine('杭州', { temperature: 0.2 }), promptLine('Suzhou', { model: 'qwen-plus' })]),
    );
    expect(
      await runCli(bench, ['run', 'a.jsonl', ...server.flags, '--protocol', 'openai']),
    ).toMatchObject({ status: 0 });
    expect(server.calls.map(({ path }) => path)).toEqual([CHAT_PATH, CHAT_PATH]);
  });

  test('a streamed line of either protocol: asked for as a stream, written as one whole answer', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write(
      's.jsonl',
      jsonl([
        envelopeLine('杭州', { stream: true }),
        nativeLine('Suzhou', {
          headers: { 'X-DashScope-SSE': 'enable' },
          parameters: { result_format: 'message', incremental_output: true },
        }),
      ]),
    );
    expect(await runCli(bench, ['run', 's.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    const chat = server.calls.find(({ protocol }) => protocol === 'openai');
    const native = server.calls.find(({ protocol }) => protocol === 'dashscope');
    expect(chat?.json).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(native?.headers).toMatchObject({
      'x-dashscope-sse': 'enable',
      accept: 'text/event-stream',
    });
    const bodies = outputsOf(bench.read('s.results.jsonl')).map(({ response }) => response?.body);
    expect(bodies[0]).toMatchObject({
      object: 'chat.completion',
      choices: [
        { message: { role: 'assistant', content: answerText('杭州') }, finish_reason: 'stop' },
      ],
      usage: { total_tokens: 36 },
    });
    expect(bodies[1]).toMatchObject({
      output: { choices: [{ message: { content: answerText('Suzhou') }, finish_reason: 'stop' }] },
      usage: { total_tokens: 36 },
    });
  });

  test('a finished job run again: nothing is sent, nothing is changed', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(5).map((id) => nativeLine(id))));
    const args = ['run', 'a.jsonl', ...server.flags];
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    const results = bench.read('a.results.jsonl');
    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(server.calls).toHaveLength(5);
    expect(bench.read('a.results.jsonl')).toBe(results);
  });

  test('ledger, mark and outputs are private (0600), whatever the umask', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl([nativeLine('杭州')]));
    const before = process.umask(0);
    try {
      expect(await runCli(bench, ['run', 'a.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    } finally {
      process.umask(before);
    }
    const own = bench.names().filter((name) => name !== 'a.jsonl');
    expect(own).toHaveLength(4);
    for (const name of own)
      expect([name, statSync(bench.path(name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  test('values reach the service and the results as they were written, byte for byte', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const odd =
      '{"z":1,"10":9007199254740993123456789,"2":1e400,"a":-0,"b":1.0,"c":1E+2,"d":"\\u0041\\/é\u{1F600}\\ud83d\\ude00","__proto__":{"x":0.10}}';
    const messages = `[{"role":"user","content":"[#odd] 保持原样"}]`;
    bench.write(
      'v.jsonl',
      `{"custom_id":"n","model":"qwen-plus","input":{"messages":${messages}},"parameters":{"result_format":"message","x_odd":${odd}}}\n{"custom_id":"o","url":"/v1/chat/completions","body":{"model":"qwen-plus","x_odd":${odd},"messages":${messages}}}\n`,
    );
    const echo = (usage: string, rest: string): string =>
      `{ "x_odd": ${odd},\n "usage": ${usage}, ${rest} }`;
    server.script = ({ protocol }) => ({
      kind: 'raw',
      status: 200,
      headers: { 'content-type': 'application/json' },
      body:
        protocol === 'openai'
          ? echo(
              '{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}',
              '"choices":[{"index":0,"message":{"role":"assistant","content":"好"},"finish_reason":"stop"}]',
            )
          : echo(
              '{"input_tokens":1,"output_tokens":1}',
              '"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"好"}}]}',
            ),
    });
    expect(await runCli(bench, ['run', 'v.jsonl', ...server.flags, '-q'])).toMatchObject({
      status: 0,
    });
    expect(server.calls).toHaveLength(2);
    for (const { body } of server.calls) expect(body).toContain(`"x_odd":${odd}`);
    const results = bench.read('v.results.jsonl').trimEnd().split('\n');
    expect(results).toHaveLength(2);
    for (const line of results) expect(line).toContain(`"x_odd":${odd}`);
  });
});

describe('run: forms of input', () => {
  test('BOM, CRLF, blank lines and a missing last newline are fine; line numbers are physical', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const line = (id: string): string => nativeLine(id, { custom_id: undefined });
    bench.write('w.jsonl', `\uFEFF${line('杭州')}\r\n\r\n  \n${line('Suzhou')}\r\n${line('成都')}`);
    expect(await runCli(bench, ['run', 'w.jsonl', ...server.flags])).toMatchObject({ status: 0 });
    expect(
      outputsOf(bench.read('w.results.jsonl')).map(({ id, custom_id: customId }) => [id, customId]),
    ).toEqual([
      ['w-1', 'line-1'],
      ['w-4', 'line-4'],
      ['w-5', 'line-5'],
    ]);
  });

  test('an empty file: 0 with a warning, and both outputs exist', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('none.jsonl', '\n\n');
    const run = await runCli(bench, ['run', 'none.jsonl', ...server.flags]);
    expect(run).toMatchObject({ status: 0, stdout: '' });
    expect(run.stderr).toContain('no lines');
    expect(bench.read('none.results.jsonl') + bench.read('none.errors.jsonl')).toBe('');
  });

  test('stdin: named after its content, spooled only while the job is unfinished; the same input again sends nothing', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const stdin = jsonl([nativeLine('杭州'), nativeLine('Suzhou')]);
    const first = await runCli(bench, ['run', '-', '--json', ...server.flags], { stdin });
    expect(first).toMatchObject({ status: 0 });
    const job = String(first.json()['job']);
    expect(job).toMatch(/^stdin-[0-9a-f]{12}$/);
    expect(bench.names()).toEqual(
      ['.errors.jsonl', '.qbatch.db', '.qbatch.db.mark', '.results.jsonl'].map((end) => job + end),
    );
    expect(await runCli(bench, ['run', '-', '--json', ...server.flags], { stdin })).toMatchObject({
      status: 0,
    });
    expect(server.calls).toHaveLength(2);
    expect(bench.names()).toHaveLength(4);
  });

  test('stdin into two ledgers: its copy stays while either job needs it', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const stdin = jsonl([nativeLine('杭州'), nativeLine('Suzhou')]);
    const into = (ledger: string): string[] => ['run', '-', '--ledger', ledger, ...server.flags];
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    const failed = await runCli(
      bench,
      [...into('one.qbatch.db'), '-o', 'one.jsonl', '--errors', 'one.e'],
      { stdin },
    );
    expect(failed).toMatchObject({ status: 1 });
    const copy = bench.names().filter((name) => /^stdin-[0-9a-f]{12}\.jsonl$/.test(name));
    expect(copy).toHaveLength(1);
    server.script = () => ({ kind: 'answer' });
    const whole = await runCli(
      bench,
      [...into('two.qbatch.db'), '-o', 'two.jsonl', '--errors', 'two.e'],
      { stdin },
    );
    expect(whole).toMatchObject({ status: 0 });
    expect(bench.names()).toContain(copy[0]);
    const retry = ['retry', 'one.qbatch.db', ...server.flags];
    expect(await runCli(bench, retry)).toMatchObject({ status: 0 });
    expect(bench.names()).not.toContain(copy[0]);
  });

  test('stdin into two jobs of one ledger elsewhere: its copy stays while either needs it', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const stdin = jsonl([nativeLine('杭州'), nativeLine('Suzhou')]);
    bench.write('L/.keep', '');
    const job = (name: string): string[] => [
      ...['run', '-', '--ledger', 'L/all.qbatch.db', '--job', name],
      ...['-o', `${name}.r`, '--errors', `${name}.e`, ...server.flags],
    ];
    server.script = () => ({ kind: 'error', status: 400, code: 'Bad', message: 'no' });
    expect(await runCli(bench, job('a'), { stdin })).toMatchObject({ status: 1 });
    server.script = () => ({ kind: 'answer' });
    expect(await runCli(bench, job('b'), { stdin })).toMatchObject({ status: 0 });
    const retry = ['retry', 'L/all.qbatch.db', '--job', 'a', ...server.flags];
    expect(await runCli(bench, retry)).toMatchObject({ status: 0 });
    expect(bench.names().filter((name) => name.startsWith('stdin-'))).toEqual([]);
  });

  test('.gz: read as it is, named without the ending; a damaged one is 66 with the byte', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    const packed = gzipSync(jsonl(placeIds(40).map((id) => nativeLine(id))));
    bench.write('cities.jsonl.gz', packed);
    expect(await runCli(bench, ['run', 'cities.jsonl.gz', ...server.flags])).toMatchObject({
      status: 0,
    });
    expect(bench.lines('cities.results.jsonl')).toHaveLength(40);
    const calls = server.calls.length;
    bench.write('cut.jsonl.gz', packed.subarray(0, packed.length - 40));
    const cut = await runCli(bench, ['run', 'cut.jsonl.gz', ...server.flags]);
    expect(cut).toMatchObject({ status: 66, stdout: '' });
    expect(cut.stderr).toMatch(/cut\.jsonl\.gz: damaged gzip data, found .*byte \d+/);
    expect(server.calls).toHaveLength(calls);
    expect(bench.names().filter((name) => name.startsWith('cut'))).toEqual(['cut.jsonl.gz']);
  });

  test('a read-only input is enough', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    chmodSync(bench.write('ro.jsonl', jsonl([nativeLine('杭州')])), 0o400);
    expect(await runCli(bench, ['run', 'ro.jsonl', ...server.flags])).toMatchObject({ status: 0 });
  });
});

describe('run: where results go', () => {
  test('-o - prints all results, from line 1, on every run', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    const args = ['run', 'a.jsonl', '-o', '-', ...server.flags];
    const first = await runCli(bench, args);
    expect(first).toMatchObject({ status: 0 });
    expect(outputsOf(first.stdout).map(({ id }) => id)).toEqual(['a-1', 'a-2', 'a-3']);
    const again = await runCli(bench, args);
    expect(again).toMatchObject({ status: 0, stdout: first.stdout });
    expect(server.calls).toHaveLength(3);
    expect(bench.names()).not.toContain('a.results.jsonl');
  });

  test('--order settled writes lines as they settle', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
    const [first] = placeIds(1);
    let letGo = (): void => undefined;
    const others = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    server.beforeReply = ({ id }) => (id === first ? others : undefined);
    const run = startCli(bench, [
      'run',
      'a.jsonl',
      '--order',
      'settled',
      '--progress',
      'json',
      ...server.flags,
    ]);
    await run.says('"line":2,');
    await run.says('"line":3,');
    letGo();
    expect(await run.finished).toMatchObject({ status: 0 });
    const ids = outputsOf(bench.read('a.results.jsonl')).map(({ id }) => id);
    expect(ids.toSorted()).toEqual(['a-1', 'a-2', 'a-3']);
    expect(ids.at(-1)).toBe('a-1');
  });

  test('-o, --errors and --ledger put files where they are asked for', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('in/a.jsonl', jsonl([nativeLine('杭州')]));
    bench.write('out/.keep', '');
    const run = await runCli(bench, [
      'run',
      'in/a.jsonl',
      '-o',
      'out/answers.jsonl',
      '--errors',
      'out/bad.jsonl',
      '--ledger',
      'out/state.db',
      '--json',
      ...server.flags,
    ]);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      job: 'a',
      outputs: { results: bench.path('out/answers.jsonl'), errors: bench.path('out/bad.jsonl') },
    });
    expect(bench.lines('out/answers.jsonl')).toHaveLength(1);
    expect(bench.read('out/bad.jsonl')).toBe('');
  });
});

describe('run: what it tells', () => {
  test('--json: exactly the documented keys, with the sums of the service', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl(placeIds(4).map((id) => nativeLine(id))));
    const run = await runCli(bench, ['run', 'a.jsonl', '--json', '-q', ...server.flags]);
    expect(run).toMatchObject({ status: 0, stderr: '' });
    const summary = run.json();
    expect(Object.keys(summary)).toEqual([
      'schema',
      'job',
      'ledger',
      'lines',
      'attempts',
      'usage',
      'cost',
      'possibly_billed',
      'estimate',
      'outputs',
      'elapsed_ms',
      'simulated',
      'stopped',
    ]);
    const { input, output } = ANSWER_USAGE;
    expect(summary).toEqual({
      schema: 1,
      job: 'a',
      ledger: expect.stringMatching(/a\.qbatch\.db$/) as unknown,
      lines: { total: 4, answered: 4, failed: 0, rejected: 0, open: 0 },
      attempts: 4,
      usage: {
        input_tokens: 4 * input,
        output_tokens: 4 * output,
        total_tokens: 4 * (input + output),
        cached_tokens: null,
        reasoning_tokens: null,
      },
      // qwen-plus in Beijing: 0.8 CNY a million tokens in, 2 out.
      cost: { amount: '0.000173', currency: 'CNY', unpriced_lines: 0 },
      possibly_billed: {
        lines: 0,
        attempts: 0,
        tokens: 0,
        amount: '0.000000',
        unpriced_attempts: 0,
      },
      // 512 tokens are assumed for an answer before any has come.
      estimate: {
        lines: 4,
        input_tokens: { estimated: expect.any(Number) as unknown, actual: 4 * input },
        output_tokens: { estimated: 4 * 512, actual: 4 * output },
        cost: { estimated: expect.stringMatching(/^0\.004/) as unknown, actual: '0.000173' },
      },
      outputs: { results: bench.path('a.results.jsonl'), errors: bench.path('a.errors.jsonl') },
      elapsed_ms: expect.any(Number) as unknown,
      simulated: false,
      stopped: null,
    });
  });

  test('--progress json: every line on stderr is an event, and job-end carries the summary', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    server.script = ({ id }) =>
      id === 'Suzhou'
        ? { kind: 'error', status: 400, code: 'InvalidParameter', message: 'no' }
        : { kind: 'answer' };
    bench.write('a.jsonl', jsonl([nativeLine('杭州'), nativeLine('Suzhou')]));
    const run = await runCli(bench, [
      'run',
      'a.jsonl',
      '--progress',
      'json',
      '--json',
      ...server.flags,
    ]);
    expect(run).toMatchObject({ status: 1 });
    const events = parseJsonLines(run.stderr);
    for (const event of events)
      expect(event).toMatchObject({
        schema: 1,
        event: expect.any(String) as unknown,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as unknown,
      });
    expect(events[0]).toMatchObject({ event: 'job-start', job: 'a', lines: { total: 2, open: 2 } });
    const settled = events.filter(({ event }) => event === 'line-settled');
    expect(settled.map(({ line, status, code }) => [line, status, code]).toSorted()).toEqual([
      [1, 'answered', null],
      [2, 'failed', 'InvalidParameter'],
    ]);
    const { schema: _schema, ...summary } = run.json();
    expect(events.at(-1)).toMatchObject({ event: 'job-end', exit_code: 1, ...summary });
  });

  test('-q: silent when all is well', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl([nativeLine('杭州')]));
    expect(await runCli(bench, ['run', 'a.jsonl', '-q', ...server.flags])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('--dry-run surveys, sends nothing and leaves nothing behind', async () => {
    const bench = openBench();
    const server = await startCountingServer();
    bench.write('a.jsonl', jsonl([nativeLine('杭州')]));
    expect(await runCli(bench, ['run', 'a.jsonl', '-n', ...server.flags])).toMatchObject({
      status: 0,
    });
    expect(server.calls).toHaveLength(0);
    expect(bench.names()).toEqual(['a.jsonl']);
  });
});
