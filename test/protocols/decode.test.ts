import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { ApiFailure } from '../../src/failure.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded, HttpReply } from '../../src/protocols/protocol.ts';
import { asked } from '../helpers/asked.ts';

const REQUEST_ID = '5b1d8a40-3c1e-9f52-8d6a-2f6c0e7a9b11';

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/responses/${name}`, import.meta.url), 'utf8');
}

function reply(
  body: string | Buffer,
  statusCode = 200,
  headers: Record<string, string> = {},
): HttpReply {
  return { statusCode, headers, body: Buffer.isBuffer(body) ? body : Buffer.from(body) };
}

function answerOf(decoded: Decoded): Extract<Decoded, { kind: 'answer' }> {
  if (decoded.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(decoded)}`);
  return decoded;
}

function failureOf(decoded: Decoded): ApiFailure {
  if (decoded.kind !== 'failure') throw new Error(`no failure: ${JSON.stringify(decoded)}`);
  return decoded.failure;
}

const ANSWERS: readonly {
  name: string;
  input: number | null;
  output: number | null;
  total: number | null;
}[] = [
  { name: 'dashscope-message.json', input: 15, output: 9, total: 24 },
  { name: 'dashscope-text.json', input: 14, output: 8, total: 22 },
  { name: 'dashscope-thinking.json', input: 18, output: 41, total: 59 },
  { name: 'dashscope-tools.json', input: 198, output: 27, total: 225 },
  { name: 'dashscope-two-choices.json', input: 20, output: 11, total: 31 },
  { name: 'dashscope-ocr.json', input: 1290, output: 22, total: 1312 },
  { name: 'dashscope-asr.json', input: null, output: null, total: null },
  { name: 'dashscope-search.json', input: 812, output: 24, total: 836 },
  { name: 'openai-chat.json', input: 23, output: 5, total: 28 },
];

