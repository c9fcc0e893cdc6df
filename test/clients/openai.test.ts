import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startSimulateServer } from './simulate-server.ts';
import type { Account } from './simulate-server.ts';

type Chat = OpenAI.Chat.Completions.ChatCompletion;
type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;
type Delta = OpenAI.Chat.Completions.ChatCompletionChunk.Choice.Delta;
type Ask = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming;

/** What the service adds to the field's messages. */
type Reasoning = { readonly reasoning_content?: string | null };

/** Uses the official client against `qbatch simulate`; resolves to what both saw. */
async function withClient<T>(
  use: (client: OpenAI) => Promise<T>,
  options: Partial<ConstructorParameters<typeof OpenAI>[0]> = {},
): Promise<{ readonly seen: T; readonly account: Account }> {
  const server = await startSimulateServer();
  let seen: T;
  try {
    seen = await use(
      new OpenAI({ baseURL: server.compatibleBaseUrl, apiKey: 'sk-rehearsal', ...options }),
    );
  } catch (error) {
    await server.end();
    throw error;
  }
  return { seen, account: await server.end() };
}

function ask(content: string, more: Partial<Ask> = {}): Ask {
  return { model: 'qwen-plus', messages: [{ role: 'user', content }], ...more };
}

function weatherTool(
  name: string,
  description: string,
): OpenAI.Chat.Completions.ChatCompletionTool {
  const location = { type: 'string', description: 'a city' };
  const parameters = { type: 'object', properties: { location }, required: ['location'] };
  return { type: 'function', function: { name, description, parameters } };
}

const TOOLS = [
  weatherTool('get_weather', 'Current weather of a city'),
  weatherTool('get_time', 'Local time of a city'),
];
const BOTH = 'Tell me get_weather and get_time of Hangzhou';

async function collect(stream: AsyncIterable<Chunk>): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

function textOf(chunks: readonly Chunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
}

/** The error of a call that must fail. */
async function errorOf(call: PromiseLike<unknown>): Promise<unknown> {
  return call.then(
    () => {
      throw new Error('the call was answered');
    },
    (error: unknown) => error,
  );
}

