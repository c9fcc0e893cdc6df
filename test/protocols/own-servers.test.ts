import { describe, expect, test } from 'vitest';
import { classify } from '../../src/classify.ts';
import type { ApiFailure, Verdict } from '../../src/failure.ts';
import { looksForeign, looksVoid } from '../../src/job/foreign-reply.ts';
import { openai } from '../../src/protocols/openai.ts';
import { asked } from '../helpers/asked.ts';

/*
 * Errors of servers that `--base-url` may name, in their own words: vLLM, SGLang, Ollama, llama.cpp, LiteLLM, one-api, new-api. What
 * they say is to be known for what it is: neither another server's page nor a fault of a line that has none.
 */

function failureOf(statusCode: number, body: string): ApiFailure {
  const decoded = openai.decode({ statusCode, headers: {}, body: Buffer.from(body) }, asked());
  if (decoded.kind !== 'failure') throw new Error(`no failure: ${JSON.stringify(decoded)}`);
  return decoded.failure;
}

function streamedFailureOf(...events: readonly string[]): ApiFailure {
  const fold = openai.fold({ statusCode: 200, headers: {} }, asked());
  for (const event of events) fold.push(Buffer.from(`data: ${event}\n\n`));
  const decoded = fold.end();
  if (decoded.kind !== 'failure') throw new Error(`no failure: ${JSON.stringify(decoded)}`);
  return decoded.failure;
}

type Verdicts = Partial<Verdict>;
const GONE: Verdicts = { action: 'stop', scope: 'model', class: 'not_found', billing: 'rejected' };
const LINE: Verdicts = { action: 'fail', scope: 'line', billing: 'rejected' };
const SPENT: Verdicts = { action: 'stop', scope: 'account', class: 'billing', billing: 'rejected' };
const AGAIN: Verdicts = { action: 'retry', scope: 'line', billing: 'rejected' };
const SLOWER: Verdicts = { action: 'throttle', scope: 'model', billing: 'rejected' };

const TOO_LONG = "This model's maximum context length is 4096 tokens.";

type Reply = readonly [string, number, string, string, Verdicts];

const REPLIES: readonly Reply[] = [
  [
    'vLLM before 0.10, a model that is not served',
    404,
    '{"object":"error","message":"The model `Qwen/Qwen3-8B` does not exist.","type":"NotFoundError","param":null,"code":404}',
    'NotFoundError',
    GONE,
  ],
  [
    'vLLM, a model that is not served',
    404,
    '{"error":{"message":"The model `Qwen/Qwen3-8B` does not exist.","type":"NotFoundError","param":"model","code":404}}',
    'NotFoundError',
    GONE,
  ],
  [
    'Ollama, a model that was not pulled',
    404,
    '{"error":{"message":"model \\"qwen3:8b\\" not found, try pulling it first","type":"api_error","param":null,"code":null}}',
    'api_error',
    GONE,
  ],
  [
    'llama.cpp, a model that it does not have',
    404,
    '{"error":{"code":404,"message":"model \'qwen3:8b\' not found","type":"invalid_request_error"}}',
    'invalid_request_error',
    GONE,
  ],
  [
    'LiteLLM, a model that is not in its list',
    400,
    '{"error":{"message":"/chat/completions: Invalid model name passed in model=qwen3. Call `/v1/models` to view available models for your key.","type":"invalid_request_error","param":"model","code":"400"}}',
    'invalid_request_error',
    GONE,
  ],
  [
    'LiteLLM of 2024, the same',
    400,
    '{"error":{"message":"400: {\'error\': \'Invalid model name passed in model=qwen3\'}","type":"None","param":"None","code":400}}',
    'qbatch_http_400',
    GONE,
  ],
  [
    'LiteLLM, the same in its older words',
    400,
    '{"error":{"message":"{\'error\': \'/chat/completions: Invalid model name passed in model=qwen3\'}","type":"None","param":"None","code":"None"}}',
    'qbatch_http_400',
    GONE,
  ],
  [
    'LiteLLM 1.61, the same',
    400,
    '{"error":{"message":{"error":"/chat/completions: Invalid model name passed in model=qwen3. Call `/v1/models` to view available models for your key."},"type":"None","param":"None","code":"400"}}',
    '400',
    GONE,
  ],
  [
    'LiteLLM, an error of the server behind it that quotes a prompt',
    400,
    '{"error":{"message":"litellm.BadRequestError: OpenAIException - not allowed: \'Why does it say Invalid model name passed in model=x?\'","type":"invalid_request_error","param":null,"code":"400"}}',
    'invalid_request_error',
    LINE,
  ],
  [
    'SGLang, a prompt that is too long',
    400,
    `{"object":"error","message":"${TOO_LONG}","type":"BadRequestError","param":null,"code":400}`,
    'BadRequestError',
    LINE,
  ],
  [
    'a message of a line that speaks of a model',
    404,
    '{"error":{"message":"the file that the model asks for was not found","type":"NotFoundError"}}',
    'NotFoundError',
    LINE,
  ],
  [
    'LiteLLM, a budget that is used up',
    400,
    '{"error":{"message":"Budget has been exceeded! Current cost: 10.0, Max budget: 5.0","type":"budget_exceeded","param":null,"code":"400"}}',
    'budget_exceeded',
    SPENT,
  ],
  [
    'LiteLLM, the same with 429',
    429,
    '{"error":{"message":"Budget has been exceeded! Current cost: 10.0, Max budget: 5.0","type":"budget_exceeded","param":null,"code":"429"}}',
    'budget_exceeded',
    SPENT,
  ],
  [
    'one-api, a quota that is used up',
    403,
    '{"error":{"message":"用户额度不足","type":"one_api_error","param":"","code":"insufficient_user_quota"}}',
    'insufficient_user_quota',
    SPENT,
  ],
  [
    'new-api, all channels of a model are down',
    503,
    '{"error":{"message":"No available channel for model qwen-plus under group default (distributor) (request id: 2026)","type":"new_api_error","param":"","code":"model_not_found"}}',
    'model_not_found',
    AGAIN,
  ],
  [
    'one-api, the same without a code',
    503,
    '{"error":{"message":"当前分组 default 下对于模型 qwen-plus 无可用渠道 (request id: 2026)","type":"one_api_error"}}',
    'one_api_error',
    AGAIN,
  ],
  ...([404, 400] as const).map((status): Reply => [
    `new-api, a model that it does not offer, ${status}`,
    status,
    '{"error":{"message":"No available channel for model qwen-plus under group default (distributor)","type":"new_api_error","code":"model_not_found"}}',
    'model_not_found',
    GONE,
  ]),
  [
    'LiteLLM, a throttle without a type',
    429,
    '{"error":{"message":"No deployments available for selected model","type":"None","param":"None","code":"429"}}',
    '429',
    SLOWER,
  ],
  [
    'a throttle with a code that blames the request',
    429,
    '{"error":{"message":"slow down","type":"invalid_request_error","param":null,"code":"429"}}',
    'invalid_request_error',
    SLOWER,
  ],
  [
    'a server that is busy, with a code that blames the request',
    503,
    '{"error":{"message":"Service is too busy.","type":"unknown","param":null,"code":"invalid_request_error"}}',
    'invalid_request_error',
    AGAIN,
  ],
];