describe.each([dashscope, openai])('$name.decode', (protocol) => {
  test.each(ANSWERS)('$name, compact: its bytes are the answer, not a copy', ({ name }) => {
    const body = Buffer.from(JSON.stringify(JSON.parse(fixture(name))));
    const answer = answerOf(protocol.decode(reply(body), asked()));
    expect(answer.bytes).toBe(body);
    expect(answer.body).toBe(body.toString());
  });

  test.each([
    ['a byte order mark', '\uFEFF{"output":{"text":"好"}}', '{"output":{"text":"好"}}'],
    ['white space', '{"output": {"text":"好 a"}}\n', '{"output":{"text":"好 a"}}'],
    ['half a character', String.raw`{"output":{"text":"\ud83d"}}`, '{"output":{"text":"\uFFFD"}}'],
    ['a line separator', '{"output":{"text":"\u2028"}}', String.raw`{"output":{"text":"\u2028"}}`],
  ])('%s: the bytes of the reply are not those of the answer', (_, text, compact) => {
    const answer = answerOf(protocol.decode(reply(text), asked()));
    expect(answer.bytes).toBeNull();
    expect(answer.body).toBe(compact);
  });

  test.each(ANSWERS)(
    '$name: an answer, its body compact and unchanged',
    ({ name, input, output, total }) => {
      const text = fixture(name);
      const answer = answerOf(protocol.decode(reply(text), asked()));
      expect(answer.body).toBe(JSON.stringify(JSON.parse(text)));
      expect(answer.statusCode).toBe(200);
      expect(answer.usage).toMatchObject({
        inputTokens: input,
        outputTokens: output,
        totalTokens: total,
      });
    },
  );

  test('the request id: the body first, then the header, then null', () => {
    const headers = { 'x-request-id': 'from-the-header' };
    expect(
      answerOf(protocol.decode(reply(fixture('dashscope-text.json'), 200, headers), asked()))
        .requestId,
    ).toBe(REQUEST_ID);
    expect(
      answerOf(protocol.decode(reply(fixture('openai-chat.json'), 200, headers), asked()))
        .requestId,
    ).toBe('from-the-header');
    expect(
      answerOf(protocol.decode(reply(fixture('openai-chat.json')), asked())).requestId,
    ).toBeNull();
  });

  test('numbers that JSON.parse would change: as the service wrote them', () => {
    const body =
      '{"output":{"text":"好","finish_reason":"stop","score":1.0,"big":12345678901234567890}}';
    expect(answerOf(protocol.decode(reply(body), asked())).body).toBe(body);
  });

  test('a native error: its code, message and request id', () => {
    const failure = failureOf(
      protocol.decode(reply(fixture('dashscope-error-throttling.json'), 429), asked()),
    );
    expect(failure).toEqual({
      kind: 'http',
      statusCode: 429,
      code: 'Throttling.RateQuota',
      message: 'Requests rate limit exceeded, please try again later.',
      param: null,
      requestId: REQUEST_ID,
      retryAfterMs: null,
      neverSent: false,
      body: JSON.stringify(JSON.parse(fixture('dashscope-error-throttling.json'))),
      usage: null,
    });
  });

  test('a compatible error: code, message and the blamed parameter', () => {
    const failure = failureOf(
      protocol.decode(reply(fixture('openai-error-parameter.json'), 400), asked()),
    );
    expect(failure).toMatchObject({
      kind: 'http',
      statusCode: 400,
      code: 'invalid_parameter_error',
      message: '<400> InternalError.Algo.InvalidParameter: Range of top_p should be (0.0, 1.0]',
      param: 'top_p',
      requestId: REQUEST_ID,
    });
  });

  test('a compatible error without a code, or with a number: the type; param "None": none', () => {
    const body =
      '{"error":{"code":null,"type":"invalid_request_error","message":"x","param":"None"}}';
    expect(failureOf(protocol.decode(reply(body, 400), asked()))).toMatchObject({
      code: 'invalid_request_error',
      param: null,
    });
    const numbered = '{"error":{"code":400,"type":"BadRequestError","message":"too long"}}';
    expect(failureOf(protocol.decode(reply(numbered, 400), asked())).code).toBe('BadRequestError');
  });

  test('an error behind 200: an http failure with status 200 and its usage', () => {
    const body =
      '{"code":"InternalError","message":"Request processing failed","usage":{"input_tokens":7,"output_tokens":3}}';
    const failure = failureOf(protocol.decode(reply(body), asked()));
    expect(failure).toMatchObject({ kind: 'http', statusCode: 200, code: 'InternalError' });
    expect(failure.usage?.totalTokens).toBe(10);
    expect(
      failureOf(protocol.decode(reply(fixture('openai-error-limit.json')), asked())).code,
    ).toBe('limit_requests');
  });

  test('an error object beside choices: never an answer', () => {
    const body =
      '{"error":{"code":"internal_error","message":"broke off"},"choices":[{"finish_reason":"stop","message":{"content":"半"}}]}';
    expect(failureOf(protocol.decode(reply(body), asked())).code).toBe('internal_error');
  });

  test.each([
    '{"code":"InternalError","message":"failed","output":{"text":"","finish_reason":"stop"}}',
    '{"code":"InternalError","message":"failed","output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":""}}]}}',
    '{"code":"InternalError","message":"failed","choices":[{"message":{"role":"assistant","content":[],"tool_calls":null}}]}',
  ])('an error beside an answer that holds nothing: the error: %s', (body) => {
    expect(failureOf(protocol.decode(reply(body), asked()))).toMatchObject({
      kind: 'http',
      code: 'InternalError',
      message: 'failed',
    });
  });

  test.each([
    '{"code":"Success","output":{"text":"好","finish_reason":"stop"}}',
    '{"code":"Success","choices":[{"finish_reason":"tool_calls","message":{"role":"assistant","content":"","tool_calls":[{"id":"a"}]}}]}',
    '{"output":{"text":"","finish_reason":"stop"}}',
  ])('a code beside an answer, or an empty answer without a code: an answer: %s', (body) => {
    expect(answerOf(protocol.decode(reply(body), asked())).body).toBe(body);
  });

  test('an empty code beside an answer (as the Python SDK shows it): an answer', () => {
    const body =
      '{"status_code":200,"code":"","message":"","output":{"text":null,"finish_reason":null,"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"好"}}]}}';
    expect(answerOf(protocol.decode(reply(body), asked())).body).toBe(body);
  });

  test.each([
    ['empty', ''],
    ['blank', ' \n'],
    ['a web page', '<html><body>502 Bad Gateway</body></html>'],
    ['torn JSON', '{"output":{"text":"如何'],
    ['an array', '[{"output":{"text":"x"}}]'],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['no choices', '{"output":{"choices":[]},"usage":{"input_tokens":1,"output_tokens":0}}'],
    ['an empty choice', '{"choices":[{}]}'],
    ['a task', '{"output":{"task_id":"t-1","task_status":"PENDING"},"request_id":"r"}'],
  ])('200 with %s: qbatch_bad_response', (_, body) => {
    expect(failureOf(protocol.decode(reply(body), asked()))).toMatchObject({
      kind: 'bad-response',
      code: 'qbatch_bad_response',
      statusCode: 200,
      neverSent: false,
    });
  });

  test('204: qbatch_bad_response', () => {
    expect(failureOf(protocol.decode(reply('', 204), asked()))).toMatchObject({
      code: 'qbatch_bad_response',
      statusCode: 204,
    });
  });

  test('a web page: its beginning, made printable, is the message; there is no body', () => {
    const page = `<html>\u001b[31m${'系统繁忙'.repeat(300)}`;
    const failure = failureOf(protocol.decode(reply(page), asked()));
    expect(failure.message).toBe(`<html>${'系统繁忙'.repeat(300)}`.slice(0, 500));
    expect(failure.body).toBeNull();
  });

  test('bytes that are no UTF-8: qbatch_bad_response, not U+FFFD in an answer', () => {
    const bytes = Buffer.from(fixture('dashscope-message.json'));
    const at = bytes.indexOf(Buffer.from('西湖'));
    bytes[at + 1] = 0x20;
    const failure = failureOf(protocol.decode(reply(bytes), asked()));
    expect(failure.code).toBe('qbatch_bad_response');
    expect(failure.message).toContain('UTF-8');
  });

  test('x-dashscope-partialresponse: qbatch_partial_response with body and usage', () => {
    const text = fixture('dashscope-message.json');
    const failure = failureOf(
      protocol.decode(reply(text, 200, { 'x-dashscope-partialresponse': 'true' }), asked()),
    );
    expect(failure).toMatchObject({
      kind: 'bad-response',
      code: 'qbatch_partial_response',
      requestId: REQUEST_ID,
      body: JSON.stringify(JSON.parse(text)),
    });
    expect(failure.usage?.totalTokens).toBe(24);
    expect(
      protocol.decode(reply(text, 200, { 'x-dashscope-partialresponse': 'false' }), asked()).kind,
    ).toBe('answer');
  });

  test.each(['null', '"null"', '"error"', '"abort"'])(
    'an unstreamed finish_reason of %s: qbatch_partial_response',
    (reason) => {
      const choice = `{"choices":[{"index":0,"finish_reason":${reason},"message":{"role":"assistant","content":"春风"}}]}`;
      expect(failureOf(protocol.decode(reply(choice), asked())).code).toBe(
        'qbatch_partial_response',
      );
      const text = `{"output":{"text":"春风","finish_reason":${reason}}}`;
      expect(failureOf(protocol.decode(reply(text), asked())).code).toBe('qbatch_partial_response');
    },
  );

  test('a choice of a role and nothing else: no answer', () => {
    const body = '{"choices":[{"index":0,"message":{"role":"assistant"}}]}';
    expect(failureOf(protocol.decode(reply(body), asked())).code).toBe('qbatch_bad_response');
  });

  test('a reply with a byte order mark: read', () => {
    expect(protocol.decode(reply(`\uFEFF${fixture('openai-chat.json')}`), asked()).kind).toBe(
      'answer',
    );
  });

  test('an HTTP error without a code: qbatch_http_<status>, with what there is for a message', () => {
    expect(failureOf(protocol.decode(reply('<h1>Bad Gateway</h1>', 502), asked()))).toMatchObject({
      kind: 'http',
      code: 'qbatch_http_502',
      message: '<h1>Bad Gateway</h1>',
      body: null,
    });
    expect(failureOf(protocol.decode(reply('', 503), asked())).code).toBe('qbatch_http_503');
    const spring =
      '{"timestamp":"2026-01-06T08:00:00Z","status":404,"error":"Not Found","path":"/v2"}';
    expect(failureOf(protocol.decode(reply(spring, 404), asked()))).toMatchObject({
      code: 'qbatch_http_404',
      message: 'Not Found',
      body: spring,
    });
    expect(failureOf(protocol.decode(reply(Buffer.from([0xff, 0xfe]), 500), asked())).code).toBe(
      'qbatch_http_500',
    );
  });

  test('a redirect: qbatch_http_302 with its target, whatever the body', () => {
    const failure = failureOf(
      protocol.decode(
        reply('{"code":"Moved","message":"x"}', 302, { location: 'https://login.example.cn/' }),
        asked(),
      ),
    );
    expect(failure).toMatchObject({ kind: 'http', code: 'qbatch_http_302', statusCode: 302 });
    expect(failure.message).toContain('https://login.example.cn/');
  });

  test('an error told in a stream line with HTTP 400: read', () => {
    const compatible =
      'data: {"error":{"code":"data_inspection_failed","message":"Input data may contain inappropriate content.","type":"data_inspection_failed"}}\n\n';
    expect(failureOf(protocol.decode(reply(compatible, 400), asked()))).toMatchObject({
      code: 'data_inspection_failed',
      statusCode: 400,
    });
    const native =
      'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"DataInspectionFailed","message":"x","request_id":"r-1"}\n\n';
    expect(failureOf(protocol.decode(reply(native, 400), asked()))).toMatchObject({
      code: 'DataInspectionFailed',
      requestId: 'r-1',
    });
  });

  test('an event stream under another content type: folded', () => {
    const body =
      'data: {"id":"c","choices":[{"index":0,"delta":{"content":"好"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    expect(JSON.parse(answerOf(protocol.decode(reply(body), asked())).body)).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: '好' } }],
    });
  });

  test('escapes of the terminal in a service message: dropped', () => {
    const body = '{"code":"X\\u001b[2J","message":"a\\u001b]0;t\\u0007b\\nc"}';
    expect(failureOf(protocol.decode(reply(body, 400), asked()))).toMatchObject({
      code: 'X',
      message: 'ab c',
    });
  });

  test.each<[string, string, string | undefined, number | null]>([
    ['seconds', '20', undefined, 20_000],
    ['a part of a second', '0.5', undefined, 500],
    ['too long', '3600', undefined, 60_000],
    ['absurd', '9'.repeat(400), undefined, 60_000],
    ['a date', 'Tue, 06 Jan 2026 08:00:30 GMT', 'Tue, 06 Jan 2026 08:00:00 GMT', 30_000],
    ['a date gone by', 'Tue, 06 Jan 2026 07:00:00 GMT', 'Tue, 06 Jan 2026 08:00:00 GMT', 0],
    ["a date without the reply's own", 'Tue, 06 Jan 2026 08:00:30 GMT', undefined, null],
    ['negative', '-5', undefined, null],
    ['two values', '5, 10', undefined, null],
    ['words', 'soon', undefined, null],
  ])('retry-after, %s', (_, value, date, expected) => {
    const headers = { 'retry-after': value, ...(date === undefined ? {} : { date }) };
    expect(failureOf(protocol.decode(reply('', 429, headers), asked())).retryAfterMs).toBe(
      expected,
    );
  });
});
