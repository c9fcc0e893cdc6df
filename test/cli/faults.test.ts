import { describe, expect, test } from 'vitest';
import { prepareCliJob } from '../helpers/cli-job.ts';
import { type Bench, CANARY_KEY } from '../helpers/bench.ts';
import { type Reaction } from '../helpers/counting-server.ts';
import { envelopeLine, jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';

type ErrorLine = {
  custom_id: string;
  response: { status_code: number; body: unknown } | null;
  error: { code: string; message: string; line: number };
};

function errorsOf(bench: Bench): ErrorLine[] {
  return bench.lines('a.errors.jsonl') as unknown as ErrorLine[];
}

/** Control characters other than the line feed, and C1: none belongs on a terminal. */
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

const JSON_TYPE = { 'content-type': 'application/json' };

describe('errors that go away', () => {
  test('500 and 503 are retried until they are answered; the attempts are on record', async () => {
    const { bench, server, args, ids } = await prepareCliJob(2, { mixed: true });
    server.script = ({ nth, id }) =>
      nth === 1
        ? {
            kind: 'error',
            status: id === ids[0] ? 500 : 503,
            code: 'InternalError',
            message: 'try again',
          }
        : { kind: 'answer' };
    const run = await runCli(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      attempts: 4,
      lines: { answered: 2 },
      possibly_billed: { attempts: 0 },
    });
  });

  test('a timeout answered with what there was: no answer, asked again as a stream, and counted as possibly billed', async () => {
    const { bench, server, args, ids } = await prepareCliJob(2, { mixed: true });
    server.script = ({ nth, protocol }): Reaction => {
      if (nth > 1) return { kind: 'answer' };
      const choices = [
        { index: 0, message: { role: 'assistant', content: '只有一' }, finish_reason: 'stop' },
      ];
      const body = protocol === 'openai' ? { choices } : { output: { choices } };
      return {
        kind: 'raw',
        status: 200,
        headers: { ...JSON_TYPE, 'x-dashscope-partialresponse': 'true' },
        body: JSON.stringify(body),
        billed: true,
      };
    };
    const run = await runHere(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      attempts: 4,
      lines: { answered: 2 },
      possibly_billed: { attempts: 2 },
    });
    const streams = server.calls.map(({ id, nth, json, headers }) => ({
      id,
      nth,
      isStream: json['stream'] === true || headers['x-dashscope-sse'] === 'enable',
    }));
    for (const id of ids) {
      expect(streams).toContainEqual({ id, nth: 1, isStream: false });
      expect(streams).toContainEqual({ id, nth: 2, isStream: true });
    }
    expect(JSON.stringify(bench.lines('a.results.jsonl'))).not.toContain('只有一');
  });

  test('throttles do not use up attempts: answered with --max-attempts 1 after two of them', async () => {
    const { bench, server, args } = await prepareCliJob(1, { mixed: true });
    server.script = ({ nth }) =>
      nth <= 2
        ? {
            kind: 'error',
            status: 429,
            code: 'Throttling.RateQuota',
            message: 'Requests rate limit exceeded, please try again later.',
          }
        : { kind: 'answer' };
    const run = await runHere(bench, [...args, '--max-attempts', '1', '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      attempts: 3,
      lines: { answered: 1 },
      possibly_billed: { attempts: 0 },
    });
  });

  test('what never goes away fails after --max-attempts, with the reply of the service', async () => {
    const { bench, server, args } = await prepareCliJob(1, { mixed: true });
    server.script = () => ({ kind: 'error', status: 500, code: 'InternalError', message: 'busy' });
    expect(await runHere(bench, [...args, '--max-attempts', '3'])).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(3);
    expect(errorsOf(bench)).toMatchObject([
      {
        response: { status_code: 500, body: { code: 'InternalError' } },
        error: { code: 'InternalError', message: 'busy', line: 1 },
      },
    ]);
  });

  test('what cannot succeed is sent once', async () => {
    const { bench, server, args } = await prepareCliJob(2, { mixed: true });
    server.script = () => ({
      kind: 'error',
      status: 400,
      code: 'InvalidParameter',
      message: 'max_tokens is too large',
    });
    expect(await runHere(bench, args)).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(2);
  });
});

