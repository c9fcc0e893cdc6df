import { createAlibaba } from '@ai-sdk/alibaba';
import type { AlibabaProvider } from '@ai-sdk/alibaba';
import {
  APICallError,
  generateText,
  jsonSchema,
  Output,
  RetryError,
  stepCountIs,
  streamText,
  tool,
} from 'ai';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { startSimulateServer } from './simulate-server.ts';
import type { Account } from './simulate-server.ts';

/** Uses the Vercel AI SDK's own provider of Qwen against `qbatch simulate`; resolves to what both saw. */
async function withProvider<T>(
  use: (provider: AlibabaProvider) => Promise<T>,
): Promise<{ readonly seen: T; readonly account: Account }> {
  const server = await startSimulateServer();
  let seen: T;
  try {
    seen = await use(createAlibaba({ baseURL: server.compatibleBaseUrl, apiKey: 'sk-rehearsal' }));
  } catch (error) {
    await server.end();
    throw error;
  }
  return { seen, account: await server.end() };
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

const city = jsonSchema<{ location: string }>({
  type: 'object',
  properties: { location: { type: 'string' } },
  required: ['location'],
});
const TOOLS = {
  get_weather: tool({
    description: 'Current weather of a city',
    inputSchema: city,
    execute: () => '18 degrees and cloudy',
  }),
  get_time: tool({
    description: 'Local time of a city',
    inputSchema: city,
    execute: () => 'half past nine',
  }),
};
const BOTH = 'Tell me get_weather and get_time of Hangzhou';

describe('the Qwen provider of the Vercel AI SDK', () => {
  test('generateText: text, reason, usage with its details', async () => {
    const { seen, account } = await withProvider((qwen) =>
      generateText({ model: qwen('qwen-plus'), prompt: 'Why is the sky blue?' }),
    );
    expect(seen.text).toContain('sky blue');
    expect([seen.finishReason, seen.response.modelId]).toEqual(['stop', 'qwen-plus']);
    const { inputTokens, outputTokens, totalTokens } = seen.usage;
    expect(totalTokens).toBe(Number(inputTokens) + Number(outputTokens));
    expect(seen.usage.inputTokenDetails.cacheReadTokens).toBe(0);
    expect(account).toEqual({
      calls: 1,
      answered: 1,
      billed: { input: inputTokens, output: outputTokens },
      faults: {},
    });
  });

  test('streamText: the same text in parts, usage at the end', async () => {
    const { seen } = await withProvider(async (qwen) => {
      const asked = { model: qwen('qwen-plus'), prompt: 'Why is the sky blue?' };
      const whole = await generateText(asked);
      const stream = streamText(asked);
      const parts: string[] = [];
      for await (const part of stream.textStream) parts.push(part);
      return { whole, parts, usage: await stream.usage, reason: await stream.finishReason };
    });
    expect(seen.parts.length).toBeGreaterThan(4);
    expect(seen.parts.join('')).toBe(seen.whole.text);
    expect(seen.usage).toEqual(seen.whole.usage);
    expect(seen.reason).toBe('stop');
  });

  test('streamText, thinking: reasoning apart from the text, and counted apart', async () => {
    const { seen } = await withProvider(async (qwen) => {
      const stream = streamText({
        model: qwen('qwen-plus'),
        prompt: 'Why is the sky blue?',
        providerOptions: { alibaba: { enableThinking: true, thinkingBudget: 20 } },
      });
      const kinds: string[] = [];
      for await (const { type } of stream.fullStream) kinds.push(type);
      return { kinds, reasoning: await stream.reasoningText, usage: await stream.usage };
    });
    expect(seen.reasoning).not.toBe('');
    expect(seen.kinds.indexOf('reasoning-end')).toBeLessThan(seen.kinds.indexOf('text-start'));
    const { reasoningTokens, textTokens } = seen.usage.outputTokenDetails;
    expect(reasoningTokens).toBe(20);
    expect(Number(reasoningTokens) + Number(textTokens)).toBe(seen.usage.outputTokens);
  });

  test('tools: called, answered by their own functions, handed back', async () => {
    const { seen, account } = await withProvider((qwen) =>
      generateText({
        model: qwen('qwen-plus'),
        prompt: 'What does get_weather say of Hangzhou?',
        tools: TOOLS,
        stopWhen: stepCountIs(3),
      }),
    );
    expect(seen.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(seen.steps[0]?.toolCalls.map(({ toolName }) => toolName)).toEqual(['get_weather']);
    expect(seen.text).toContain('18 degrees and cloudy');
    expect(account).toMatchObject({ calls: 2, answered: 2 });
  });

  test('tools, parallel and streamed: both calls with their arguments whole', async () => {
    const { seen } = await withProvider(async (qwen) => {
      const stream = streamText({
        model: qwen('qwen-plus'),
        prompt: BOTH,
        tools: TOOLS,
        providerOptions: { alibaba: { parallelToolCalls: true } },
      });
      await stream.consumeStream();
      return { calls: await stream.toolCalls, results: await stream.toolResults };
    });
    expect(seen.calls.map(({ toolName }) => toolName)).toEqual(['get_weather', 'get_time']);
    expect(seen.calls.map(({ input }) => Object.keys(Object(input) as object))).toEqual([
      ['location'],
      ['location'],
    ]);
    expect(seen.results.map(({ output }) => output)).toEqual([
      '18 degrees and cloudy',
      'half past nine',
    ]);
  });

  test('JSON mode and an object of a schema: come as they were asked for', async () => {
    const schema = z.object({ city: z.string(), days: z.number(), sunny: z.boolean() });
    const prompt = 'The forecast of Hangzhou';
    const { seen } = await withProvider(async (qwen) => {
      const model = qwen('qwen-plus');
      const free = await generateText({ model, prompt, output: Output.json() });
      const shaped = await generateText({
        // One of the models that the provider sends a schema to; it thinks unless told not to.
        model: qwen('qwen3.7-plus'),
        prompt,
        output: Output.object({ schema }),
        providerOptions: { alibaba: { enableThinking: false } },
      });
      return { text: free.text, free: free.output, shaped: shaped.output };
    });
    expect(seen.free).toEqual(JSON.parse(seen.text));
    expect(schema.safeParse(seen.shaped).success).toBe(true);
  });

  test.each([
    [
      'a parameter out of range',
      'qwen-plus',
      { temperature: 2 },
      400,
      '<400> InternalError.Algo.InvalidParameter: Temperature should be in [0.0, 2.0)',
    ],
    [
      'a model that does not exist',
      'no-such-model',
      {},
      404,
      'The model no-such-model does not exist or you do not have access to it.',
    ],
  ])('%s: the status and the text, after one call', async (_, model, more, status, message) => {
    const { seen, account } = await withProvider((qwen) =>
      errorOf(generateText({ model: qwen(model), prompt: 'Hi', ...more })),
    );
    expect(APICallError.isInstance(seen)).toBe(true);
    expect(seen).toMatchObject({ statusCode: status, message, isRetryable: false });
    expect(account).toMatchObject({ calls: 1, answered: 0 });
  });

  test('a throttle, then an answer: it came on the second try', async () => {
    const { seen, account } = await withProvider((qwen) =>
      generateText({
        model: qwen('qwen-plus'),
        prompt: 'Hi [[simulate: error=limit_requests retry-after=0.01 times=1]]',
      }),
    );
    expect(seen.finishReason).toBe('stop');
    expect(account).toMatchObject({ calls: 2, answered: 1, faults: { limit_requests: 1 } });
  });

  test('a throttle that stays: two more tries, then the error with its text', async () => {
    const { seen, account } = await withProvider((qwen) =>
      errorOf(
        generateText({
          model: qwen('qwen-plus'),
          prompt: 'Hi [[simulate: error=insufficient_quota retry-after=0.01]]',
        }),
      ),
    );
    expect(RetryError.isInstance(seen)).toBe(true);
    expect((seen as RetryError).lastError).toMatchObject({ statusCode: 429, isRetryable: true });
    expect((seen as Error).message).toContain('You exceeded your current quota');
    expect(account).toMatchObject({ calls: 3, answered: 0 });
  });
});