describe('errors of servers of one’s own', () => {
  test.each(REPLIES)('%s', (_, status, body, code, verdict) => {
    const failure = failureOf(status, body);
    expect(failure).toMatchObject({ code, statusCode: status });
    expect(classify(failure)).toMatchObject(verdict);
    expect(looksForeign(failure)).toBe(false);
  });

  const frameOf = (type: string, code: number | string): string =>
    JSON.stringify({ error: { object: 'error', message: TOO_LONG, type, param: null, code } });

  test.each<[string, string, number | string, number, Verdicts]>([
    ['SGLang with a full queue', 'SERVICE_UNAVAILABLE', 503, 503, AGAIN],
    ['vLLM, a prompt that is too long', 'BadRequestError', 400, 400, LINE],
    ['LiteLLM, a throttle', 'throttling_error', '429', 429, SLOWER],
    ['vLLM, a failure', 'InternalServerError', 500, 500, { ...AGAIN, billing: 'possibly_billed' }],
  ])('behind the 200 of a stream: %s', (_, type, code, status, verdict) => {
    const failure = streamedFailureOf(frameOf(type, code), '[DONE]');
    expect(failure).toMatchObject({ kind: 'http', code: type, statusCode: status });
    expect(classify(failure)).toMatchObject(verdict);
    expect(looksVoid(failure)).toBe(false);
    const whole = failureOf(200, frameOf(type, code));
    expect(whole).toMatchObject({ code: type, statusCode: status });
    expect(classify(whole)).toMatchObject(verdict);
  });

  test('behind a part of the answer: possibly billed, whatever the status', () => {
    const part = '{"choices":[{"index":0,"delta":{"content":"好"},"finish_reason":null}]}';
    const failure = streamedFailureOf(part, frameOf('SERVICE_UNAVAILABLE', 503));
    expect(classify(failure).billing).toBe('possibly_billed');
  });

  test.each(['0', 7, '99999', 200, null, true])('a code of %j is no status', (code) => {
    const failure = failureOf(200, JSON.stringify({ error: { message: 'no', type: 'odd', code } }));
    expect(failure).toMatchObject({ code: 'odd', statusCode: 200 });
  });
});