describe('calls whose fate is not known', () => {
  test('a hang is cut by --timeout, tried at most twice, and reported as possibly billed', async () => {
    const { bench, server, args, ids } = await prepareCliJob(1, { mixed: true });
    server.script = () => ({ kind: 'hang' });
    // Long enough that a slow machine has sent the call by then: what was not sent is not billed.
    const run = await runCli(bench, [...args, '--timeout', '2s', '--json']);
    await server.idle();
    expect(run).toMatchObject({ status: 1 });
    expect(server.counts().get(ids[0] ?? '')).toBe(2);
    expect(run.json()).toMatchObject({
      attempts: 2,
      lines: { answered: 0, failed: 1 },
      possibly_billed: { lines: 1, attempts: 2 },
    });
    expect(errorsOf(bench)).toMatchObject([
      { custom_id: ids[0], response: null, error: { code: 'qbatch_timeout', line: 1 } },
    ]);
    expect(run.stderr).toContain('possibly billed');
  });

  test.each(['qbatch_connection_error', 'qbatch_timeout', 'qbatch_truncated_stream'] as const)(
    'a stream that counted its first token and ended with %s: what was expected of it may be billed, not that token',
    async (code) => {
      const { bench, server, args, ids } = await prepareCliJob(1);
      bench.write(
        'a.jsonl',
        jsonl([nativeLine(ids[0] ?? '', { headers: { 'X-DashScope-SSE': 'enable' } })]),
      );
      const message = { role: 'assistant', content: 'A' };
      const output = { choices: [{ message, finish_reason: 'null' }] };
      const usage = { input_tokens: 7, output_tokens: 1, total_tokens: 8 };
      const body = `data:${JSON.stringify({ output, usage, request_id: 'r' })}\n\n`;
      const stream = { 'content-type': 'text/event-stream' };
      // Promising more than comes: it is waited for, or the connection ends too early.
      const more = { ...stream, 'content-length': String(body.length + 100) };
      const headers = {
        qbatch_truncated_stream: stream,
        qbatch_timeout: more,
        qbatch_connection_error: { ...more, connection: 'close' },
      }[code];
      server.script = () => ({ kind: 'raw', status: 200, body, headers });
      const once = [...args, '--timeout', '2s', '--max-attempts', '1', '--json'];
      const run = await runHere(bench, once);
      expect(errorsOf(bench)).toMatchObject([{ error: { code } }]);
      const told = run.json()['possibly_billed'] as { tokens: number; amount: string };
      server.script = () => ({ kind: 'reset' });
      const lost = await runHere(bench, [...once, '--fresh', '-y']);
      // Of a call that said nothing, what was expected of it is told.
      expect(told).toEqual(lost.json()['possibly_billed']);
      expect(told.tokens).toBeGreaterThan(100);
    },
  );

  test('a stream that is throttled in the middle of its text: possibly billed, and tried at most twice', async () => {
    const { bench, server, args, ids } = await prepareCliJob(1);
    bench.write('a.jsonl', jsonl([envelopeLine(ids[0] ?? '', { stream: true })]));
    const delta = { role: 'assistant', content: 'A' };
    const choice = { index: 0, delta, finish_reason: null };
    const error = { code: 'limit_requests', type: 'limit_requests', message: 'too many requests' };
    const frames = [{ id: 'c', object: 'chat.completion.chunk', choices: [choice] }, { error }];
    server.script = () => ({
      kind: 'raw',
      status: 200,
      body: frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(''),
      headers: { 'content-type': 'text/event-stream' },
    });
    const run = await runHere(bench, [...args, '--max-unreachable', '4s', '--json']);
    expect(run.json()).toMatchObject({
      lines: { failed: 1, open: 0 },
      possibly_billed: { lines: 1, attempts: 2 },
    });
    expect(server.calls).toHaveLength(2);
    // An error that comes first is a refusal, and costs nothing.
    const refusal = `data: ${JSON.stringify({ error })}\n\n`;
    server.script = ({ nth }) =>
      nth === 3
        ? {
            kind: 'raw',
            status: 200,
            body: refusal,
            headers: { 'content-type': 'text/event-stream' },
          }
        : { kind: 'answer' };
    const retry = await runHere(bench, ['retry', '--json']);
    expect(retry.json()).toMatchObject({
      lines: { answered: 1 },
      possibly_billed: { lines: 1, attempts: 2 },
    });
  });

  test.each(['native', 'compatible'])(
    'a throttle that is told in a %s stream behind status 200: paced and bounded like any other',
    async (protocol) => {
      const { bench, server, args, ids } = await prepareCliJob(1);
      const [id = ''] = ids;
      const isNative = protocol === 'native';
      const line = isNative
        ? nativeLine(id, { headers: { 'X-DashScope-SSE': 'enable' } })
        : envelopeLine(id, { stream: true });
      bench.write('a.jsonl', jsonl([line]));
      const message = 'Requests rate limit exceeded, please try again later.';
      const native = JSON.stringify({ code: 'Throttling.RateQuota', message, request_id: 'r' });
      const error = { code: 'limit_requests', type: 'limit_requests', message };
      const body = isNative
        ? `id:1\nevent:error\n:HTTP_STATUS/429\ndata:${native}\n\n`
        : `data: ${JSON.stringify({ error })}\n\n`;
      const headers = { 'content-type': 'text/event-stream' };
      server.script = () => ({ kind: 'raw', status: 200, body, headers });
      const end = await runHere(bench, [...args, '--max-unreachable', '4s', '--json']);
      expect(end).toMatchObject({ status: 69 });
      expect(server.calls.length).toBeLessThan(20);
      expect(end.json()).toMatchObject({ lines: { open: 1 }, possibly_billed: { attempts: 0 } });
    },
  );

  test('--max-cost counts of a stream that was cut what was set aside for it, in the run that cut it too', async () => {
    const { bench, server, args, ids } = await prepareCliJob(20);
    const streamed = { headers: { 'X-DashScope-SSE': 'enable' } };
    bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id, streamed))));
    const output = { choices: [{ message: { content: 'A' }, finish_reason: 'null' }] };
    const usage = { input_tokens: 7, output_tokens: 1, total_tokens: 8 };
    const body = `data:${JSON.stringify({ output, usage, request_id: 'r' })}\n\n`;
    const headers = { 'content-type': 'text/event-stream' };
    server.script = () => ({ kind: 'raw', status: 200, body, headers });
    // Each is expected to cost 0.00105.
    const capped = [...args, '-c', '1', '--max-attempts', '1', '--max-cost', '0.0055', '--json'];
    const run = await runHere(bench, capped);
    expect(run).toMatchObject({ status: 3 });
    expect(server.calls).toHaveLength(5);
  });

  test('--on-ambiguous fail: a lost connection is not tried again', async () => {
    const { bench, server, args } = await prepareCliJob(1, { mixed: true });
    server.script = () => ({ kind: 'reset' });
    const run = await runHere(bench, [...args, '--on-ambiguous', 'fail', '--json']);
    expect(run).toMatchObject({ status: 1 });
    expect(server.calls).toHaveLength(1);
    expect(run.json()).toMatchObject({ possibly_billed: { lines: 1, attempts: 1 } });
    expect(errorsOf(bench)).toMatchObject([
      { response: null, error: { code: 'qbatch_connection_error' } },
    ]);
  });

  test('a lost connection, then an answer: answered, and the lost call still possibly billed', async () => {
    const { bench, server, args } = await prepareCliJob(1, { mixed: true });
    server.script = ({ nth }) => (nth === 1 ? { kind: 'reset' } : { kind: 'answer' });
    const run = await runHere(bench, [...args, '--json']);
    expect(run).toMatchObject({ status: 0 });
    expect(run.json()).toMatchObject({
      attempts: 2,
      lines: { answered: 1 },
      possibly_billed: { lines: 1, attempts: 1 },
    });
  });
});

