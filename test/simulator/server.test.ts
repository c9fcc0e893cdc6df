import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import type { SimulatorSpec } from '../../src/settings.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts';

const SPEC: SimulatorSpec = { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 1 };
const TEXT = '/api/v1/services/aigc/text-generation/generation';
const MULTIMODAL = '/api/v1/services/aigc/multimodal-generation/generation';
const CHAT = '/compatible-mode/v1/chat/completions';
const SSE = { 'x-dashscope-sse': 'enable' };
const KEY = 'Bearer sk-rehearsal';

const running = new Set<Simulator>();

afterEach(async () => {
  for (const simulator of running) await simulator.close();
  running.clear();
});

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator> {
  const simulator = await startSimulator({ spec: SPEC, ...options });
  running.add(simulator);
  return simulator;
}

type Reply = { status: number; headers: Headers; text: string; json: unknown };

function post(
  simulator: Simulator,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(simulator.origin + path, {
    method: 'POST',
    headers: { authorization: KEY, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

async function call(...args: Parameters<typeof post>): Promise<Reply> {
  const response = await post(...args);
  const text = await response.text();
  const isJson = text.startsWith('{') && text.endsWith('}');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : {},
  };
}

/** The value at a path such as `choices.0.delta`; undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((inner, name) => (Object(inner) as Record<string, unknown>)[name], value);
}

function numberAt(value: unknown, path: string): number {
  return Number(at(value, path));
}

function textAt(value: unknown, path: string): string {
  const text = at(value, path);
  return typeof text === 'string' ? text : '';
}

function listAt(value: unknown, path: string): readonly unknown[] {
  const list = at(value, path);
  return Array.isArray(list) ? list : [];
}

function native(content: string, parameters: object = {}, model = 'qwen-plus'): object {
  return { model, input: { messages: [{ role: 'user', content }] }, parameters };
}

function chat(content: string, more: object = {}): object {
  return { model: 'qwen-plus', messages: [{ role: 'user', content }], ...more };
}

function nativeFrames(text: string): readonly { event: string; status: number; data: unknown }[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame, at) => {
      const match = /^id:(\d+)\nevent:(\w+)\n:HTTP_STATUS\/(\d+)\ndata:(.+)$/.exec(frame);
      expect(match?.[1]).toBe(String(at + 1));
      return {
        event: match?.[2] ?? '',
        status: Number(match?.[3]),
        data: JSON.parse(match?.[4] ?? ''),
      };
    });
}

function chunks(text: string): { readonly chunks: readonly unknown[]; readonly done: boolean } {
  const lines = text.split('\n\n').filter((frame) => frame !== '');
  const done = lines.at(-1) === 'data: [DONE]';
  return {
    done,
    chunks: (done ? lines.slice(0, -1) : lines).map((line) =>
      JSON.parse(line.slice('data: '.length)),
    ),
  };
}

describe('native protocol', () => {
  test('qwen-plus without result_format: text, usage that adds up, the documented headers', async () => {
    const reply = await call(await start(), TEXT, native('请用三句话介绍西湖。'));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(reply.headers.get('x-dashscope-call-gateway')).toBe('true');
    expect(reply.headers.get('x-request-id')).toBe(at(reply.json, 'request_id'));
    expect(at(reply.json, 'output')).toEqual({
      finish_reason: 'stop',
      text: expect.stringContaining('西湖'),
    });
    const total =
      numberAt(reply.json, 'usage.input_tokens') + numberAt(reply.json, 'usage.output_tokens');
    expect(total).toBe(at(reply.json, 'usage.total_tokens'));
  });

  test('the same body on two simulators of one seed: the same bytes', async () => {
    const body = native('Write a haiku about the sea.', { result_format: 'message' });
    const [first, second] = await Promise.all([
      call(await start(), TEXT, body),
      call(await start(), TEXT, body),
    ]);
    expect(second.text).toBe(first.text);
  });

  test('incremental stream: deltas join to the unstreamed answer, usage grows, the last frame ends it', async () => {
    const simulator = await start();
    const body = native('请列出三个省电的办法。', {
      result_format: 'message',
      incremental_output: true,
    });
    const whole = await call(simulator, TEXT, body);
    const streamed = await call(simulator, TEXT, body, SSE);
    const frames = nativeFrames(streamed.text);
    expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    expect(frames.length).toBeGreaterThan(3);
    const choices = frames.map(({ data }) => at(data, 'output.choices.0'));
    expect(choices.map((choice) => at(choice, 'message.content')).join('')).toBe(
      at(whole.json, 'output.choices.0.message.content'),
    );
    expect(choices.map((choice) => at(choice, 'finish_reason'))).toEqual([
      ...choices.slice(1).map(() => 'null'),
      'stop',
    ]);
    const output = frames.map(({ data }) => numberAt(data, 'usage.output_tokens'));
    expect(output).toEqual(output.toSorted((left, right) => left - right));
    expect(at(frames.at(-1)?.data, 'usage')).toEqual(at(whole.json, 'usage'));
  });

  test('cumulative stream, asked for by Accept: every frame repeats the text so far', async () => {
    const body = native('Name three rivers in Asia.', { result_format: 'message' });
    const { text } = await call(await start(), TEXT, body, { accept: 'text/event-stream' });
    const contents = nativeFrames(text).map(({ data }) =>
      textAt(data, 'output.choices.0.message.content'),
    );
    for (const [at, content] of contents.entries())
      expect(content.startsWith(contents[at - 1] ?? '')).toBe(true);
    expect(contents.at(-1)?.length).toBeGreaterThan(40);
  });

  test('thinking stream: reasoning first, then content; reasoning is part of the output tokens', async () => {
    const parameters = {
      result_format: 'message',
      incremental_output: true,
      enable_thinking: true,
    };
    const { text } = await call(await start(), TEXT, native('请问 1+1 是多少？', parameters), SSE);
    const frames = nativeFrames(text);
    const messages = frames.map(({ data }) => at(data, 'output.choices.0.message'));
    const lastReasoning = messages.findLastIndex(
      (message) => at(message, 'reasoning_content') !== '',
    );
    const firstContent = messages.findIndex((message) => at(message, 'content') !== '');
    expect(lastReasoning).toBeGreaterThan(0);
    expect(firstContent).toBeGreaterThan(lastReasoning);
    const usage = at(frames.at(-1)?.data, 'usage');
    expect(at(usage, 'output_tokens_details.reasoning_tokens')).toBeGreaterThan(0);
    expect(at(usage, 'output_tokens')).toBeGreaterThan(
      numberAt(usage, 'output_tokens_details.reasoning_tokens'),
    );
  });

  test('tool call stream: first fragment has id and name, later ones only arguments that join to JSON', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: '查天气',
          parameters: { type: 'object', properties: { city: { type: 'string' } } },
        },
      },
    ];
    const body = native('上海的天气如何？', { tools, incremental_output: true });
    const frames = nativeFrames((await call(await start(), TEXT, body, SSE)).text);
    const fragments = frames.flatMap(({ data }) =>
      listAt(data, 'output.choices.0.message.tool_calls'),
    );
    expect(fragments[0]).toMatchObject({
      id: expect.stringMatching(/^call_/),
      function: { name: 'get_weather' },
    });
    expect(
      fragments
        .slice(1)
        .every(
          (fragment) => at(fragment, 'id') === '' && at(fragment, 'function.name') === undefined,
        ),
    ).toBe(true);
    expect(
      JSON.parse(fragments.map((fragment) => at(fragment, 'function.arguments')).join('')),
    ).toEqual({
      city: '上海',
    });
    expect(at(frames.at(-1)?.data, 'output.choices.0.finish_reason')).toBe('tool_calls');
  });

  test('cumulative stream of two tool calls: every frame has all of them so far, the last one as unstreamed', async () => {
    const tools = ['get_weather', 'get_time'].map((name) => ({
      type: 'function',
      function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    }));
    const body = native('What are weather and time in Paris?', {
      tools,
      parallel_tool_calls: true,
      result_format: 'message',
    });
    const simulator = await start();
    const whole = await call(simulator, TEXT, body);
    const calls = listAt(whole.json, 'output.choices.0.message.tool_calls');
    expect(calls).toHaveLength(2);
    const frames = nativeFrames((await call(simulator, TEXT, body, SSE)).text);
    const texts = frames.map(({ data }) =>
      listAt(data, 'output.choices.0.message.tool_calls').map((one) =>
        textAt(one, 'function.arguments'),
      ),
    );
    for (const [frame, shown] of texts.entries()) {
      const before = texts[frame - 1] ?? [];
      expect(before.every((text, nth) => shown[nth]?.startsWith(text))).toBe(true);
    }
    expect(at(frames.at(-1)?.data, 'output.choices.0')).toEqual({
      ...(at(whole.json, 'output.choices.0') as object),
      index: 0,
    });
  });

  test('multimodal: content is an array of parts and the image has its tokens', async () => {
    const content = [
      { image: 'https://example.com/receipt.png' },
      { text: '这张小票的总金额是多少？' },
    ];
    const body = { model: 'qwen-vl-plus', input: { messages: [{ role: 'user', content }] } };
    const { json } = await call(await start(), MULTIMODAL, body);
    expect(at(json, 'output.choices.0.message.content')).toEqual([
      { text: expect.stringContaining('小票') },
    ]);
    expect(at(json, 'usage.image_tokens')).toBeGreaterThan(0);
    expect(at(json, 'usage.input_tokens')).toBeGreaterThan(numberAt(json, 'usage.image_tokens'));
  });

  test('search with sources: search_info and one billed search', async () => {
    const parameters = {
      result_format: 'message',
      enable_search: true,
      search_options: { enable_source: true, search_strategy: 'pro' },
    };
    const { json } = await call(await start(), TEXT, native('今天的金价是多少？', parameters));
    expect(at(json, 'output.search_info.search_results.0')).toMatchObject({
      index: 1,
      url: expect.stringContaining('https://'),
    });
    expect(at(json, 'usage.plugins.search')).toEqual({ count: 1, strategy: 'pro' });
  });

  test('deep research with question and reply: phases in order, ending with answer finished', async () => {
    const messages = [
      { role: 'user', content: '研究一下人工智能在教育中的应用' },
      { role: 'assistant', content: '请确认范围。' },
      { role: 'user', content: '只看高等教育。' },
    ];
    const { text } = await call(
      await start(),
      TEXT,
      { model: 'qwen-deep-research', input: { messages } },
      SSE,
    );
    const shown = nativeFrames(text).map(({ data }) => at(data, 'output.message'));
    const phases = shown
      .map((message) => at(message, 'phase'))
      .filter((phase, at, all) => phase !== all[at - 1]);
    expect(phases).toEqual([
      'ResearchPlanning',
      'WebResearch',
      'KeepAlive',
      'WebResearch',
      'KeepAlive',
      'answer',
    ]);
    expect(shown.at(-1)).toMatchObject({ phase: 'answer', status: 'finished' });
  });

  test.each(['parameters', 'input', 'body'])(
    'deep research with enable_feedback false in %s: a report at once',
    async (place) => {
      const off = { enable_feedback: false };
      const input = { messages: [{ role: 'user', content: '研究量子计算' }] };
      const body = {
        model: 'qwen-deep-research-2025-12-15',
        input: place === 'input' ? { ...input, ...off } : input,
        ...(place === 'parameters' ? { parameters: off } : {}),
        ...(place === 'body' ? off : {}),
      };
      const { text } = await call(await start(), TEXT, body, SSE);
      const phases = nativeFrames(text).map(({ data }) => at(data, 'output.message.phase'));
      expect(phases[0]).toBe('ResearchPlanning');
      expect(phases.at(-1)).toBe('answer');
    },
  );
});

describe('OpenAI-compatible protocol', () => {
  test('unstreamed: chat.completion with usage', async () => {
    const { json, status } = await call(await start(), CHAT, chat('你是谁？'));
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'chat.completion',
      model: 'qwen-plus',
      id: expect.stringMatching(/^chatcmpl-/),
    });
    expect(numberAt(json, 'usage.prompt_tokens') + numberAt(json, 'usage.completion_tokens')).toBe(
      at(json, 'usage.total_tokens'),
    );
  });

  test('stream with include_usage: chunks, a usage chunk without choices, [DONE]', async () => {
    const simulator = await start();
    const whole = await call(simulator, CHAT, chat('你是谁？'));
    const body = chat('你是谁？', { stream: true, stream_options: { include_usage: true } });
    const stream = chunks((await call(simulator, CHAT, body)).text);
    expect(stream.done).toBe(true);
    const last = stream.chunks.at(-1);
    expect(last).toMatchObject({ choices: [], usage: at(whole.json, 'usage') });
    const deltas = stream.chunks.slice(0, -1).map((chunk) => at(chunk, 'choices.0'));
    expect(at(deltas[0], 'delta')).toEqual({ role: 'assistant', content: '' });
    expect(deltas.map((delta) => textAt(delta, 'delta.content')).join('')).toBe(
      at(whole.json, 'choices.0.message.content'),
    );
    expect(at(deltas.at(-1), 'finish_reason')).toBe('stop');
  });

  test('stream without include_usage: no usage chunk', async () => {
    const stream = chunks(
      (await call(await start(), CHAT, chat('你是谁？', { stream: true }))).text,
    );
    expect(
      stream.chunks.every(
        (chunk) => at(chunk, 'usage') === null && at(chunk, 'choices.length') === 1,
      ),
    ).toBe(true);
  });

  test('logprobs: one entry a token, bytes of the token', async () => {
    const { json } = await call(
      await start(),
      CHAT,
      chat('Say hello.', { logprobs: true, top_logprobs: 2 }),
    );
    const content = listAt(json, 'choices.0.logprobs.content');
    expect(content.map((entry) => at(entry, 'token')).join('')).toBe(
      at(json, 'choices.0.message.content'),
    );
    const bytes = listAt(content[0], 'bytes').map(Number);
    expect(Buffer.from(bytes).toString()).toBe(at(content[0], 'token'));
  });
});

describe('refusals', () => {
  test.each<[string, string, unknown, number, string, string | RegExp]>([
    [
      'no model',
      TEXT,
      { input: { prompt: '你好' } },
      400,
      'BadRequest.EmptyModel',
      'Required parameter "model" missing from request.',
    ],
    [
      'messages at the top level',
      TEXT,
      { model: 'qwen-plus', messages: [{ role: 'user', content: '你好' }] },
      400,
      'InvalidParameter',
      'Either "prompt" or "messages" must exist and cannot both be none',
    ],
    [
      'an input that is no object',
      TEXT,
      { model: 'qwen-plus', input: '你好' },
      400,
      'BadRequest.IllegalInput',
      'The input parameter requires json format.',
    ],
    [
      'no input',
      TEXT,
      { model: 'qwen-plus', parameters: {} },
      400,
      'BadRequest.EmptyInput',
      'Required input parameter missing from request.',
    ],
    [
      'unknown model',
      TEXT,
      native('你好', {}, 'no-such-model'),
      404,
      'ModelNotFound',
      'The model no-such-model does not exist or you do not have access to it.',
    ],
    [
      'vision model on the text endpoint',
      TEXT,
      native('你好', {}, 'qwen-vl-max'),
      400,
      'InvalidParameter',
      'url error, please check url！',
    ],
    [
      'text model on the multimodal endpoint',
      MULTIMODAL,
      native('你好', {}, 'qwen-turbo'),
      400,
      'InvalidParameter',
      'url error, please check url！',
    ],
    [
      'temperature 2',
      TEXT,
      native('你好', { temperature: 2 }),
      400,
      'InvalidParameter',
      'Temperature should be in [0.0, 2.0)',
    ],
    [
      'temperature as text',
      TEXT,
      native('你好', { temperature: '1' }),
      400,
      'InvalidParameter',
      "'temperature' must be Float",
    ],
    [
      'top_p 0',
      TEXT,
      native('你好', { top_p: 0 }),
      400,
      'InvalidParameter',
      'Range of top_p should be (0.0, 1.0]',
    ],
    [
      'a seed of 2^63',
      TEXT,
      '{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"你好"}]},"parameters":{"seed":9223372036854775808}}',
      400,
      'InvalidParameter',
      'Range of seed should be [0, 9223372036854775807]',
    ],
    ['n 5', TEXT, native('你好', { n: 5 }), 400, 'InvalidParameter', 'Range of n should be [1, 4]'],
    [
      'mixed stop',
      TEXT,
      native('你好', { stop: ['a', 1] }),
      400,
      'InvalidParameter',
      /The "stop" parameter must be of type/,
    ],
    [
      'thinking unstreamed',
      TEXT,
      native('你好', { enable_thinking: true }, 'qwen3-max'),
      400,
      'InvalidParameter',
      'parameter.enable_thinking must be set to false for non-streaming calls',
    ],
    [
      'thinking switched off on qwq',
      TEXT,
      native('你好', { enable_thinking: false }, 'qwq-plus'),
      400,
      'InvalidParameter',
      'The value of the enable_thinking parameter is restricted to True.',
    ],
    [
      'last message from the assistant',
      TEXT,
      {
        model: 'qwen-plus',
        input: {
          messages: [
            { role: 'user', content: '你好' },
            { role: 'assistant', content: '好' },
          ],
        },
      },
      500,
      'InternalError.Algo',
      'list index out of range',
    ],
    [
      'system message to qwen-mt',
      TEXT,
      {
        model: 'qwen-mt-plus',
        input: {
          messages: [
            { role: 'system', content: '译' },
            { role: 'user', content: '你好' },
          ],
        },
        parameters: { translation_options: { target_lang: 'English' } },
      },
      500,
      'InternalError.Algo',
      'Role must be in [user, assistant]',
    ],
    [
      'text that is no JSON',
      TEXT,
      '{"model":',
      400,
      'InvalidParameter',
      'Required body invalid, please check the request body format.',
    ],
  ])('native, %s: the documented error', async (_, path, body, status, code, message) => {
    const reply = await call(await start(), path, body);
    expect(reply.status).toBe(status);
    expect(reply.json).toEqual({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
      request_id: reply.headers.get('x-request-id'),
    });
  });

  test.each<[string, object, number, string, string]>([
    [
      'unknown model',
      { model: 'no-such-model', messages: [{ role: 'user', content: 'Hi' }] },
      404,
      'model_not_found',
      'The model no-such-model does not exist or you do not have access to it.',
    ],
    [
      'json_object without the word json',
      chat('Give me a list.', { response_format: { type: 'json_object' } }),
      400,
      'invalid_parameter_error',
      "<400> InternalError.Algo.InvalidParameter: 'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    ],
    [
      'tool_choice required',
      chat('Hi', { tool_choice: 'required' }),
      400,
      'invalid_parameter_error',
      '<400> InternalError.Algo.InvalidParameter: tool_choice is one of the strings that should be ["none", "auto"]',
    ],
    [
      'negative seed',
      chat('Hi', { seed: -1 }),
      400,
      'invalid_value',
      "-1 is lesser than the minimum of 0 - 'seed'",
    ],
    [
      'thinking unstreamed',
      chat('Hi', { enable_thinking: true, model: 'qwen3-max' }),
      400,
      'invalid_parameter_error',
      'parameter.enable_thinking must be set to false for non-streaming calls',
    ],
    [
      'empty messages',
      { model: 'qwen-plus', messages: [] },
      400,
      'invalid_parameter_error',
      "<400> InternalError.Algo.InvalidParameter: [] is too short - 'messages'",
    ],
  ])('OpenAI-compatible, %s: the documented error', async (_, body, status, code, message) => {
    const reply = await call(await start(), CHAT, body);
    expect(reply.status).toBe(status);
    expect(at(reply.json, 'error')).toMatchObject({ code, message, param: null });
  });

  test('the largest seed, 2^63 - 1: is taken, although JSON makes 2^63 of it', async () => {
    const body =
      '{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"你好"}]},"parameters":{"seed":9223372036854775807}}';
    expect((await call(await start(), TEXT, body)).status).toBe(200);
  });

  test('native stream: a parameter error is HTTP 200 with one error frame', async () => {
    const reply = await call(await start(), TEXT, native('你好', { top_k: -1 }), SSE);
    expect(reply.status).toBe(200);
    expect(nativeFrames(reply.text)).toEqual([
      {
        event: 'error',
        status: 400,
        data: expect.objectContaining({
          code: 'InvalidParameter',
          message: 'Parameter top_k be greater than or equal to 0',
        }),
      },
    ]);
  });

  test.each([
    ['GET', '/compatible-mode/v1/models'],
    ['POST', '/compatible-mode/v1/embeddings'],
    ['POST', '/api/v1/services/embeddings/text-embedding/text-embedding'],
    ['GET', CHAT],
  ])(
    '%s %s: 404 in the protocol’s envelope, with the paths that are answered',
    async (method, path) => {
      const { origin } = await start();
      const response = await fetch(origin + path, { method, headers: { authorization: KEY } });
      const body = (await response.json()) as object;
      const error = path.startsWith('/compatible-mode') ? at(body, 'error') : body;
      expect(response.status).toBe(404);
      expect(at(error, 'code')).toBe('NotFound');
      expect(at(error, 'message')).toMatch(
        /^Not found! The simulator answers chat alone: POST \/api\//,
      );
      expect(at(error, 'message')).toContain(CHAT);
    },
  );

  test('unknown path or method: 404', async () => {
    const simulator = await start();
    expect((await call(simulator, '/api/v1/services/aigc/text2image', {})).status).toBe(404);
    expect((await fetch(simulator.origin + TEXT)).status).toBe(404);
  });
});

describe('keys', () => {
  test('no key, or another than the one set: 401 in both protocols', async () => {
    const open = await start();
    const locked = await start({ apiKey: 'sk-right' });
    const codes = [
      at((await call(open, TEXT, native('你好'), { authorization: '' })).json, 'code'),
      at((await call(open, CHAT, chat('你好'), { authorization: 'Bearer ' })).json, 'error.code'),
      at((await call(locked, TEXT, native('你好'))).json, 'code'),
      at((await call(locked, CHAT, chat('你好'))).json, 'error.code'),
    ];
    expect(codes).toEqual(['InvalidApiKey', 'invalid_api_key', 'InvalidApiKey', 'invalid_api_key']);
    expect(
      (await call(locked, TEXT, native('你好'), { authorization: 'Bearer sk-right' })).status,
    ).toBe(200);
  });
});

describe('quotas', () => {
  const clock = (): Clock => ({
    monotonicMs: () => 7000,
    wallMs: () => 0,
    random: () => 0,
    after: () => () => undefined,
  });

  test('rpm used up in this second: 429 in the words of each protocol, also to a native stream', async () => {
    const simulator = await start({ spec: { ...SPEC, rpm: 60 }, clock: clock() });
    expect((await call(simulator, TEXT, native('你好'))).status).toBe(200);
    const refused = await call(simulator, TEXT, native('你好'), SSE);
    expect(refused.status).toBe(429);
    expect(refused.json).toMatchObject({
      code: 'Throttling.RateQuota',
      message: 'Requests rate limit exceeded, please try again later.',
    });
    expect(at((await call(simulator, CHAT, chat('你好'))).json, 'error')).toMatchObject({
      code: 'limit_requests',
      type: 'limit_requests',
    });
  });

  test('tpm used up in this second: the token throttle of each protocol', async () => {
    const simulator = await start({ spec: { ...SPEC, tpm: 600 }, clock: clock() });
    expect((await call(simulator, CHAT, chat('你好'))).status).toBe(200);
    expect(at((await call(simulator, CHAT, chat('你好'))).json, 'error')).toMatchObject({
      code: 'insufficient_quota',
    });
    expect((await call(simulator, TEXT, native('你好'))).json).toMatchObject({
      code: 'Throttling.AllocationQuota',
      message: 'Allocated quota exceeded, please increase your quota limit.',
    });
  });
});

describe('faults by directive', () => {
  test('error with times=2: fails twice with its own status and text, then answers', async () => {
    const simulator = await start();
    const body = native('请翻译 [[simulate: error=Throttling.RateQuota times=2 retry-after=3]]');
    const replies = [
      await call(simulator, TEXT, body),
      await call(simulator, TEXT, body),
      await call(simulator, TEXT, body),
    ];
    expect(replies.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(at(replies[0]?.json, 'code')).toBe('Throttling.RateQuota');
    expect(replies[0]?.headers.get('retry-after')).toBe('3');
  });

  test('content filter: 400 natively, one data line to a compatible stream', async () => {
    const simulator = await start();
    const text = 'Hi [[simulate: error=DataInspectionFailed]]';
    expect(at((await call(simulator, TEXT, native(text))).json, 'code')).toBe(
      'DataInspectionFailed',
    );
    const streamed = await call(simulator, CHAT, chat(text, { stream: true }));
    expect(streamed.status).toBe(400);
    expect(chunks(streamed.text).chunks[0]).toMatchObject({
      error: { code: 'data_inspection_failed' },
    });
  });

  test('late error: answer frames first, then the error frame and no end', async () => {
    const simulator = await start();
    const text = 'Hi [[simulate: error=DataInspectionFailed late]]';
    const frames = nativeFrames((await call(simulator, TEXT, native(text), SSE)).text);
    expect(frames.map(({ event }) => event)).toEqual([
      ...frames.slice(1).map(() => 'result'),
      'error',
    ]);
    expect(frames.length).toBeGreaterThan(2);
    const stream = chunks((await call(simulator, CHAT, chat(text, { stream: true }))).text);
    expect(stream.done).toBe(false);
    expect(stream.chunks.at(-1)).toHaveProperty('error');
    expect(simulator.stats().billedOutputTokens).toBe(0);
  });

  test('an unknown code with status and message: sent as given', async () => {
    const { status, json } = await call(
      await start(),
      CHAT,
      chat('[[simulate: error=NewThing status=418 message="no more tea"]]'),
    );
    expect([status, at(json, 'error.code'), at(json, 'error.message')]).toEqual([
      418,
      'NewThing',
      'no more tea',
    ]);
  });

  test('status alone: an HTML page without a request id', async () => {
    const { status, headers, text } = await call(
      await start(),
      TEXT,
      native('Hi [[simulate: status=502]]'),
    );
    expect([status, headers.get('content-type'), headers.get('x-request-id')]).toEqual([
      502,
      'text/html',
      null,
    ]);
    expect(text).toContain('<h1>502</h1>');
  });

  test.each([
    ['html', /^<html>/],
    ['empty', /^$/],
    ['garbage', /not JSON/],
  ])('%s: status 200 and a body that is no answer', async (fault, body) => {
    const { status, text } = await call(await start(), TEXT, native(`Hi [[simulate: ${fault}]]`));
    expect(status).toBe(200);
    expect(text).toMatch(body);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test('partial: half of the answer with the header of a partial response', async () => {
    const simulator = await start();
    const whole = await call(simulator, TEXT, native('Tell me a story. [[simulate: output=80]]'));
    const partial = await call(
      simulator,
      TEXT,
      native('Tell me a story. [[simulate: output=80 partial]]'),
    );
    expect(partial.headers.get('x-dashscope-partialresponse')).toBe('true');
    expect(whole.headers.get('x-dashscope-partialresponse')).toBeNull();
    expect(at(partial.json, 'usage.output_tokens')).toBe(40);
  });

  test('truncate: an unstreamed body breaks off, a stream lacks its end', async () => {
    const simulator = await start();
    await expect(call(simulator, TEXT, native('Hi [[simulate: truncate]]'))).rejects.toThrow(
      'terminated',
    );
    const frames = nativeFrames(
      (await call(simulator, TEXT, native('Hi [[simulate: truncate]]'), SSE)).text,
    );
    expect(frames.map(({ data }) => at(data, 'output.finish_reason'))).not.toContain('stop');
    expect(
      chunks(
        (await call(simulator, CHAT, chat('Hi [[simulate: truncate]]', { stream: true }))).text,
      ).done,
    ).toBe(false);
    expect(simulator.stats()).toMatchObject({ answered: 0, byCode: { truncate: 3 } });
    expect(simulator.stats().billedOutputTokens).toBeGreaterThan(0);
  });

  test('reset: the connection is reset', async () => {
    await expect(call(await start(), TEXT, native('Hi [[simulate: reset]]'))).rejects.toThrow(
      'fetch failed',
    );
  });

  test('hang and stall: open until the simulator closes, which leaves no call open', async () => {
    const simulator = await start();
    const hanging = call(simulator, TEXT, native('Hi [[simulate: hang]]'));
    const stalled = await post(simulator, TEXT, native('Hi [[simulate: stall]]'), SSE);
    const settled = Promise.allSettled([hanging, stalled.text()]);
    await simulator.close();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(simulator.stats().maxConcurrent).toBe(2);
  });

  test('echo-key: the error repeats the Authorization header', async () => {
    const { status, json } = await call(await start(), TEXT, native('Hi [[simulate: echo-key]]'));
    expect(status).toBe(400);
    expect(at(json, 'message')).toContain(KEY);
  });

  test('a directive with a slip: refused, naming what is known', async () => {
    const { status, json } = await call(await start(), TEXT, native('Hi [[simulate: explode]]'));
    expect(status).toBe(400);
    expect(at(json, 'message')).toContain('known: error=CODE');
  });
});

describe('latency', () => {
  function handClock(): Clock & { readonly waits: number[] } {
    const waits: number[] = [];
    return {
      waits,
      monotonicMs: () => 0,
      wallMs: () => 0,
      random: () => 0,
      after(ms, run) {
        waits.push(ms);
        queueMicrotask(run);
        return () => undefined;
      },
    };
  }

  test('0: no timer is set; else the spec, or the directive of the line; pace between frames', async () => {
    const still = handClock();
    await call(await start({ clock: still }), TEXT, native('你好'));
    expect(still.waits).toEqual([]);
    const slow = handClock();
    const simulator = await start({ spec: { ...SPEC, latencyMs: 200 }, clock: slow });
    await call(simulator, TEXT, native('你好'));
    await call(simulator, TEXT, native('你好 [[simulate: latency=5ms]]'));
    expect(slow.waits).toEqual([200, 5]);
    const { text } = await call(simulator, TEXT, native('你好 [[simulate: pace=3ms]]'), SSE);
    expect(slow.waits.slice(2)).toEqual([200, ...nativeFrames(text).map(() => 3)]);
  });
});

function signal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

describe('callers that leave', () => {
  test.each([
    ['during the latency', 'latency=60s'],
    ['between two frames', 'pace=60s'],
  ])(
    '%s: the wait is cancelled and the call counts as billed, not answered',
    async (_, directive) => {
      const waiting = signal();
      const cancelled = signal();
      const clock: Clock = {
        monotonicMs: () => 0,
        wallMs: () => 0,
        random: () => 0,
        after: () => {
          waiting.resolve();
          return () => {
            cancelled.resolve();
          };
        },
      };
      const simulator = await start({ clock });
      const caller = new AbortController();
      const gone = fetch(simulator.origin + TEXT, {
        method: 'POST',
        headers: { authorization: KEY, ...SSE },
        body: JSON.stringify(native(`写一个故事 [[simulate: ${directive}]]`)),
        signal: caller.signal,
      }).then((response) => response.text());
      await waiting.promise;
      caller.abort();
      await expect(gone).rejects.toThrow('aborted');
      await cancelled.promise;
      expect(simulator.stats()).toMatchObject({ calls: 1, answered: 0 });
      expect(simulator.stats().billedOutputTokens).toBeGreaterThan(0);
    },
  );
});

describe('stats and life', () => {
  test('stats: billed tokens are the sum of the usages, codes are counted', async () => {
    const simulator = await start({ spec: { ...SPEC, errorRate: 0.3 } });
    let input = 0;
    let output = 0;
    let failed = 0;
    for (let line = 1; line <= 40; line += 1) {
      let reply = await call(simulator, TEXT, native(`请概括第 ${line} 条客户反馈`));
      while (reply.status !== 200) {
        failed += 1;
        reply = await call(simulator, TEXT, native(`请概括第 ${line} 条客户反馈`));
      }
      input += numberAt(reply.json, 'usage.input_tokens');
      output += numberAt(reply.json, 'usage.output_tokens');
    }
    const stats = simulator.stats();
    expect(stats).toMatchObject({
      calls: 40 + failed,
      answered: 40,
      billedInputTokens: input,
      billedOutputTokens: output,
    });
    expect(failed).toBeGreaterThan(0);
    expect(Object.values(stats.byCode).reduce((sum, count) => sum + count, 0)).toBe(failed);
  });

  test('a port in use: rejected with 69 and the port', async () => {
    const { origin } = await start();
    const port = Number(new URL(origin).port);
    await expect(startSimulator({ spec: SPEC, port })).rejects.toMatchObject({
      exitCode: 69,
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });

  test('close twice: both settle, and nothing listens any more', async () => {
    const simulator = await start();
    await simulator.close();
    await simulator.close();
    await expect(fetch(simulator.origin + TEXT)).rejects.toThrow('fetch failed');
  });
});
