import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ApiFailure } from '../../src/failure.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import { openai } from '../../src/protocols/openai.ts';
import type { Decoded, StreamFold } from '../../src/protocols/protocol.ts';
import { asked } from '../helpers/asked.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const REQUEST_ID = '5b1d8a40-3c1e-9f52-8d6a-2f6c0e7a9b11';
const HEAD = { statusCode: 200, headers: {} };

function fixture(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/streams/${name}`, import.meta.url));
}

function run(fold: StreamFold, ...chunks: readonly (Buffer | string)[]): Decoded {
  for (const chunk of chunks) fold.push(Buffer.from(chunk));
  return fold.end();
}

function bodyOf(decoded: Decoded): unknown {
  if (decoded.kind !== 'answer') throw new Error(`no answer: ${JSON.stringify(decoded)}`);
  return JSON.parse(decoded.body);
}

function failureOf(decoded: Decoded): ApiFailure {
  if (decoded.kind !== 'failure')
    throw new Error(`no failure: ${JSON.stringify(decoded).slice(0, 1000)}`);
  return decoded.failure;
}

const native = (name: string): Decoded => run(dashscope.fold(HEAD, asked()), fixture(name));
const compatible = (name: string, model = 'qwen-plus'): Decoded =>
  run(openai.fold(HEAD, asked({ model })), fixture(name));

/** Native frames of one choice with these contents, `stop` on the last. */
function frames(contents: readonly string[]): string {
  return contents
    .map((content, index) => {
      const last = index === contents.length - 1;
      const choice = {
        message: { role: 'assistant', content },
        finish_reason: last ? 'stop' : 'null',
      };
      return `id:${index + 1}\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify({ output: { choices: [choice] }, request_id: 'r' })}\n\n`;
    })
    .join('');
}

function chunks(contents: readonly string[]): string {
  return contents
    .map((content, index) => {
      const finish_reason = index === contents.length - 1 ? 'stop' : null;
      return `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason }] })}\n\n`;
    })
    .join('');
}

function nativeContent(contents: readonly string[], incremental: boolean | null): string {
  const body = bodyOf(run(dashscope.fold(HEAD, asked({ incremental })), frames(contents)));
  return (
    (body as { output: { choices: { message: { content: string } }[] } }).output.choices[0]?.message
      .content ?? ''
  );
}

function compatibleContent(contents: readonly string[], model: string): string {
  const body = bodyOf(run(openai.fold(HEAD, asked({ model })), chunks(contents)));
  return (
    (body as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? ''
  );
}

describe('dashscope.fold', () => {
  test('thinking: reasoning and content apart, the last usage, the unstreamed shape', () => {
    expect(bodyOf(native('dashscope-thinking.sse.txt'))).toEqual({
      output: {
        choices: [
          {
            finish_reason: 'stop',
            message: {
              role: 'assistant',
              content: '9.9 更大。😀',
              reasoning_content: '先比较两数',
            },
          },
        ],
      },
      usage: {
        total_tokens: 38,
        input_tokens: 18,
        output_tokens: 20,
        output_tokens_details: { reasoning_tokens: 6 },
      },
      request_id: REQUEST_ID,
    });
    expect(native('dashscope-thinking.sse.txt')).toMatchObject({
      statusCode: 200,
      requestId: REQUEST_ID,
      usage: { inputTokens: 18, outputTokens: 20, reasoningTokens: 6 },
    });
  });

  test('lost blank lines: the same text', () => {
    expect(bodyOf(native('dashscope-lost-blank-lines.sse.txt'))).toMatchObject({
      output: {
        choices: [{ message: { content: '9.9 更大。😀', reasoning_content: '先比较两数' } }],
      },
    });
  });

  test.each([null, false])(
    'whole text in every frame, incremental %s: replaced, not doubled',
    (incremental) => {
      const decoded = run(
        dashscope.fold(HEAD, asked({ incremental })),
        fixture('dashscope-whole-text.sse.txt'),
      );
      expect(bodyOf(decoded)).toMatchObject({
        output: {
          choices: [{ finish_reason: 'stop', message: { content: '春眠不觉晓，处处闻啼鸟。' } }],
        },
      });
    },
  );

  test('result_format text: output.text and its finish reason', () => {
    expect(bodyOf(native('dashscope-result-text.sse.txt'))).toEqual({
      output: { text: 'Hangzhou it is.', finish_reason: 'stop' },
      usage: { total_tokens: 13, input_tokens: 9, output_tokens: 4 },
      request_id: REQUEST_ID,
    });
  });

  test('parallel tool calls: assembled by index, id and name from the first fragment', () => {
    expect(bodyOf(native('dashscope-tools.sse.txt'))).toMatchObject({
      output: {
        choices: [
          {
            index: 0,
            finish_reason: 'tool_calls',
            message: {
              content: '',
              tool_calls: [
                {
                  index: 0,
                  id: 'call_a1',
                  type: 'function',
                  function: { name: 'get_weather', arguments: '{"city": "杭州"}' },
                },
                {
                  index: 1,
                  id: 'call_b2',
                  type: 'function',
                  function: { name: 'get_weather', arguments: '{"city": "上海"}' },
                },
              ],
            },
          },
        ],
      },
    });
  });

  test('multimodal content: deltas in one text part, what stands beside the text kept', () => {
    expect(bodyOf(native('dashscope-multimodal.sse.txt'))).toEqual({
      output: {
        choices: [
          {
            finish_reason: 'stop',
            message: {
              role: 'assistant',
              content: [{ image_hw: [[720, 1280]], text: '图中是一只猫。' }],
              reasoning_content: '看图',
            },
          },
        ],
      },
      usage: { input_tokens: 1280, output_tokens: 9, image_tokens: 1247 },
      request_id: REQUEST_ID,
    });
  });

  test('multimodal tool call without text: an empty array, as unstreamed', () => {
    const frame =
      '{"output":{"choices":[{"message":{"role":"assistant","content":[]},"finish_reason":"stop"}]}}';
    expect(
      bodyOf(run(dashscope.fold(HEAD, asked({ model: 'qwen3-vl-plus' })), `data:${frame}\n\n`)),
    ).toMatchObject({
      output: { choices: [{ message: { content: [] } }] },
    });
  });

  test('web search: search_info of the first frame kept, its empty usage overruled', () => {
    const decoded = native('dashscope-search.sse.txt');
    expect(bodyOf(decoded)).toMatchObject({
      output: {
        choices: [{ message: { content: 'Cloudy today.' } }],
        search_info: { search_results: [{ title: 'Hangzhou weather' }] },
      },
      usage: { input_tokens: 723, total_tokens: 727 },
    });
    expect(decoded).toMatchObject({
      usage: { inputTokens: 723, searchCount: 1, searchStrategy: 'turbo' },
    });
  });

  test('two choices in turns: each with its own text', () => {
    expect(bodyOf(native('dashscope-two-choices.sse.txt'))).toMatchObject({
      output: {
        choices: [
          { index: 0, finish_reason: 'stop', message: { content: '春风' } },
          { index: 1, finish_reason: 'stop', message: { content: '秋月' } },
        ],
      },
    });
  });

  test('one of two choices unfinished: truncated', () => {
    const text = fixture('dashscope-two-choices.sse.txt').toString('utf8');
    const cut = text.slice(0, text.indexOf('id:4'));
    expect(failureOf(run(dashscope.fold(HEAD, asked()), cut)).code).toBe('qbatch_truncated_stream');
  });

  test('a choice that was asked for and never began: truncated', () => {
    const bytes = fixture('dashscope-two-choices.sse.txt');
    expect(failureOf(run(dashscope.fold(HEAD, asked({ choices: 3 })), bytes))).toMatchObject({
      code: 'qbatch_truncated_stream',
      message: expect.stringContaining('2 of 3 choices'),
    });
    expect(run(dashscope.fold(HEAD, asked({ choices: 2 })), bytes).kind).toBe('answer');
  });

  test.each([
    ['frames of nobody', 'data: {"foo":1}\n\ndata: {"foo":2}\n\n', ': {"foo":1}'],
    [
      "another API's frames",
      'event: message_start\ndata: {"type":"message_start"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
      ': {"type":"message_start"}',
    ],
    ['nothing but [DONE]', 'data: [DONE]\n\n', 'none of them a part of an answer'],
  ])('%s: no answer that was cut, but none at all', (_what, text, told) => {
    for (const protocol of [dashscope, openai])
      expect(failureOf(run(protocol.fold(HEAD, asked()), text))).toMatchObject({
        code: 'qbatch_bad_response',
        message: expect.stringContaining(told),
        usage: null,
      });
  });

  test.each(['error', 'abort'])('a finish reason of %s: no whole answer', (reason) => {
    const frame = `data:{"output":{"choices":[{"message":{"content":"好"},"finish_reason":"${reason}"}]}}\n\n`;
    expect(failureOf(run(dashscope.fold(HEAD, asked()), frame)).code).toBe(
      'qbatch_truncated_stream',
    );
  });

  test('events of nothing between the frames: passed over', () => {
    const decoded = run(
      dashscope.fold(HEAD, asked()),
      'data:\n\n',
      frames(['春', '风']).replaceAll('\n\n', '\n\ndata: \n\ndata:{}\n\n'),
    );
    expect(bodyOf(decoded)).toMatchObject({
      output: { choices: [{ message: { content: '春风' } }] },
    });
  });

  test("an error in the view of the vendor's Python client, all else null: the service's failure", () => {
    const frame =
      '{"status_code":500,"code":"InternalError","message":"oops","output":{"text":null,"finish_reason":null,"choices":[]},"usage":null}';
    expect(
      failureOf(
        run(
          dashscope.fold(HEAD, asked()),
          frames(['好']).replace('stop', 'null'),
          `data:${frame}\n\n`,
        ),
      ),
    ).toMatchObject({
      kind: 'http',
      code: 'InternalError',
      message: 'oops',
    });
  });

  test('deep research: the answer phase is the answer, with its references', () => {
    const decoded = native('dashscope-deep-research.sse.txt');
    expect(bodyOf(decoded)).toMatchObject({
      output: {
        message: {
          role: 'assistant',
          phase: 'answer',
          status: 'finished',
          content: '结论：个性化学习有效[1]。',
          extra: { deep_research: { references: [{ index_number: 1, title: '报告' }] } },
        },
      },
      usage: { input_tokens: 652, output_tokens: 71 },
    });
    const text = fixture('dashscope-deep-research.sse.txt').toString('utf8');
    const cut = text.slice(0, text.indexOf('id:6'));
    expect(
      failureOf(run(dashscope.fold(HEAD, asked({ model: 'qwen-deep-research' })), cut)).code,
    ).toBe('qbatch_truncated_stream');
  });

  test('logprobs: elements appended, numbers as written', () => {
    const token = (text: string, value: string): string =>
      `{"token":"${text}","bytes":[1],"logprob":${value},"top_logprobs":[]}`;
    const frame = (text: string, value: string, reason: string): string =>
      `data:{"output":{"choices":[{"message":{"role":"assistant","content":"${text}"},"logprobs":{"content":[${token(text, value)}]},"finish_reason":"${reason}"}]}}\n\n`;
    const decoded = run(
      dashscope.fold(HEAD, asked()),
      frame('好', '-0.0', 'null'),
      frame('的', '-1.50e-05', 'stop'),
    );
    expect(decoded).toMatchObject({
      body: expect.stringContaining(
        `"logprobs":{"content":[${token('好', '-0.0')},${token('的', '-1.50e-05')}]}`,
      ),
    });
  });

  test.each([
    ['new pieces', 'of the new tokens', null],
    ['new pieces', 'of the new tokens', true],
    ['the text so far', 'of the new tokens', null],
    ['the text so far', 'of the new tokens', false],
    ['the text so far', 'of all tokens', null],
    ['the text so far', 'of all tokens', false],
  ] as const)(
    'content as %s, logprobs %s, asked %s: both whole',
    (content, logprobs, incremental) => {
      const tokens = ['好', '的', '，', '好', '的'];
      const entry = (token: string): object => ({ token, bytes: [1], logprob: -0.5 });
      const sofar = (at: number): readonly string[] => tokens.slice(0, at + 1);
      const texts = tokens.map((token, at) => {
        const text = content === 'new pieces' ? token : sofar(at).join('');
        const shown = logprobs === 'of all tokens' ? sofar(at) : [token];
        const message = { role: 'assistant', content: text };
        const choice = { message, logprobs: { content: shown.map(entry) }, finish_reason: 'null' };
        return `data:${JSON.stringify({ output: { choices: [choice] } })}\n\n`;
      });
      const last = content === 'new pieces' ? '' : tokens.join('');
      const end = { message: { role: 'assistant', content: last }, finish_reason: 'stop' };
      texts.push(`data:${JSON.stringify({ output: { choices: [end] } })}\n\n`);
      expect(bodyOf(run(dashscope.fold(HEAD, asked({ incremental })), ...texts))).toEqual({
        output: {
          choices: [
            {
              finish_reason: 'stop',
              logprobs: { content: tokens.map(entry) },
              message: { role: 'assistant', content: '好的，好的' },
            },
          ],
        },
      });
    },
  );

  test('usage and other values: raw text as the last frame wrote it', () => {
    const frame =
      '{"output":{"choices":[{"message":{"content":"好"},"finish_reason":"stop"}],"model_name":"qwen-mt"},"usage":{"output_tokens": 1, "input_tokens":2,"x":1.0,"y":12345678901234567890},"request_id":"r"}';
    const decoded = run(dashscope.fold(HEAD, asked()), `data:${frame}\n\n`);
    expect(decoded).toMatchObject({
      body: '{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"好"}}],"model_name":"qwen-mt"},"usage":{"output_tokens":1,"input_tokens":2,"x":1.0,"y":12345678901234567890},"request_id":"r"}',
    });
  });

  test('a character escaped in halves over two frames: whole again', () => {
    const frame = (half: string, reason: string): string =>
      `data:{"output":{"choices":[{"message":{"content":"${half}"},"finish_reason":"${reason}"}]}}\n\n`;
    expect(
      bodyOf(
        run(
          dashscope.fold(HEAD, asked({ incremental: true })),
          frame('\\ud83d', 'null'),
          frame('\\ude00', 'stop'),
        ),
      ),
    ).toMatchObject({ output: { choices: [{ message: { content: '😀' } }] } });
  });

  test("an error frame at once: the service's failure with the frame's status", () => {
    expect(failureOf(native('dashscope-error-first.sse.txt'))).toMatchObject({
      kind: 'http',
      statusCode: 400,
      code: 'InvalidParameter',
      message: 'Range of max_tokens should be [1, 8192]',
      requestId: REQUEST_ID,
      usage: null,
    });
  });

  test('an error frame midway: a failure with the usage so far, and push wants no more', () => {
    const fold = dashscope.fold(HEAD, asked());
    expect(fold.push(fixture('dashscope-error-midway.sse.txt'))).toBe(false);
    expect(fold.push(Buffer.from(frames(['好'])))).toBe(false);
    expect(fold.usageSoFar()).toMatchObject({ inputTokens: 30, outputTokens: 4 });
    expect(failureOf(fold.end())).toMatchObject({
      kind: 'http',
      statusCode: 400,
      code: 'DataInspectionFailed',
      usage: { inputTokens: 30, outputTokens: 4 },
    });
  });

  test('cut anywhere before the last frame: never an answer', () => {
    const bytes = fixture('dashscope-thinking.sse.txt');
    const lastFrame = bytes.indexOf('id:6');
    for (let at = 0; at <= lastFrame; at += 1) {
      const decoded = run(dashscope.fold(HEAD, asked()), bytes.subarray(0, at));
      expect(decoded.kind, `cut at byte ${at}`).toBe('failure');
    }
    const failure = failureOf(run(dashscope.fold(HEAD, asked()), bytes.subarray(0, lastFrame)));
    expect(failure).toMatchObject({
      kind: 'bad-response',
      code: 'qbatch_truncated_stream',
      requestId: REQUEST_ID,
      usage: { outputTokens: 17 },
      body: null,
    });
  });

  test('a frame that is not JSON, or not UTF-8: qbatch_bad_response', () => {
    const start = frames(['春', '风']).slice(0, -1);
    expect(failureOf(run(dashscope.fold(HEAD, asked()), 'data:{"output":\n\n', start)).code).toBe(
      'qbatch_bad_response',
    );
    const torn = Buffer.concat([
      Buffer.from(frames(['春'])),
      Buffer.from([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a]),
    ]);
    expect(failureOf(run(dashscope.fold(HEAD, asked()), torn)).message).toContain('UTF-8');
  });

  test('a body without a single event: judged as the unstreamed reply it is', () => {
    const fold = dashscope.fold(HEAD, asked());
    expect(bodyOf(run(fold, '{"output":{"text":"好",', '"finish_reason":"stop"}}'))).toMatchObject({
      output: { text: '好' },
    });
    expect(failureOf(run(dashscope.fold(HEAD, asked()), '')).code).toBe('qbatch_bad_response');
    expect(failureOf(run(dashscope.fold(HEAD, asked()), '<html>')).message).toBe('<html>');
    expect(
      failureOf(run(dashscope.fold(HEAD, asked()), '{"code":"Throttling","message":"x"}')).code,
    ).toBe('Throttling');
  });

  test('an HTTP error with an event stream: the status is an error whatever comes', () => {
    const fold = dashscope.fold({ statusCode: 503, headers: {} }, asked());
    expect(failureOf(run(fold, frames(['好']))).statusCode).toBe(503);
  });

  test('x-dashscope-partialresponse over a stream: no answer', () => {
    const head = { statusCode: 200, headers: { 'x-dashscope-partialresponse': 'true' } };
    expect(failureOf(run(dashscope.fold(head, asked()), frames(['好']))).code).toBe(
      'qbatch_partial_response',
    );
  });

  test('compatible chunks on the native path (a gateway): folded in their own shape', () => {
    expect(
      bodyOf(run(dashscope.fold(HEAD, asked()), fixture('openai-chat.sse.txt'))),
    ).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: '我是千问。🎉' } }],
    });
  });
});

describe('whole texts or pieces', () => {
  const word = fc.constantFrom('好', '好好', '1', '12', ' ', '\n\n', '杭州', 'the ', '"', '😀', '');

  test('pieces declared as pieces: always appended', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (pieces) => {
        expect(nativeContent(pieces, true)).toBe(pieces.join(''));
      }),
    );
  });

  test('whole texts, declared or found out: never doubled', () => {
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1 }),
        fc.constantFrom(false, null),
        (pieces, incremental) => {
          const whole = pieces.map((_, index) => pieces.slice(0, index + 1).join(''));
          expect(nativeContent(whole, incremental)).toBe(pieces.join(''));
        },
      ),
    );
  });

  test('pieces not declared, one of them not continuing the one before: found out and appended', () => {
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (before, after) => {
        const pieces = [...before, '西湖', '在哪', ...after];
        expect(nativeContent(pieces, null)).toBe(pieces.join(''));
      }),
    );
  });

  test('pieces not declared that look like whole texts, ended by an empty one: appended', () => {
    expect(nativeContent(['1', '12', ''], null)).toBe('112');
  });

  test('declared as whole, but sent in pieces: nothing is lost', () => {
    expect(nativeContent(['The West', ' Lake', ' is in Hangzhou', '.'], false)).toBe(
      'The West Lake is in Hangzhou.',
    );
  });

  test('qwen-mt-plus: a translation revised on the way is replaced', () => {
    expect(
      compatibleContent(
        ['', 'I', 'I did', 'I have not laughed', 'I have not laughed.', ''],
        'qwen-mt-plus',
      ),
    ).toBe('I have not laughed.');
  });

  test('compatible deltas that look like whole texts: appended all the same', () => {
    expect(compatibleContent(['哈', '哈哈', '哈哈哈'], 'qwen-plus')).toBe('哈哈哈哈哈哈');
  });
});

describe('openai.fold', () => {
  test('a chat with usage: the unstreamed shape', () => {
    expect(bodyOf(compatible('openai-chat.sse.txt'))).toEqual({
      id: 'chatcmpl-9d04',
      object: 'chat.completion',
      created: 1767681000,
      model: 'qwen-plus',
      choices: [
        {
          index: 0,
          finish_reason: 'stop',
          logprobs: null,
          message: { role: 'assistant', content: '我是千问。🎉', reasoning_content: '用户问好' },
        },
      ],
      usage: {
        prompt_tokens: 22,
        completion_tokens: 17,
        total_tokens: 39,
        completion_tokens_details: { reasoning_tokens: 5 },
        prompt_tokens_details: { cached_tokens: 0 },
      },
      system_fingerprint: null,
    });
    expect(compatible('openai-chat.sse.txt')).toMatchObject({
      usage: { inputTokens: 22, reasoningTokens: 5 },
    });
  });

  test('a tool call: assembled', () => {
    expect(bodyOf(compatible('openai-tools.sse.txt'))).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: {
            tool_calls: [
              {
                index: 0,
                id: 'call_5e',
                type: 'function',
                function: { name: 'get_weather', arguments: '{"city": "Paris"}' },
              },
            ],
          },
        },
      ],
    });
  });

  test('fragments of tool calls without an index: told apart by their ids', () => {
    const chunk = (calls: readonly object[], reason: string | null = null): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: calls }, finish_reason: reason }] })}\n\n`;
    const decoded = run(
      openai.fold(HEAD, asked()),
      chunk([{ id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"a"' } }]),
      chunk([{ function: { arguments: ':1}' } }]),
      chunk([{ id: 'call_b', type: 'function', function: { name: 'g', arguments: '{"b"' } }]),
      chunk([{ id: '', function: { arguments: ':2' } }]),
      chunk([{ id: 'call_b', function: { arguments: '}' } }], 'tool_calls'),
    );
    expect(bodyOf(decoded)).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              { id: 'call_a', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'call_b', function: { name: 'g', arguments: '{"b":2}' } },
            ],
          },
        },
      ],
    });
  });

  test('tool calls that all have one index: another id and name begin another call', () => {
    const chunk = (call: object, reason: string | null = null): string =>
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] }, finish_reason: reason }] })}\n\n`;
    const decoded = run(
      openai.fold(HEAD, asked()),
      chunk({ id: 'call_a', type: 'function', function: { name: 'f', arguments: '{"a"' } }),
      // Made up for each fragment: no other call.
      chunk({ id: 'call_x', function: { name: null, arguments: ':' } }),
      chunk({ id: 'call_y', function: { name: 'f', arguments: '1}' } }),
      chunk({ id: 'call_z', function: { name: 'f', arguments: '' } }),
      chunk({ id: 'call_b', type: 'function', function: { name: 'f', arguments: '{"b"' } }),
      chunk({ function: { arguments: ':2' } }),
      chunk({ id: 'call_b', function: { name: 'f', arguments: '}' } }),
      chunk(
        { id: 'call_c', type: 'function', function: { name: 'g', arguments: '{}' } },
        'tool_calls',
      ),
    );
    expect(bodyOf(decoded)).toMatchObject({
      choices: [
        {
          message: {
            tool_calls: [
              { id: 'call_a', function: { name: 'f', arguments: '{"a":1}' } },
              { id: 'call_b', function: { name: 'f', arguments: '{"b":2}' } },
              { id: 'call_c', function: { name: 'g', arguments: '{}' } },
            ],
          },
        },
      ],
    });
  });

  test('fewer choices than asked for, said to be all: an answer', () => {
    const text = `${chunks(['好'])}data: [DONE]\n\n`;
    expect(run(openai.fold(HEAD, asked({ choices: 2 })), text).kind).toBe('answer');
    expect(run(openai.fold(HEAD, asked({ choices: 2 })), chunks(['好']))).toMatchObject({
      failure: { code: 'qbatch_truncated_stream' },
    });
  });

  test('qwen-mt-plus: the text is not doubled', () => {
    expect(bodyOf(compatible('openai-whole-text.sse.txt', 'qwen-mt-plus'))).toMatchObject({
      choices: [{ message: { content: "I didn't laugh." } }],
      usage: { total_tokens: 62 },
    });
  });

  test('sound: data and transcript joined, id and expiry kept', () => {
    const chunk = (delta: string, reason: string): string =>
      `data: {"id":"c","choices":[{"index":0,"delta":${delta},"finish_reason":${reason}}]}\n\n`;
    const decoded = run(
      openai.fold(HEAD, asked({ model: 'qwen3-omni-flash' })),
      chunk('{"role":"assistant","content":null,"audio":{"transcript":"你"}}', 'null'),
      chunk('{"audio":{"transcript":"好"}}', 'null'),
      chunk('{"audio":{"data":"UklG","id":"audio_1"}}', 'null'),
      chunk('{"audio":{"data":"RiQA","expires_at":1767690000}}', 'null'),
      chunk('{}', '"stop"'),
    );
    expect(bodyOf(decoded)).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            audio: { id: 'audio_1', expires_at: 1767690000, transcript: '你好', data: 'UklGRiQA' },
          },
        },
      ],
    });
  });

  test("an error chunk midway: the service's failure", () => {
    expect(failureOf(compatible('openai-error-midway.sse.txt'))).toMatchObject({
      kind: 'http',
      statusCode: 200,
      code: 'data_inspection_failed',
      requestId: REQUEST_ID,
    });
  });

  test('no finish reason: truncated, with [DONE] and without', () => {
    expect(failureOf(compatible('openai-cut.sse.txt')).code).toBe('qbatch_truncated_stream');
    const done = Buffer.concat([fixture('openai-cut.sse.txt'), Buffer.from('data: [DONE]\n\n')]);
    expect(failureOf(run(openai.fold(HEAD, asked()), done)).code).toBe('qbatch_truncated_stream');
  });

  test('torn inside the usage chunk: truncated, though the text was whole', () => {
    const text = fixture('openai-chat.sse.txt').toString('utf8');
    const cut = text.slice(0, text.indexOf('"prompt_tokens":22'));
    expect(failureOf(run(openai.fold(HEAD, asked()), cut)).code).toBe('qbatch_truncated_stream');
  });

  test('chunks that lost their blank lines: folded', () => {
    const text = fixture('openai-chat.sse.txt').toString('utf8').replaceAll('\n\n', '\n');
    expect(bodyOf(run(openai.fold(HEAD, asked()), text))).toMatchObject({
      choices: [{ message: { content: '我是千问。🎉' } }],
      usage: { total_tokens: 39 },
    });
  });

  test('the request id: from the header where no chunk has one', () => {
    const head = { statusCode: 200, headers: { 'x-request-id': 'from-the-header' } };
    expect(run(openai.fold(head, asked()), fixture('openai-chat.sse.txt'))).toMatchObject({
      requestId: 'from-the-header',
    });
  });
});

describe('isWhole', () => {
  const native = { end: '"usage":{"input_tokens":9,"output_tokens":2}', model: 'qwen-plus' };
  const nativeFrame = (reasons: readonly (string | null)[], more = native.end): string => {
    const choices = reasons.flatMap((reason, index) =>
      reason === null ? [] : [{ message: { content: '好' }, index, finish_reason: reason }],
    );
    const output = JSON.stringify({ choices });
    return `data:{"output":${output}${more === '' ? '' : `,${more}`}}\n\n`;
  };
  const isWhole = (fold: StreamFold, ...pieces: readonly string[]): boolean => {
    for (const piece of pieces) fold.push(Buffer.from(piece));
    return fold.isWhole();
  };
  const usageChunk =
    'data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"total_tokens":11}}\n\n';
  const counted = chunks(['好']).replace('"id":"c"', '"id":"c","usage":{"total_tokens":11}');

  test.each<[string, boolean, string[], number]>([
    ['the finish reason with the usage', true, [nativeFrame(['null']), nativeFrame(['stop'])], 1],
    ['no usage', false, [nativeFrame(['null']), nativeFrame(['stop'], '')], 1],
    ['an empty usage', false, [nativeFrame(['stop'], '"usage":{}')], 1],
    ['no finish reason', false, [nativeFrame(['null'])], 1],
    ['a finish reason of error', false, [nativeFrame(['error'])], 1],
    ['both choices', true, [nativeFrame(['stop']), nativeFrame([null, 'stop'])], 2],
    ['one of two choices', false, [nativeFrame(['stop', 'null'])], 2],
    ['one choice where two were asked for', false, [nativeFrame(['stop'])], 2],
    [
      'text again after the finish reason',
      false,
      [nativeFrame(['stop']), nativeFrame(['null'])],
      1,
    ],
    [
      'usage in a frame after it',
      false,
      [nativeFrame(['stop'], ''), `data:{${native.end}}\n\n`],
      1,
    ],
    ['a whole event of nothing after it', true, [nativeFrame(['stop']), ': wait\n\ndata:\n\n'], 1],
    ['the beginning of an event after it', false, [nativeFrame(['stop']), 'id:3\n'], 1],
    [
      'the beginning of an event after it, no blank line between',
      false,
      [nativeFrame(['stop']).slice(0, -1), 'id:3\n'],
      1,
    ],
    ['an event that has not ended', false, [nativeFrame(['stop']).slice(0, -1)], 1],
    ['an error after it', false, [nativeFrame(['stop']), 'data:{"code":"X","message":"y"}\n\n'], 1],
    [
      'the whole of a text',
      true,
      [`data:{"output":{"text":"好","finish_reason":"stop"},${native.end}}\n\n`],
      1,
    ],
    [
      'a text that goes on',
      false,
      [`data:{"output":{"text":"好","finish_reason":"null"},${native.end}}\n\n`],
      1,
    ],
  ])('native, %s: %s', (_name, expected, pieces, choices) => {
    expect(isWhole(dashscope.fold(HEAD, asked({ choices })), ...pieces)).toBe(expected);
  });

  test.each<[string, boolean, string[]]>([
    ['the usage after the finish reason', true, [chunks(['好']), usageChunk]],
    ['no usage', false, [chunks(['好'])]],
    ['the usage beside the finish reason alone', false, [counted]],
    ['the usage before the finish reason', false, [usageChunk, chunks(['好'])]],
    ['no finish reason', false, [chunks(['好', '的']).replace('"stop"', 'null'), usageChunk]],
    ['[DONE] without usage', true, [chunks(['好']), 'data: [DONE]\n\n']],
    ['[DONE], then half a frame', true, [chunks(['好']), 'data: [DONE]\n\n', 'data: {"er']],
    ['[DONE] without a finish reason', false, [usageChunk, 'data: [DONE]\n\n']],
    ['a [DONE] that is not whole', false, [chunks(['好']), 'data: [DONE']],
  ])('OpenAI-compatible, %s: %s', (_name, expected, pieces) => {
    expect(isWhole(openai.fold(HEAD, asked()), ...pieces)).toBe(expected);
  });

  test('deep research that says finished: only the end of the stream confirms it', () => {
    const fold = dashscope.fold(HEAD, asked({ model: 'qwen-deep-research' }));
    expect(isWhole(fold, fixture('dashscope-deep-research.sse.txt').toString('utf8'))).toBe(false);
    expect(fold.end().kind).toBe('answer');
  });

  test('[DONE]: nothing more is wanted, and nothing after it is looked at', () => {
    const fold = openai.fold(HEAD, asked());
    const done = Buffer.from(`${chunks(['好'])}data: [DONE]\n\n`);
    expect(fold.push(Buffer.concat([done, Buffer.from([0xff, 0x0a, 0x0a])]))).toBe(false);
    expect(fold.push(Buffer.from('data: {"error":{"code":"X"}}\n\n'))).toBe(false);
    expect(fold.end().kind).toBe('answer');
  });

  const closed = ['thinking', 'tools', 'multimodal', 'search', 'two-choices', 'whole-text'];

  test.each([
    ...closed.map((name) => `dashscope-${name}.sse.txt`),
    'openai-chat.sse.txt',
    'openai-tools.sse.txt',
    'openai-whole-text.sse.txt',
  ])('%s, cut at every byte: where it is whole, the answer is that of the whole stream', (name) => {
    const bytes = fixture(name);
    const protocol = name.startsWith('openai') ? openai : dashscope;
    const known = asked({ choices: name.includes('two-choices') ? 2 : 1 });
    const whole = run(protocol.fold(HEAD, known), bytes);
    let seen = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const fold = protocol.fold(HEAD, known);
      fold.push(bytes.subarray(0, at));
      if (!fold.isWhole()) continue;
      seen += 1;
      expect(fold.end(), `cut at byte ${at}`).toEqual(whole);
    }
    const last = protocol.fold(HEAD, known);
    last.push(Buffer.concat([bytes, Buffer.from('\n')]));
    expect(last.isWhole()).toBe(true);
    expect(seen).toBeLessThan(20);
  });
});

/** 1,000 characters each; the second ones take two bytes, the third ones are split inside a character. */
const LONG_PIECES: readonly string[] = Array.from({ length: 100 }, (_, nth) => [
  `${nth}${'x'.repeat(1000)}`,
  `${nth}${'好'.repeat(1000)}`,
  `${'é'.repeat(999)}\ud83d`,
  `\ude00${'y'.repeat(999)}`,
]).flat();

describe('long texts', () => {
  test('in pieces: every character, in both protocols', () => {
    const whole = LONG_PIECES.join('');
    expect(nativeContent(LONG_PIECES, true)).toBe(whole);
    expect(nativeContent(LONG_PIECES, null)).toBe(whole);
    expect(compatibleContent(LONG_PIECES, 'qwen-plus')).toBe(whole);
  });

  test('arguments of a tool: every character, and a call after them is not taken for another', () => {
    const text = JSON.stringify({ text: 'z'.repeat(200_000) });
    const fold = openai.fold(HEAD, asked());
    const call = (id: string, piece: string) => ({
      tool_calls: [{ index: 0, id, function: { name: 'f', arguments: piece } }],
    });
    for (const delta of [call('a', text.slice(0, 150_000)), call('b', text.slice(150_000))])
      fold.push(Buffer.from(`data:${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`));
    const end = '{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}';
    expect(bodyOf(run(fold, `data:${end}\n\ndata:[DONE]\n\n`))).toMatchObject({
      choices: [{ message: { tool_calls: [{ id: 'a', function: { arguments: text } }] } }],
    });
  });

  const many = (pieces: number): { fold: StreamFold; last: (content: string) => Decoded } => {
    const fold = dashscope.fold(HEAD, asked({ incremental: null }));
    const choice = (content: string, reason: string): Buffer =>
      Buffer.from(
        `data:${JSON.stringify({ output: { choices: [{ message: { reasoning_content: content, content }, finish_reason: reason }] } })}\n\n`,
      );
    const piece = choice('x'.repeat(1024 * 1024), 'null');
    for (let nth = 0; nth < pieces; nth += 1) fold.push(piece);
    return { fold, last: (content) => run(fold, choice(content, 'stop')) };
  };

  test('the same text 40 times that turns out to be pieces of 1 MiB in two texts: no answer, in bounded memory', () => {
    const { fold, last } = many(40);
    expect(failureOf(last('y'))).toMatchObject({
      code: 'qbatch_bad_response',
      message: expect.stringContaining('add up to more than 67108864 characters') as unknown,
    });
    expect(fold.heldBytes()).toBeLessThan(64 * 1024 * 1024);
  });

  test('the same text so many times, which stays the whole: the answer', () => {
    const text = 'x'.repeat(1024 * 1024);
    expect(bodyOf(many(70).last(`${text}y`))).toMatchObject({
      output: { choices: [{ message: { content: `${text}y`, reasoning_content: `${text}y` } }] },
    });
  });
});

describe('heldBytes', () => {
  const heap = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };

  test('a long text in pieces: counted, and held outside the heap, which would grow to double of it', () => {
    const before = heap();
    const fold = dashscope.fold(HEAD, asked({ incremental: true }));
    const piece = Buffer.from(frames(['x'.repeat(1024 * 1024), '']).split('id:2')[0] ?? '');
    for (let nth = 0; nth < 40; nth += 1) fold.push(piece);
    expect(fold.heldBytes()).toBeGreaterThan(40 * 1024 * 1024);
    expect(fold.heldBytes()).toBeLessThan(41 * 1024 * 1024);
    expect(heap() - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('what the answer takes, whole or in pieces, and what has not ended; not the frames', () => {
    const text = '好'.repeat(50_000);
    const fold = dashscope.fold(HEAD, asked({ incremental: false }));
    for (let length = 1000; length <= text.length; length += 1000)
      fold.push(Buffer.from(frames([text.slice(0, length), '']).split('id:2')[0] ?? ''));
    // Two bytes each.
    expect(fold.heldBytes()).toBeGreaterThan(100_000);
    expect(fold.heldBytes()).toBeLessThan(110_000);
    fold.push(Buffer.from(`data:"${'x'.repeat(100_000)}`));
    expect(fold.heldBytes()).toBeGreaterThan(200_000);
  });

  test('a text of tens of thousands of pieces: it takes what is counted, not its pieces', () => {
    const folds = Array.from({ length: 5 }, () => openai.fold(HEAD, asked({ incremental: true })));
    const pieces = Buffer.from(chunks(['w', 'x']));
    const before = heap();
    for (const fold of folds) {
      for (let nth = 0; nth < 20_000; nth += 1) fold.push(pieces);
      fold.heldBytes();
    }
    // As ropes: 5 times 40,000 pieces of 33 bytes, 6.6 MB.
    expect(heap() - before).toBeLessThan(2_500_000);
    expect(folds[0]?.heldBytes()).toBeGreaterThan(40_000);
  });

  test.each<[string, (nth: number, filler: string) => object]>([
    [
      'members',
      (nth, filler) => ({
        output: { choices: [], filler },
        [`a_long_name_of_${nth}`]: filler.slice(0, 40),
      }),
    ],
    [
      'finish reasons',
      (nth, filler) => ({
        filler,
        choices: [{ index: nth, finish_reason: 'a long reason of none' }],
      }),
    ],
    [
      'tool calls',
      (nth, filler) => ({
        filler,
        choices: [
          { index: 0, delta: { tool_calls: [{ index: nth, id: `call_of_a_long_id_${nth}` }] } },
        ],
      }),
    ],
    [
      'parts',
      (nth, filler) => ({
        filler,
        output: {
          choices: [{ message: { content: [{ image: `https://a/long/address/${nth}` }] } }],
        },
      }),
    ],
    [
      'texts',
      (nth, filler) => ({ filler, choices: [{ index: nth, delta: { reasoning_content: 'so' } }] }),
    ],
  ])('%s of many frames: the frames themselves are let go', (_name, frameOf) => {
    const fold = dashscope.fold(HEAD, asked());
    const filler = 'y'.repeat(1024 * 1024);
    const before = heap();
    for (let nth = 0; nth < 40; nth += 1)
      fold.push(Buffer.from(`data:${JSON.stringify(frameOf(nth, filler))}\n\n`));
    expect(heap() - before).toBeLessThan(8 * 1024 * 1024);
    expect(fold.heldBytes()).toBeLessThan(8 * 1024 * 1024);
  });
});

describe('splitting', () => {
  const names = [
    'dashscope-thinking.sse.txt',
    'dashscope-tools.sse.txt',
    'dashscope-multimodal.sse.txt',
    'dashscope-error-midway.sse.txt',
    'openai-chat.sse.txt',
    'openai-error-midway.sse.txt',
  ];

  test.each(names)('%s: cut in two at every byte, the fold is the same', (name) => {
    const bytes = fixture(name);
    const fold = (): StreamFold =>
      (name.startsWith('openai') ? openai : dashscope).fold(HEAD, asked());
    const whole = run(fold(), bytes);
    for (let at = 1; at < bytes.length; at += 1) {
      expect(run(fold(), bytes.subarray(0, at), bytes.subarray(at)), `cut at byte ${at}`).toEqual(
        whole,
      );
    }
    expect(run(fold(), ...[...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });
});