test('an answer whose chain of thought is not counted: at the price of thinking', async () => {
  const { bench, server, args } = await prepareCliJob(1, { mixed: true });
  const message = { role: 'assistant', content: '好', reasoning_content: '想一想' };
  const body = JSON.stringify({
    output: { choices: [{ finish_reason: 'stop', message }] },
    usage: { input_tokens: 10, output_tokens: 360 },
    request_id: 'r-1',
  });
  server.script = () => ({ kind: 'raw', status: 200, body, headers: JSON_TYPE, billed: true });
  const run = await runHere(bench, [...args, '--model', 'qwen-plus', '--json']);
  expect(run).toMatchObject({ status: 0 });
  // 10 x 0.8 + 360 x 8 CNY a million.
  expect(run.json()).toMatchObject({ cost: { amount: '0.002888' } });
});

describe('replies that are no answers', () => {
  const replies: readonly (readonly [string, Reaction, string])[] = [
    [
      'an empty 200',
      { kind: 'raw', status: 200, body: '', headers: JSON_TYPE },
      'qbatch_bad_response',
    ],
    [
      'a web page',
      {
        kind: 'raw',
        status: 200,
        body: '<html>登录</html>',
        headers: { 'content-type': 'text/html' },
      },
      'qbatch_bad_response',
    ],
    [
      'torn JSON',
      { kind: 'raw', status: 200, body: '{"output":{"choices":[{"mess', headers: JSON_TYPE },
      'qbatch_bad_response',
    ],
    [
      'JSON that is no answer',
      { kind: 'raw', status: 200, body: '[1,2]', headers: JSON_TYPE },
      'qbatch_bad_response',
    ],
    [
      'an error behind 200',
      {
        kind: 'raw',
        status: 200,
        body: '{"code":"InvalidParameter","message":"no"}',
        headers: JSON_TYPE,
      },
      'InvalidParameter',
    ],
    [
      'a redirect, which is not followed',
      { kind: 'raw', status: 307, body: '', headers: { location: 'http://127.0.0.1:9/' } },
      'qbatch_http_307',
    ],
    [
      'an error without a code',
      { kind: 'raw', status: 404, body: 'nothing here' },
      'qbatch_http_404',
    ],
    [
      'a stream cut before its end',
      {
        kind: 'raw',
        status: 200,
        body: 'data: {"output":{"choices":[{"message":{"role":"assistant","content":"西湖"},"finish_reason":"null"}]}}\n\n',
        headers: { 'content-type': 'text/event-stream' },
      },
      'qbatch_truncated_stream',
    ],
  ];

  test('none of them is ever written as an answer; each has its own code', async () => {
    const { bench, server, args } = await prepareCliJob(0, { mixed: true });
    const ids = replies.map((_reply, index) => `reply-${index}`);
    bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
    server.script = ({ id }) => replies[ids.indexOf(id)]?.[1] ?? { kind: 'answer' };
    expect(
      await runCli(bench, [...args, '--on-ambiguous', 'fail', '--max-attempts', '1']),
    ).toMatchObject({ status: 1 });
    expect(bench.read('a.results.jsonl')).toBe('');
    expect(errorsOf(bench).map(({ error }, index) => [replies[index]?.[0], error.code])).toEqual(
      replies.map(([what, , code]) => [what, code]),
    );
  });
});

