import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../../src/encode.ts';
import type { HttpCall } from '../../src/protocols/protocol.ts';
import { streamedCall } from '../../src/settle/streamed-call.ts';
import { requestOf } from '../helpers/parse-text.ts';

const MESSAGES = [{ role: 'user', content: '写一部长篇' }];

const callOf = (line: unknown): HttpCall => encodeRequest(requestOf(line));

describe('streamedCall', () => {
  test('native: both headers, the body as it was', () => {
    const call = callOf({
      model: 'qwen-plus',
      input: { messages: MESSAGES },
      headers: { 'x-dashscope-datainspection': '{"input":"cip"}' },
    });
    expect(streamedCall(call)).toEqual({
      ...call,
      headers: { ...call.headers, 'x-dashscope-sse': 'enable', accept: 'text/event-stream' },
      stream: true,
    });
  });

  test('OpenAI-compatible: stream and its usage are added, values stay as written', () => {
    const line =
      '{"custom_id":"a","url":"/v1/chat/completions","body":{"model":"qwen-plus","messages":[{"role":"user","content":"\\u5199 \\ud83d\\ude00"}],"temperature":1.0e-1,"seed":12345678901}}';
    const call = callOf(line);
    const streamed = streamedCall(call);
    expect(streamed).toMatchObject({ stream: true, headers: call.headers, path: call.path });
    const body = streamed.body.toString();
    expect(body).toBe(
      call.body
        .toString()
        .replace(/\}$/, ',"stream":true,"stream_options":{"include_usage":true}}'),
    );
    expect(body).toContain('"temperature":1.0e-1');
  });

  test('OpenAI-compatible with stream_options: kept, the usage added', () => {
    const call = {
      ...callOf({ url: '/v1/chat/completions', body: { model: 'qwen-plus', messages: MESSAGES } }),
      body: Buffer.from('{"model":"qwen-plus","stream":false,"stream_options":{"x": 1.0}}'),
    };
    expect(streamedCall(call).body.toString()).toBe(
      '{"model":"qwen-plus","stream":true,"stream_options":{"x":1.0,"include_usage":true}}',
    );
  });

  test('a call that streams already: itself', () => {
    const call = callOf({ model: 'qwen-plus', messages: MESSAGES, enable_thinking: true });
    expect(streamedCall(call)).toBe(call);
  });
});