describe('the official openai client: answers', () => {
  test('chat: a message, a reason and a usage that adds up', async () => {
    const { seen, account } = await withClient((client) =>
      client.chat.completions.create(ask('Why is the sky blue?')),
    );
    expect(seen.id).toMatch(/^chatcmpl-/);
    expect([seen.object, seen.model, seen.choices.length]).toEqual([
      'chat.completion',
      'qwen-plus',
      1,
    ]);
    expect(seen.choices[0]?.message.content).toContain('sky blue');
    expect(seen.choices[0]?.finish_reason).toBe('stop');
    const {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: total,
    } = seen.usage ?? {};
    expect(total).toBe(Number(input) + Number(output));
    expect(account).toEqual({ calls: 1, answered: 1, billed: { input, output }, faults: {} });
  });

  test('stream: the same text in pieces, usage in a last chunk without choices', async () => {
    const { seen } = await withClient(async (client) => {
      const whole = await client.chat.completions.create(ask('Why is the sky blue?'));
      const stream = await client.chat.completions.create({
        ...ask('Why is the sky blue?'),
        stream: true,
        stream_options: { include_usage: true },
      });
      return { whole, chunks: await collect(stream) };
    });
    expect(seen.chunks.length).toBeGreaterThan(4);
    expect(textOf(seen.chunks)).toBe(seen.whole.choices[0]?.message.content);
    expect(seen.chunks.at(-1)?.choices).toEqual([]);
    expect(seen.chunks.at(-1)?.usage).toEqual(seen.whole.usage);
    expect(seen.chunks.slice(0, -1).map(({ usage }) => usage ?? null)).not.toContainEqual(
      expect.anything(),
    );
    expect(seen.chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
  });

  test('stream: no usage where it is not asked for', async () => {
    const { seen } = await withClient(async (client) =>
      collect(await client.chat.completions.create({ ...ask('Hello'), stream: true })),
    );
    expect(seen.filter(({ usage }) => usage != null)).toEqual([]);
    expect(seen.filter(({ choices }) => choices.length === 0)).toEqual([]);
  });

  test('stream: the accumulator of the client folds it to the unstreamed answer', async () => {
    const { seen } = await withClient(async (client) => {
      const whole = await client.chat.completions.create(
        ask('Tell me a fact', { n: 2, logprobs: true }),
      );
      const folded = await client.chat.completions
        .stream({ ...ask('Tell me a fact', { n: 2, logprobs: true }), stream: true })
        .finalChatCompletion();
      return { whole, folded };
    });
    const said = ({ choices }: Chat): unknown =>
      choices.map(({ index, finish_reason, message, logprobs }) => [
        index,
        finish_reason,
        message.content,
        logprobs?.content?.map(({ token, logprob }) => [token, logprob]),
      ]);
    expect(seen.whole.choices.map(({ index }) => index)).toEqual([0, 1]);
    expect(said(seen.folded)).toEqual(said(seen.whole));
    const tokens = seen.whole.choices[1]?.logprobs?.content ?? [];
    expect(tokens.map(({ token }) => token).join('')).toBe(seen.whole.choices[1]?.message.content);
  });

  test('thinking: the chain of thought comes before the answer, and is counted', async () => {
    const { seen } = await withClient(async (client) => {
      const more = { enable_thinking: true } as Partial<Ask>;
      return collect(
        await client.chat.completions.create({
          ...ask('Why is the sky blue?', more),
          stream: true,
          stream_options: { include_usage: true },
        }),
      );
    });
    const kinds = seen.flatMap(({ choices }) => {
      const delta: (Delta & Reasoning) | undefined = choices[0]?.delta;
      if ((delta?.reasoning_content ?? '') !== '') return ['thought'];
      return (delta?.content ?? '') === '' ? [] : ['said'];
    });
    const thoughts = kinds.filter((kind) => kind === 'thought').length;
    expect(thoughts).toBeGreaterThan(0);
    expect(kinds.slice(0, thoughts)).toEqual(kinds.filter((kind) => kind === 'thought'));
    const usage = seen.at(-1)?.usage;
    const thought = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
    expect(thought).toBeGreaterThan(0);
    expect(thought).toBeLessThan(usage?.completion_tokens ?? 0);
  });

  test('an image: its tokens are in the details of the input', async () => {
    const { seen } = await withClient((client) => {
      const url = 'https://example.com/dog.jpeg';
      const content = [
        { type: 'image_url' as const, image_url: { url } },
        { type: 'text' as const, text: 'What is this?' },
      ];
      return client.chat.completions.create({
        model: 'qwen3-vl-plus',
        messages: [{ role: 'user', content }],
      });
    });
    const details = seen.usage?.prompt_tokens_details as Record<string, number> | undefined;
    expect(details?.['image_tokens']).toBeGreaterThan(0);
    expect(Number(details?.['image_tokens']) + Number(details?.['text_tokens'])).toBe(
      seen.usage?.prompt_tokens,
    );
  });

  test('JSON mode and a schema: what comes is JSON, and of the schema', async () => {
    const schema = z.object({ city: z.string(), days: z.number(), sunny: z.boolean() });
    const { seen } = await withClient(async (client) => {
      const json = await client.chat.completions.create(
        ask('Describe Hangzhou as json', { response_format: { type: 'json_object' } }),
      );
      const parsed = await client.chat.completions.parse({
        ...ask('Describe Hangzhou'),
        response_format: zodResponseFormat(schema, 'forecast'),
      });
      return { text: json.choices[0]?.message.content ?? '', parsed };
    });
    expect(JSON.parse(seen.text)).toBeTypeOf('object');
    expect(schema.safeParse(seen.parsed.choices[0]?.message.parsed).success).toBe(true);
  });
});

describe('the official openai client: tools', () => {
  test('one call: the first tool that the message names, with arguments of its schema', async () => {
    const { seen } = await withClient((client) =>
      client.chat.completions.create(ask(BOTH, { tools: TOOLS })),
    );
    const [choice] = seen.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    const calls = choice?.message.tool_calls ?? [];
    expect(calls.map((call) => call.type === 'function' && call.function.name)).toEqual([
      'get_weather',
    ]);
    const [call] = calls;
    expect(call?.type === 'function' && Object.keys(JSON.parse(call.function.arguments))).toEqual([
      'location',
    ]);
  });

  test('parallel, streamed: the fragments of both calls are put together by index', async () => {
    const asked = ask(BOTH, { tools: TOOLS, parallel_tool_calls: true });
    const { seen } = await withClient(async (client) => {
      const whole = await client.chat.completions.create(asked);
      const folded = await client.chat.completions
        .stream({ ...asked, stream: true })
        .finalChatCompletion();
      return { whole, folded };
    });
    const calls = ({ choices }: Chat): unknown =>
      choices[0]?.message.tool_calls?.map(
        (call) =>
          call.type === 'function' && [call.id, call.function.name, call.function.arguments],
      );
    expect(calls(seen.whole)).toHaveLength(2);
    expect(calls(seen.folded)).toEqual(calls(seen.whole));
    expect(seen.folded.choices[0]?.finish_reason).toBe('tool_calls');
  });

  test("the client's own loop: the results are handed back and answered", async () => {
    const { seen, account } = await withClient(async (client) => {
      const runner = client.chat.completions.runTools({
        model: 'qwen-plus',
        messages: [{ role: 'user', content: 'What does get_weather say of Hangzhou?' }],
        tools: [
          {
            type: 'function',
            function: {
              name: 'get_weather',
              description: 'Current weather of a city',
              parameters: { type: 'object', properties: { location: { type: 'string' } } },
              parse: (text: string) => JSON.parse(text) as { location: string },
              function: () => '18 degrees and cloudy',
            },
          },
        ],
      });
      return {
        content: await runner.finalContent(),
        roles: runner.messages.map(({ role }) => role),
      };
    });
    expect(seen.roles).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(seen.content).toContain('18 degrees and cloudy');
    expect(account).toMatchObject({ calls: 2, answered: 2 });
  });

  test('a result that nobody asked for: is refused', async () => {
    const { seen } = await withClient((client) =>
      errorOf(
        client.chat.completions.create({
          model: 'qwen-plus',
          messages: [
            { role: 'user', content: 'Weather?' },
            { role: 'tool', content: '18 degrees', tool_call_id: 'call_1' },
          ],
        }),
      ),
    );
    expect(seen).toBeInstanceOf(OpenAI.BadRequestError);
    expect(seen).toMatchObject({ code: 'invalid_parameter_error', type: 'invalid_request_error' });
    expect((seen as Error).message).toContain('must be a response to a prec');
  });
});

describe('the official openai client: errors', () => {
  test.each([
    [
      'a parameter out of range',
      ask('Hi', { temperature: 2 }),
      OpenAI.BadRequestError,
      {
        status: 400,
        code: 'invalid_parameter_error',
        type: 'invalid_request_error',
        message:
          '400 <400> InternalError.Algo.InvalidParameter: Temperature should be in [0.0, 2.0)',
      },
    ],
    [
      'JSON mode without the word',
      ask('Hi', { response_format: { type: 'json_object' } }),
      OpenAI.BadRequestError,
      {
        status: 400,
        message:
          "400 <400> InternalError.Algo.InvalidParameter: 'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      },
    ],
    [
      'a model that does not exist',
      ask('Hi', { model: 'no-such-model' }),
      OpenAI.NotFoundError,
      {
        status: 404,
        code: 'model_not_found',
        message: '404 The model no-such-model does not exist or you do not have access to it.',
      },
    ],
    [
      'no access',
      ask('Hi [[simulate: error=AllocationQuota.FreeTierOnly]]'),
      OpenAI.PermissionDeniedError,
      { status: 403, code: 'AllocationQuota.FreeTierOnly' },
    ],
    [
      'too many requests',
      ask('Hi [[simulate: error=limit_requests]]'),
      OpenAI.RateLimitError,
      { status: 429, code: 'limit_requests', type: 'limit_requests' },
    ],
    [
      'tokens used up',
      ask('Hi [[simulate: error=insufficient_quota]]'),
      OpenAI.RateLimitError,
      { status: 429, code: 'insufficient_quota' },
    ],
    [
      'an internal error',
      ask('Hi [[simulate: error=internal_error]]'),
      OpenAI.InternalServerError,
      { status: 500, code: 'internal_error' },
    ],
  ] as const)('%s: the class, the code and the text', async (_, asked, kind, facts) => {
    const { seen, account } = await withClient(
      (client) => errorOf(client.chat.completions.create(asked)),
      { maxRetries: 0 },
    );
    expect(seen).toBeInstanceOf(kind);
    expect(seen).toMatchObject(facts);
    expect(account).toMatchObject({ calls: 1, answered: 0, billed: { input: 0, output: 0 } });
  });

  test('no key: authentication failed', async () => {
    const { seen } = await withClient(
      (client) => errorOf(client.chat.completions.create(ask('Hi'))),
      { defaultHeaders: { authorization: null } },
    );
    expect(seen).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(seen).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect((seen as Error).message).toContain('Incorrect API key provided.');
  });

  test('in the middle of a stream: what came before is seen, then the error is thrown', async () => {
    const { seen } = await withClient(async (client) => {
      const chunks: Chunk[] = [];
      const error = await errorOf(
        (async () => {
          const asked = ask('Hi [[simulate: error=data_inspection_failed late]]');
          for await (const chunk of await client.chat.completions.create({
            ...asked,
            stream: true,
          }))
            chunks.push(chunk);
        })(),
      );
      return { chunks, error };
    });
    expect(textOf(seen.chunks)).not.toBe('');
    expect(seen.error).toBeInstanceOf(OpenAI.APIError);
    expect(seen.error).toMatchObject({ code: 'data_inspection_failed' });
  });
});

describe('the official openai client: retries', () => {
  test.each([
    ['a throttle', 'error=limit_requests retry-after=0.01 times=1', 'limit_requests'],
    ['an overload', 'error=ModelServingError retry-after=0.01 times=1', 'ModelServingError'],
    ['a reset connection', 'reset times=1', 'reset'],
  ])('%s, then an answer: it came on the second try', async (_, directive, fault) => {
    const { seen, account } = await withClient((client) =>
      client.chat.completions.create(ask(`Hi [[simulate: ${directive}]]`)),
    );
    expect(seen.choices[0]?.finish_reason).toBe('stop');
    expect(account).toMatchObject({ calls: 2, answered: 1, faults: { [fault]: 1 } });
  });

  test('a throttle that stays: two more tries, then the error', async () => {
    const { seen, account } = await withClient((client) =>
      errorOf(
        client.chat.completions.create(
          ask('Hi [[simulate: error=limit_requests retry-after=0.01]]'),
        ),
      ),
    );
    expect(seen).toBeInstanceOf(OpenAI.RateLimitError);
    expect(account).toMatchObject({ calls: 3, answered: 0 });
  });

  test('a refusal: is not asked again', async () => {
    const { account } = await withClient((client) =>
      errorOf(client.chat.completions.create(ask('Hi', { top_p: 0 }))),
    );
    expect(account).toMatchObject({ calls: 1, faults: { invalid_parameter_error: 1 } });
  });
});
