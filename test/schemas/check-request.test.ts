import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import { checkRequest } from '../../src/schemas/check-request.ts';
import { isObject } from '../../src/json/is-object.ts';
import { problemsOf, QUESTION, viewOf, WEATHER_TOOL } from './request-views.ts';
import type { ViewParts } from './request-views.ts';

const RECORDED = resolve(import.meta.dirname, '../../../shared/contract/recorded/index.json');

describe('checkRequest: clean lines', () => {
  test('two clean lines share one frozen empty array', () => {
    const first = checkRequest(viewOf());
    expect(first).toEqual([]);
    expect(Object.isFrozen(first)).toBe(true);
    expect(checkRequest(viewOf({ openai: true, parameters: { top_p: 0.8 } }))).toBe(first);
  });

  test('after a bad line a clean one is still clean', () => {
    expect(problemsOf({ parameters: { top_p: 5 } })).toHaveLength(1);
    expect(problemsOf()).toEqual([]);
  });
});

const text = fc.oneof(
  fc.constantFrom('请总结这段新闻。', 'Summarize this article.', '写一首关于秋天的诗', '👍 如何？'),
  fc.string({ unit: 'binary', minLength: 1 }),
);

const conversation = fc
  .tuple(
    fc.option(text, { nil: undefined }),
    fc.array(fc.tuple(text, text), { maxLength: 3 }),
    text,
  )
  .map(([system, turns, last]) => [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    ...turns.flatMap(([question, answer]) => [
      { role: 'user', content: question },
      { role: 'assistant', content: answer },
    ]),
    { role: 'user', content: last },
  ]);

/** Every documented parameter of a plain text model within its documented range; each may be left out. */
const parameters = fc.record(
  {
    temperature: fc.double({ min: 0, max: 1.999, noNaN: true }),
    top_p: fc.double({ min: 0.001, max: 1, noNaN: true }),
    top_k: fc.option(fc.nat(1000)),
    repetition_penalty: fc.double({ min: 0.01, max: 3, noNaN: true }),
    presence_penalty: fc.double({ min: -2, max: 2, noNaN: true }),
    seed: fc.nat(2_147_483_647),
    max_tokens: fc.integer({ min: 1, max: 32_768 }),
    stop: fc.oneof(text, fc.array(text), fc.array(fc.nat()), fc.array(fc.array(fc.nat()))),
    enable_thinking: fc.boolean(),
    enable_search: fc.boolean(),
    parallel_tool_calls: fc.boolean(),
    logprobs: fc.boolean(),
    tools: fc.constant([WEATHER_TOOL]),
    tool_choice: fc.constantFrom('auto', 'none'),
    search_options: fc.record(
      {
        enable_source: fc.boolean(),
        forced_search: fc.boolean(),
        search_strategy: fc.constantFrom('turbo', 'max'),
      },
      { requiredKeys: [] },
    ),
    response_format: fc.constant({ type: 'text' }),
  },
  { requiredKeys: [] },
);

describe('checkRequest: properties', () => {
  test('any line within the documented ranges has no error, on both protocols', () => {
    fc.assert(
      fc.property(conversation, parameters, fc.boolean(), (messages, given, openai) => {
        const problems = problemsOf({ messages, parameters: given, openai });
        expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
      }),
    );
  });

  test('any JSON in any place: problems, never an exception, at most a hundred', () => {
    const names = fc.constantFrom(
      'temperature',
      'tools',
      'tool_choice',
      'stop',
      'seed',
      'response_format',
      'search_options',
      'ocr_options',
      'translation_options',
      'modalities',
      'thinking_budget',
      'logit_bias',
      'skill',
    );
    const models = fc.constantFrom(
      'qwen-plus',
      'qwen-vl-max',
      'qwen-mt-plus',
      'qwen-deep-research',
      'qwen3-8b',
      'qwen-doc-turbo',
    );
    const message = fc.record(
      {
        role: fc.oneof(fc.constantFrom('user', 'assistant', 'tool', 'system'), fc.jsonValue()),
        content: fc.jsonValue(),
        tool_calls: fc.jsonValue(),
        tool_call_id: fc.jsonValue(),
        partial: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.array(message), fc.jsonValue()),
        fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue(), { noNullPrototype: true }),
        models,
        fc.boolean(),
        (messages, given, model, openai) => {
          const problems = problemsOf({
            messages,
            parameters: given,
            input: openai ? {} : given,
            model,
            openai,
          });
          expect(problems.length).toBeLessThanOrEqual(100);
          for (const problem of problems) {
            expect(problem.code).toMatch(/^qbatch_/);
            if (problem.severity === 'error') expect(problem.code).toBe('qbatch_invalid_request');
            expect(problem.message.length).toBeLessThan(1000);
          }
        },
      ),
    );
  });

  test('what is out of range stays an error whatever else the line says', () => {
    fc.assert(
      fc.property(
        conversation,
        parameters,
        fc.double({ min: 2, max: 1e6, noNaN: true }),
        (messages, given, temperature) => {
          const paths = problemsOf({ messages, parameters: { ...given, temperature } })
            .filter(({ severity }) => severity === 'error')
            .map(({ path }) => path);
          expect(paths).toEqual(['parameters.temperature']);
        },
      ),
    );
  });
});

type Recording = { readonly file: string; readonly status: unknown; readonly parts: ViewParts };

/** The recorded native calls that are language-model calls, as views. */
function recordings(): Recording[] {
  const index: unknown = JSON.parse(readFileSync(RECORDED, 'utf8'));
  const entries = isObject(index) && Array.isArray(index['entries']) ? index['entries'] : [];
  const catalog = loadCatalog();
  return entries.flatMap((entry: unknown): Recording[] => {
    if (!isObject(entry) || !/^(?:native|deep-research)-/.test(String(entry['kind']))) return [];
    const body = entry['request_body'];
    if (!isObject(body) || !isObject(body['input'])) return [];
    const { messages, ...input } = body['input'];
    const given = isObject(body['parameters']) ? body['parameters'] : {};
    const model = String(body['model']);
    const parts = { model, profile: catalog.profile(model), input, messages, parameters: given };
    return [{ file: String(entry['file']), status: entry['http_status'], parts }];
  });
}

describe('checkRequest: recorded exchanges', () => {
  test.skipIf(!existsSync(RECORDED))(
    'what the service answered with 200 has no error (skipped without the recordings)',
    () => {
      const answered = recordings().filter(({ status }) => status === 200);
      expect(answered.length).toBeGreaterThan(10);
      for (const { file, parts } of answered) {
        const errors = problemsOf(parts).filter(({ severity }) => severity === 'error');
        expect(errors, file).toEqual([]);
      }
    },
  );

  test('the call that the service refused for its empty messages is an error here too', () => {
    expect(
      problemsOf({ model: 'qwen-max', input: { prompt: '请问 1+1 是多少？' }, messages: [] }).map(
        ({ severity }) => severity,
      ),
    ).toContain('error');
    expect(problemsOf({ messages: QUESTION })).toEqual([]);
  });
});