describe('a hostile service', () => {
  const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31m\r\u0008\u202Eevil\u2028\u0000西湖';

  test('control characters in answers and errors never reach the terminal raw; files hold them escaped', async () => {
    const { bench, server, args, ids } = await prepareCliJob(4, { mixed: true });
    server.script = ({ id }) =>
      id === ids[0] || id === ids[1]
        ? { kind: 'answer', content: HOSTILE }
        : { kind: 'error', status: 400, code: `Bad${HOSTILE}`, message: HOSTILE };
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('西湖');
    expect(run.stderr).not.toMatch(CONTROL);
    for (const name of ['a.results.jsonl', 'a.errors.jsonl'])
      expect(bench.read(name)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/);
    const answer = bench.lines('a.results.jsonl')[0] as {
      response: { body: { output: { choices: { message: { content: string } }[] } } };
    };
    expect(answer.response.body.output.choices[0]?.message.content).toBe(HOSTILE);
    for (const command of [
      ['status', 'a'],
      ['export', 'a', '--what', 'errors', '--format', 'csv'],
      ['usage', 'a', '--by', 'code'],
    ]) {
      const shown = await runCli(bench, command);
      expect([command, shown.status]).toEqual([command, 0]);
      expect((shown.stdout + shown.stderr).replaceAll('\r\n', '\n')).not.toMatch(CONTROL);
    }
  });

  test('the progress bar shows hostile text without its control characters too', async () => {
    const { bench, server, args } = await prepareCliJob(0, { mixed: true });
    bench.write(
      'a.jsonl',
      jsonl([nativeLine('杭州', { model: `m${HOSTILE}` }), nativeLine('Suzhou')]),
    );
    server.script = ({ id }) =>
      id === '杭州'
        ? { kind: 'error', status: 404, code: `Model${HOSTILE}NotFound`, message: HOSTILE }
        : { kind: 'answer' };
    const run = await runCli(bench, [...args, '--progress', 'tty', '--color', 'always']);
    expect(run).toMatchObject({ status: 1 });
    // What the bar itself needs: colours, cursor on and off, erase line, go to column.
    const own = /\u001b\[(?:\d+(?:;\d+)*m|\?25[hl]|\?7[hl]|\d*[KGABCDJ])|\r/g;
    expect(run.stderr.replaceAll(own, '')).not.toMatch(CONTROL);
    expect(run.stderr).toContain('\u001b[');
    expect(run.stderr).not.toContain('\u001b[2J');
  });

  test('control characters in the input never reach the terminal raw either', async () => {
    const { bench, args } = await prepareCliJob(0, { mixed: true });
    bench.write(
      'a.jsonl',
      jsonl([
        nativeLine(HOSTILE, { parameters: { result_format: 'message', [HOSTILE]: 1, top_p: 'x' } }),
        `{"custom_id":"${HOSTILE}`,
        nativeLine('杭州', { model: HOSTILE }),
      ]),
    );
    const run = await runCli(bench, args);
    expect(run.status).toBe(65);
    expect(run.stderr).not.toMatch(CONTROL);
  });

  test('a key that is echoed is redacted before it is stored or shown', async () => {
    const { bench, server, args, ids } = await prepareCliJob(3, { mixed: true });
    const text = `your key is ${CANARY_KEY}, 请保管`;
    server.script = ({ id }) => {
      if (id === ids[0]) return { kind: 'answer', content: text };
      if (id === ids[1])
        return { kind: 'error', status: 400, code: 'InvalidParameter', message: text };
      return { kind: 'raw', status: 502, body: text };
    };
    // `runCli` itself looks for the key in every file and stream.
    const run = await runCli(bench, [...args, '--json', '--debug', '--max-attempts', '1']);
    expect(run).toMatchObject({ status: 1 });
    expect(bench.read('a.results.jsonl')).toContain('your key is [redacted], 请保管');
    expect(bench.read('a.errors.jsonl')).toContain('your key is [redacted], 请保管');
  });

  test('a key of digits: taken out of texts, while numbers and the lines around them stay whole', async () => {
    const { bench, server, args, ids } = await prepareCliJob(2, { mixed: true });
    const key = { env: { DASHSCOPE_API_KEY: '123456' } };
    const reply = (content: string): string =>
      `{"id":"c","created":1712345678,"choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"${content}"}}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}`;
    server.script = ({ id }) =>
      id === ids[1]
        ? {
            kind: 'raw',
            status: 200,
            body: reply(String.raw`您的密钥是 12345\u0036`),
            headers: JSON_TYPE,
          }
        : { kind: 'error', status: 400, code: 'InvalidParameter', message: 'bad key 123456' };
    const run = await runCli(bench, args, key);
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).not.toContain('123456');
    expect(bench.read('a.results.jsonl')).toContain(`"body":${reply('您的密钥是 [redacted]')}`);
    expect(errorsOf(bench)[0]?.error.message).toBe('bad key [redacted]');
    expect(await runCli(bench, ['status', '--verify'], key)).toMatchObject({ status: 0 });
    expect(await runCli(bench, args, key)).toMatchObject({ status: 1 });
    expect([...server.counts().values()]).toEqual([1, 1]);
  });

  test('a refused key that is echoed: 77, redacted', async () => {
    const { bench, server, args } = await prepareCliJob(1, { mixed: true });
    server.script = () => ({
      kind: 'error',
      status: 401,
      code: 'InvalidApiKey',
      message: `Incorrect API key provided: ${CANARY_KEY}.`,
    });
    const run = await runCli(bench, args);
    expect(run).toMatchObject({ status: 77 });
    expect(run.stderr).toContain('[redacted]');
  });
});
