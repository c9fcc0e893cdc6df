import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeRequest } from '../src/encode.ts';
import { scanObject } from '../src/json/json-scan.ts';
import { nothingSeen, planLine } from '../src/plan.ts';
import { createPricing } from '../src/pricing.ts';
import { callOf, defaultsOf, requestOf } from './helpers/parse-text.ts';

const MESSAGES = [{ role: 'user', content: '给这条评论分类' }];
const CHAT = '/v1/chat/completions';
const STREAM_HEADERS = { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' };

const bodyOf = (...args: Parameters<typeof callOf>): unknown => JSON.parse(callOf(...args).body);

/** Raw text of each member of an object text. */
function rawMembers(text: string): Map<string, string> {
  return new Map(
    scanObject(text).members.map(({ key, valueStart, valueEnd }) => [
      key,
      text.slice(valueStart, valueEnd),
    ]),
  );
}

describe('encodeRequest: native', () => {
  test('a native line: sent as it stands', () => {
    const call = callOf({
      custom_id: 'a',
      model: 'qwen-plus',
      input: { messages: MESSAGES },
      parameters: { top_p: 0.5, result_format: 'message' },
      metadata: { team: '客服' },
    });
    expect(call).toMatchObject({
      protocol: 'dashscope',
      path: '/services/aigc/text-generation/generation',
      headers: {},
      stream: false,
    });
    expect(JSON.parse(call.body)).toEqual({
      model: 'qwen-plus',
      input: { messages: MESSAGES },
      parameters: { top_p: 0.5, result_format: 'message' },
    });
  });

  test('without parameters: none are made up', () => {
    expect(bodyOf({ model: 'qwen-plus', input: { prompt: '你好' } })).toEqual({
      model: 'qwen-plus',
      input: { prompt: '你好' },
    });
  });

  test('a flat line: folded into input and parameters', () => {
    expect(
      bodyOf({
        custom_id: 'a',
        model: 'qwen-plus',
        messages: MESSAGES,
        top_p: 0.5,
        metadata: { a: 'b' },
      }),
    ).toEqual({ model: 'qwen-plus', input: { messages: MESSAGES }, parameters: { top_p: 0.5 } });
  });

  test('a prompt line with --model and --system', () => {
    expect(bodyOf({ prompt: '你"好"' }, { model: 'qwen-plus', system: '你是\n客服。' })).toEqual({
      model: 'qwen-plus',
      input: {
        messages: [
          { role: 'system', content: '你是\n客服。' },
          { role: 'user', content: '你"好"' },
        ],
      },
    });
  });

  test("--set: added as raw text, the line's own value wins", () => {
    const set = new Map([
      ['temperature', '0.70'],
      ['top_p', '0.5'],
    ]);
    const call = callOf({ model: 'qwen-plus', messages: MESSAGES, top_p: 0.25 }, { set });
    expect(rawMembers(rawMembers(call.body).get('parameters') ?? '')).toEqual(
      new Map([
        ['top_p', '0.25'],
        ['temperature', '0.70'],
      ]),
    );
  });

  test('a multimodal model: string contents of flat and prompt lines are wrapped, those of native lines are not', () => {
    const wrapped = {
      model: 'qwen-vl-max',
      input: { messages: [{ role: 'user', content: [{ text: '图里有什么' }] }] },
    };
    expect(
      bodyOf({ model: 'qwen-vl-max', messages: [{ role: 'user', content: '图里有什么' }] }),
    ).toEqual(wrapped);
    expect(bodyOf({ model: 'qwen-vl-max', prompt: '图里有什么' })).toEqual(wrapped);
    expect(callOf({ model: 'qwen-vl-max', prompt: '图里有什么' }).path).toBe(
      '/services/aigc/multimodal-generation/generation',
    );
    const native = {
      model: 'qwen-vl-max',
      input: {
        messages: [
          {
            role: 'user',
            content: [{ image: 'https://example.com/a.png' }, { text: '图里有什么' }],
          },
        ],
      },
    };
    expect(bodyOf(native)).toEqual(native);
  });

  test('wrapping touches only contents that are strings, of any message, and the system prompt too', () => {
    const messages =
      '[ {"role":"user","content":"a{\\"}[b"} ,{"content":[{"text":"c"}],"role":"assistant"},{"role":"user","name":"{","content":"d"}]';
    const call = callOf(`{"model":"qwen-vl-max","messages":${messages}}`, { system: '看图' });
    expect((JSON.parse(call.body) as { input: { messages: unknown } }).input.messages).toEqual([
      { role: 'system', content: [{ text: '看图' }] },
      { role: 'user', content: [{ text: 'a{"}[b' }] },
      { content: [{ text: 'c' }], role: 'assistant' },
      { role: 'user', name: '{', content: [{ text: 'd' }] },
    ]);
  });

  test('the system prompt of a native line to a multimodal model is a list of parts, the line itself as written', () => {
    const input = { messages: [{ role: 'user', content: [{ text: '图里有什么' }] }] };
    const sent = {
      model: 'qwen-vl-max',
      input: { messages: [{ role: 'system', content: [{ text: '看图' }] }, ...input.messages] },
    };
    expect(bodyOf({ model: 'qwen-vl-max', input }, { system: '看图' })).toEqual(sent);
    const url = '/api/v1/services/aigc/multimodal-generation/generation';
    const body = { model: 'qwen-vl-max', input };
    expect(bodyOf({ method: 'POST', url, body }, { system: '看图' })).toEqual(sent);
    const text = { messages: MESSAGES };
    expect(bodyOf({ model: 'qwen-plus', input: text }, { system: '看图' })).toEqual({
      model: 'qwen-plus',
      input: { messages: [{ role: 'system', content: '看图' }, ...MESSAGES] },
    });
  });

  test.each([
    [
      'the header',
      {
        model: 'qwen-plus',
        input: { messages: MESSAGES },
        headers: { 'X-DashScope-SSE': 'enable' },
      },
    ],
    [
      'parameters.stream',
      { model: 'qwen-plus', input: { messages: MESSAGES }, parameters: { stream: true } },
    ],
    ['stream of a flat line', { model: 'qwen-plus', messages: MESSAGES, stream: true }],
  ])(
    'a stream asked for by %s: both headers, the parameter is not sent, nothing else is added',
    (_name, line) => {
      const call = callOf(line);
      expect(call.stream).toBe(true);
      expect(call.headers).toEqual(STREAM_HEADERS);
      const { parameters } = JSON.parse(call.body) as { parameters?: Record<string, unknown> };
      expect(parameters ?? {}).toEqual({});
    },
  );

  test('stream: false: no stream, no parameter', () => {
    const call = callOf({ model: 'qwen-plus', messages: MESSAGES, stream: false });
    expect(call).toMatchObject({ stream: false, headers: {} });
    expect(call.body).not.toContain('stream');
  });

  test('thinking on: a stream, incremental_output and result_format where they are unset', () => {
    const call = callOf({ model: 'qwen-plus', messages: MESSAGES, enable_thinking: true });
    expect(call).toMatchObject({ stream: true, headers: STREAM_HEADERS });
    expect(JSON.parse(call.body)).toMatchObject({
      parameters: { enable_thinking: true, incremental_output: true, result_format: 'message' },
    });
    const said = callOf({
      model: 'qwen-plus',
      messages: MESSAGES,
      enable_thinking: true,
      incremental_output: true,
      result_format: 'message',
    });
    expect(Object.keys((JSON.parse(said.body) as { parameters: object }).parameters)).toEqual([
      'enable_thinking',
      'incremental_output',
      'result_format',
    ]);
  });

  test('thinking on and a stream refused, by a model that thinks without one: no stream', () => {
    const native = { model: 'qwen-plus', messages: MESSAGES, enable_thinking: true };
    const refused = callOf({ ...native, stream: false });
    expect(refused).toMatchObject({ stream: false, headers: {} });
    const { body } = callOf({ url: CHAT, body: { ...native, stream: false } });
    expect(JSON.parse(body)).toEqual({ ...native, stream: false });
    const byHeader = callOf({ ...native, headers: { 'X-DashScope-SSE': 'disable' } });
    expect(byHeader).toMatchObject({ stream: false, headers: { 'x-dashscope-sse': 'disable' } });
  });

  test('natively a header that asks for a stream decides, whatever stream says', () => {
    const headers = { 'X-DashScope-SSE': 'enable' };
    const line = {
      model: 'qwen-plus',
      input: { messages: MESSAGES },
      parameters: { stream: false },
    };
    expect(callOf({ ...line, headers })).toMatchObject({
      stream: true,
      headers: { 'x-dashscope-sse': 'enable' },
    });
    const thinks = { ...line, model: 'qwen3-32b', headers };
    const parameters = { stream: false, enable_thinking: true };
    expect(callOf({ ...thinks, parameters })).toMatchObject({ stream: true });
  });

  test('empty parameters of a native line: sent, for some models refuse a request without', () => {
    const line = { model: 'qwen-plus', input: { messages: MESSAGES }, parameters: {} };
    expect(bodyOf(line)).toEqual(line);
    expect(bodyOf({ ...line, parameters: { stream: false } })).toEqual(line);
  });

  test('thinking off or unset on a model that does not think by itself: nothing is added', () => {
    expect(
      callOf({ model: 'qwen-plus', messages: MESSAGES, enable_thinking: false }),
    ).toMatchObject({ stream: false });
    expect(callOf({ model: 'qwen-plus', messages: MESSAGES }).body).not.toContain('parameters');
  });

  test('a model that only streams: both headers', () => {
    expect(callOf({ model: 'qwq-plus', messages: MESSAGES })).toMatchObject({
      stream: true,
      headers: STREAM_HEADERS,
    });
  });

  test('thinking on, and the line refuses a stream: sent as the line says', () => {
    const call = callOf({
      model: 'deepseek-v4-pro',
      input: { messages: MESSAGES },
      parameters: { enable_thinking: true, incremental_output: false, stream: false },
    });
    expect(call).toMatchObject({ stream: false, headers: {} });
    expect(JSON.parse(call.body)).toMatchObject({
      parameters: { enable_thinking: true, incremental_output: false, result_format: 'message' },
    });
  });

  test('thinking on, and another vendor’s line wants no pieces: no stream, which would refuse it', () => {
    const body = (model: string, more: object = {}): object => ({
      model,
      input: { messages: MESSAGES },
      parameters: { enable_thinking: true, incremental_output: false, ...more },
    });
    // Recorded (013): answered like this, with max_completion_tokens 20.
    const recorded = callOf(body('deepseek-v4-pro', { max_completion_tokens: 20 }));
    expect(recorded).toMatchObject({ stream: false, headers: {} });
    expect(callOf(body('deepseek-v3.2')).stream).toBe(false);
    expect(callOf(body('deepseek-v4-pro', { stream: true })).stream).toBe(true);
    expect(callOf(body('deepseek-v4-pro', { incremental_output: true })).stream).toBe(true);
    // Inferred to think in a stream only.
    expect(callOf(body('glm-4.7')).stream).toBe(true);
  });

  test('undocumented top-level members of a native line: sent as they are', () => {
    expect(bodyOf({ model: 'qwen-plus', input: { messages: MESSAGES }, debug: { a: 1 } })).toEqual({
      model: 'qwen-plus',
      input: { messages: MESSAGES },
      debug: { a: 1 },
    });
  });
});

describe('encodeRequest: OpenAI-compatible', () => {
  test('stream: null, where a stream is needed: says nothing, so the switch takes its place', () => {
    const body = { model: 'qwq-plus', messages: MESSAGES, stream: null, seed: 1 };
    const call = callOf({ custom_id: 'a', method: 'POST', url: CHAT, body });
    expect(call.stream).toBe(true);
    expect(call.body).toBe(
      JSON.stringify({
        model: 'qwq-plus',
        messages: MESSAGES,
        stream: true,
        seed: 1,
        stream_options: { include_usage: true },
      }),
    );
    const unneeded = { model: 'qwen-plus', messages: MESSAGES, stream: null };
    expect(bodyOf({ custom_id: 'a', method: 'POST', url: CHAT, body: unneeded })).toEqual(unneeded);
  });

  test('thinking on, and the body refuses a stream: the body as it stands', () => {
    const body = {
      model: 'deepseek-v4-pro',
      messages: MESSAGES,
      stream: false,
      enable_thinking: true,
    };
    const call = callOf({ custom_id: 'a', method: 'POST', url: CHAT, body });
    expect(call).toMatchObject({ stream: false, headers: {} });
    expect(JSON.parse(call.body)).toEqual(body);
  });

  test('an envelope: the body as it stands', () => {
    const body = { model: 'qwen-plus', messages: MESSAGES, temperature: 0.5 };
    const call = callOf({ custom_id: 'a', method: 'POST', url: CHAT, body, metadata: { a: 'b' } });
    expect(call).toMatchObject({
      protocol: 'openai',
      path: '/chat/completions',
      headers: {},
      stream: false,
    });
    expect(JSON.parse(call.body)).toEqual(body);
  });

  test('--model, --set and --system in an envelope', () => {
    expect(
      bodyOf(
        { url: CHAT, body: { messages: MESSAGES } },
        { model: 'qwen-max', system: '你是客服。', set: new Map([['seed', '7']]) },
      ),
    ).toEqual({
      model: 'qwen-max',
      messages: [{ role: 'system', content: '你是客服。' }, ...MESSAGES],
      seed: 7,
    });
  });

  test('a streamed body: include_usage is added where it does not say, without native headers', () => {
    const call = callOf({
      url: CHAT,
      body: { model: 'qwen-plus', messages: MESSAGES, stream: true },
    });
    expect(call).toMatchObject({ stream: true, headers: {} });
    expect(JSON.parse(call.body)).toEqual({
      model: 'qwen-plus',
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test.each([
    ['{"include_usage":false}', { include_usage: false }],
    ['{"include_usage":true,"chunk":1}', { include_usage: true, chunk: 1 }],
    ['{"chunk":1}', { chunk: 1, include_usage: true }],
    ['{}', { include_usage: true }],
  ])('stream_options %s', (given, expected) => {
    const call = callOf(
      `{"url":"${CHAT}","body":{"model":"qwen-plus","messages":${JSON.stringify(MESSAGES)},"stream":true,"stream_options":${given}}}`,
    );
    expect((JSON.parse(call.body) as { stream_options: unknown }).stream_options).toEqual(expected);
    expect(call.body.match(/stream_options/g)).toHaveLength(1);
  });

  test('stream: null where a stream is needed: the switch is sent in its place', () => {
    const body = { model: 'qwq-plus', messages: MESSAGES, stream: null };
    expect(bodyOf({ url: CHAT, body })).toEqual({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test('an unstreamed body: no stream_options, incremental_output or result_format', () => {
    expect(
      Object.keys(
        bodyOf({
          url: CHAT,
          body: { model: 'qwen-plus', messages: MESSAGES, enable_thinking: false },
        }) as object,
      ),
    ).toEqual(['model', 'messages', 'enable_thinking']);
  });

  test('thinking in an envelope: streamed, and only that is added', () => {
    expect(
      bodyOf({
        url: CHAT,
        body: { model: 'qwen-plus', messages: MESSAGES, enable_thinking: true },
      }),
    ).toEqual({
      model: 'qwen-plus',
      messages: MESSAGES,
      enable_thinking: true,
      stream: true,
      stream_options: { include_usage: true },
    });
  });
});

describe('encodeRequest: a request that stands in its line as it is sent', () => {
  const chat =
    '{ "messages":[{"role":"user","content":"你\\u597d \u00e9"}],\t"model": "qwen-plus", "seed":1.0 }';
  const native = `{"input":{"prompt":"\u00e9 "},  "model":"qwen-plus","parameters":{ }, "debug" : 1}`;
  const GENERATION = '/api/v1/services/aigc/text-generation/generation';

  test.each([
    ['ASCII around it', `{"custom_id":"a","url":"${CHAT}","body":`, '}', chat],
    [
      'letters of two and three bytes around it',
      `{"custom_id":"é你","body":`,
      `,"metadata":{"é":"你"},"url":"${CHAT}"} `,
      chat,
    ],
    ['native', `{"custom_id":"\u{1F600}","url":"${GENERATION}","body":`, '}', native],
    [
      'all of it ASCII',
      `{"url":"${CHAT}","body": `,
      '}',
      '{"model":"qwen-plus", "messages":[{"content":"x","role":"user"}]}',
    ],
  ])('byte for byte, order and white space too: %s', (_, before, after, body) => {
    expect(callOf(before + body + after).body).toBe(body);
  });

  test('it is a copy: the buffer that was read may be overwritten', () => {
    const request = requestOf(`{"url":"${CHAT}","body":${chat}}`);
    const { body } = encodeRequest(request);
    request.bytes.fill(0x20);
    expect(body.toString()).toBe(chat);
  });

  test.each([
    ['--set', { set: new Map([['top_p', '0.5']]) }, '"top_p":0.5'],
    ['--system', { system: '你是客服。' }, '"content":"你是客服。"'],
  ])('with %s folded in it is spliced', (_, defaults, part) => {
    expect(callOf(`{"url":"${CHAT}","body":${chat}}`, defaults).body).toContain(part);
  });

  test('a native body that names `stream` as a parameter goes without it', () => {
    const body = `{"model":"qwen-plus","input":{"messages":${JSON.stringify(MESSAGES)}},"parameters":{"stream":true,"incremental_output":true}}`;
    const call = callOf(`{"url":"${GENERATION}","body":${body}}`);
    expect(JSON.parse(call.body)).toMatchObject({ parameters: { incremental_output: true } });
    expect(call.body).not.toContain('"stream"');
    expect(call.stream).toBe(true);
  });
});

describe('encodeRequest: raw values', () => {
  test('numbers, escapes and white space arrive as they were written', () => {
    const raw = [
      '1e400',
      '-0',
      '1.0',
      '12345678901234567890',
      '"\\u4f60\\/\\ud83d\\ude00"',
      '[ 1 ,\t2 ]',
      '{ "b" : 1 , "a":2 }',
      '0.10',
    ];
    const members = raw.map((text, index) => `"x_${index}":${text}`).join(' , ');
    const call = callOf(
      `{"model":"qwen-plus","messages":[{"role":"user","content":"你好"}],${members}}`,
    );
    const parameters = rawMembers(rawMembers(call.body).get('parameters') ?? '');
    expect([...parameters.values()]).toEqual(raw);
  });

  const anyKey = fc
    .oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('__proto__', 'constructor', 'toString', '10', '2', '城市', '😀'),
    )
    .filter(
      (key) =>
        !/^(?:custom_id|model|messages|prompt|headers|metadata|method|url|body|input|stream|stream_options|enable_thinking)$/.test(
          key,
        ),
    );
  const anyJson = fc
    .tuple(fc.json({ maxDepth: 4 }), fc.constantFrom(0, 2))
    .map(([text, indent]) => JSON.stringify(JSON.parse(text), null, indent));
  /** Whatever the checks find: only what is sent matters here, so keys are ones no rule knows. */
  const members = fc.uniqueArray(
    fc.tuple(
      anyKey.map((key) => `x ${key}`),
      anyJson,
    ),
    { selector: ([key]) => key, maxLength: 12 },
  );

  test('any JSON values as parameters: the same raw text under the same keys in the same order, in each shape', () => {
    fc.assert(
      fc.property(members, (given) => {
        const text = given.map(([key, raw]) => `,${JSON.stringify(key)}: ${raw}`).join('');
        const messages = JSON.stringify(MESSAGES);
        const flat =
          rawMembers(callOf(`{"model":"qwen-plus","messages":${messages}${text}}`).body).get(
            'parameters',
          ) ?? '{}';
        const native =
          rawMembers(
            callOf(
              `{"model":"qwen-plus","input":{"messages":${messages}},"parameters":{${text.slice(1)}}}`,
            ).body,
          ).get('parameters') ?? '{}';
        const chat = rawMembers(
          callOf(`{"url":"${CHAT}","body":{"model":"qwen-plus","messages":${messages}${text}}}`)
            .body,
        );
        const expected = given.map(([key, raw]) => [key, raw.trim()]);
        expect([...rawMembers(flat)]).toEqual(expected);
        expect([...rawMembers(native)]).toEqual(expected);
        expect([...chat].slice(2)).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });

  test('any text as prompt and system prompt: valid JSON that says the same', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.constantFrom('qwen-plus', 'qwen-vl-max'),
        (prompt, system, model) => {
          const { input } = bodyOf({ model, prompt }, { system }) as {
            input: { messages: { content: unknown }[] };
          };
          const contents = input.messages.map(({ content }) =>
            typeof content === 'string' ? content : (content as { text: string }[])[0]?.text,
          );
          expect(contents).toEqual([system, prompt]);
        },
      ),
    );
  });
});

describe('planLine', () => {
  const pricing = createPricing(defaultsOf().catalog, 'cn', 'CNY');
  const at = { pricing, outputSeen: nothingSeen };

  test('a line: its call, its sizes, an estimate in money', () => {
    const line = planLine(
      requestOf({
        custom_id: '评论-1',
        model: 'qwen-plus',
        messages: MESSAGES,
        max_tokens: 50,
        metadata: { team: '客服' },
      }),
      null,
      at,
    );
    expect(line).toMatchObject({
      lineNo: 5,
      customId: '评论-1',
      model: 'qwen-plus',
      incremental: null,
      metadata: '{"team":"客服"}',
      prior: null,
    });
    expect(line.bodyBytes).toBeGreaterThan(0);
    expect(line.inputTokens).toBeGreaterThan(0);
    expect(line.outputExpectedTokens).toBeGreaterThan(0);
    expect(line.outputExpectedTokens).toBeLessThanOrEqual(50);
    expect(line.estimatedPico).toBe(
      pricing.estimatePico('qwen-plus', {
        input: line.inputTokens,
        output: line.outputExpectedTokens,
        thinking: false,
      }),
    );
  });

  test('extras: what of the price is not text; null where nothing is', () => {
    const extras = (fields: object) =>
      planLine(requestOf({ model: 'qwen-plus', messages: MESSAGES, ...fields }), null, at).extras;
    const none = { audioIn: 0, visualIn: 0, audioOut: false, search: null };
    expect(extras({})).toBeNull();
    expect(extras({ search_options: { search_strategy: 'max' } })).toBeNull();
    expect(extras({ enable_search: true })).toEqual({ ...none, search: '' });
    expect(extras({ enable_search: true, search_options: { search_strategy: 'turbo' } })).toEqual({
      ...none,
      search: 'turbo',
    });
    const picture = { image: 'https://example.com/a.png' };
    const sound = { audio: 'https://example.com/a.wav' };
    const seen = extras({
      model: 'qwen3-omni-flash',
      messages: [{ role: 'user', content: [picture, sound, { text: '描述' }] }],
    });
    // 1,280 tokens of the largest image and its two marks; 30 seconds at 12.5 tokens.
    expect(seen).toEqual({ ...none, visualIn: 1_282, audioIn: 375 });
  });

  test('incremental: as the request says, true where thinking adds it, else unknown', () => {
    const incremental = (fields: object): boolean | null =>
      planLine(requestOf({ model: 'qwen-plus', messages: MESSAGES, ...fields }), null, at)
        .incremental;
    expect(incremental({})).toBeNull();
    expect(incremental({ stream: true, incremental_output: false })).toBe(false);
    expect(incremental({ stream: true, incremental_output: true })).toBe(true);
    expect(incremental({ enable_thinking: true })).toBe(true);
  });

  test('choices: as many as n says, one where tools take it back', () => {
    const choices = (fields: object): number =>
      planLine(requestOf({ model: 'qwen-plus', messages: MESSAGES, ...fields }), null, at).choices;
    const tools = [
      { type: 'function', function: { name: 'get_weather', description: 'Weather of a city' } },
    ];
    expect(choices({})).toBe(1);
    expect(choices({ n: 3 })).toBe(3);
    expect(choices({ n: 1, tools, result_format: 'message' })).toBe(1);
  });

  test('mayStream: unless the request says that it wants no stream', () => {
    const mayStream = (fields: object): boolean =>
      planLine(requestOf({ model: 'qwen-plus', messages: MESSAGES, ...fields }), null, at)
        .mayStream;
    expect(mayStream({})).toBe(true);
    expect(mayStream({ stream: true })).toBe(true);
    expect(mayStream({ stream: false })).toBe(false);
    expect(mayStream({ incremental_output: false })).toBe(false);
    const thinking = { model: 'deepseek-v4-pro', enable_thinking: true };
    expect(mayStream({ ...thinking, incremental_output: false })).toBe(false);
  });

  test('a model without a price: no estimate', () => {
    expect(
      planLine(requestOf({ model: 'my-own-model', prompt: '你好' }), null, at).estimatedPico,
    ).toBeNull();
  });
});
