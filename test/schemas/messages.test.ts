import { describe, expect, test } from 'vitest';
import { outline, problemsOf, QUESTION } from './request-views.ts';
import type { ViewParts } from './request-views.ts';

const user = (content: unknown): unknown => ({ role: 'user', content });
const ASK = user('杭州现在的天气如何？');
const call = (id: string, args = '{"location":"杭州"}'): unknown => ({
  id,
  type: 'function',
  function: { name: 'get_current_weather', arguments: args },
});
const calls = (...ids: string[]): unknown => ({
  role: 'assistant',
  content: '',
  tool_calls: ids.map((id) => call(id)),
});
const result = (id?: string): unknown => ({
  role: 'tool',
  content: '多云，18 度',
  ...(id === undefined ? {} : { tool_call_id: id }),
});
const TOOLS = {
  result_format: 'message',
  tools: [
    { type: 'function', function: { name: 'get_current_weather', description: '获取现在的天气' } },
  ],
};

function said(parts: ViewParts): string[] {
  return problemsOf(parts).map(({ severity, path, message }) => `${severity} ${path}: ${message}`);
}

describe('messages: the list', () => {
  test('missing, without a prompt: the text of the service', () => {
    const [problem] = problemsOf({ messages: undefined });
    expect(problem).toMatchObject({ severity: 'error', path: 'input.messages' });
    expect(problem?.message).toContain(
      'Either "prompt" or "messages" must exist and cannot both be none',
    );
  });

  test('missing in compatible mode: an error at the body', () => {
    expect(outline({ openai: true, messages: undefined })).toEqual(['error body.messages']);
  });

  test('empty: [] is too short', () => {
    expect(said({ messages: [] })).toEqual([
      'error input.messages: messages is []; it must have at least one message (service: [] is too short) [error codes, 2026-05]',
    ]);
  });

  test('not an array: an error', () => {
    for (const messages of [null, '你好', {}, 5])
      expect(outline({ messages })).toEqual(['error input.messages']);
  });

  test('no user message: the text of the service', () => {
    const [problem, ...more] = problemsOf({
      messages: [{ role: 'system', content: 'You are a helpful assistant.' }],
    });
    expect(more).toEqual([]);
    expect(problem?.message).toContain('do not contain elements with the role of user');
  });

  test('a message that is no object: an error at its index', () => {
    expect(outline({ messages: [ASK, '你好'] })).toEqual(['error input.messages[1]']);
    expect(outline({ messages: [null] })).toEqual(['error input.messages[0]']);
  });

  test('an unknown role: an error at the role, and nothing about a missing user', () => {
    expect(outline({ messages: [{ role: 'human', content: '你好' }] })).toEqual([
      'error input.messages[0].role',
    ]);
    expect(
      said({ openai: true, messages: [{ role: 'developer', content: 'Be brief.' }, ASK] })[0],
    ).toContain('where Model Studio has "system"');
  });

  test('the deprecated prompt: a note; with messages too: a warning; of a wrong type: an error', () => {
    expect(
      problemsOf({ messages: undefined, input: { prompt: '请问 1+1 是多少？' } }),
    ).toMatchObject([{ severity: 'note', path: 'input.prompt', code: 'qbatch_deprecated' }]);
    expect(outline({ input: { prompt: '请问 1+1 是多少？' } })).toEqual(['warning input.prompt']);
    expect(outline({ messages: undefined, input: { prompt: 5 } })).toEqual(['error input.prompt']);
  });

  test('partial: fine at the end, a warning elsewhere, an error of a wrong type', () => {
    const prefix = { role: 'assistant', content: '春天来了，大地', partial: true };
    expect(problemsOf({ messages: [ASK, prefix] })).toEqual([]);
    expect(outline({ messages: [ASK, prefix, ASK] })).toEqual([
      'warning input.messages[1].partial',
    ]);
    expect(outline({ messages: [ASK, { ...prefix, partial: 'yes' }, ASK] })).toEqual([
      'error input.messages[1].partial',
    ]);
  });
});

describe('messages: content', () => {
  test('missing or null: an error, except beside tool calls', () => {
    expect(said({ messages: [{ role: 'user' }] })[0]).toContain(
      'The content field is a required field.',
    );
    expect(outline({ messages: [ASK, { role: 'assistant', content: null }, ASK] })).toEqual([
      'error input.messages[1].content',
    ]);
    const silent = { role: 'assistant', content: null, tool_calls: [call('call_1')] };
    expect(problemsOf({ messages: [ASK, silent, result('call_1')], parameters: TOOLS })).toEqual(
      [],
    );
  });

  test('neither text nor parts: an error', () => {
    for (const content of [5, true, { text: '你好' }])
      expect(outline({ messages: [user(content)] })).toEqual(['error input.messages[0].content']);
  });

  test('an empty user message: an error natively, a warning in compatible mode', () => {
    expect(outline({ messages: [user('')] })).toEqual(['error input.messages[0].content']);
    expect(outline({ openai: true, messages: [user('')] })).toEqual([
      'warning body.messages[0].content',
    ]);
    expect(problemsOf({ messages: [{ role: 'system', content: '' }, ASK] })).toEqual([]);
  });

  test('an array for a text model on the native text path: refused with the text of the service', () => {
    const messages = [user([{ text: '你好' }])];
    expect(said({ messages })[0]).toContain('input content must be a string.');
    expect(outline({ messages })).toEqual(['error input.messages[0].content']);
    expect(outline({ messages, model: 'deepseek-v4-pro' })).toEqual([
      'warning input.messages[0].content',
    ]);
    expect(problemsOf({ messages, model: 'qwen-doc-turbo' })).toEqual([]);
  });

  test('an array with cache_control: the explicit cache, and accepted', () => {
    const cached = { type: 'text', text: '以下是合同全文……', cache_control: { type: 'ephemeral' } };
    expect(
      problemsOf({ messages: [user([cached, { type: 'text', text: '概括第三条。' }])] }),
    ).toEqual([]);
    expect(
      outline({ messages: [user([{ ...cached, cache_control: { type: 'forever' } }])] }),
    ).toEqual(['warning input.messages[0].content[0].cache_control']);
  });

  test('documents for qwen-doc: accepted', () => {
    const parts = [
      { type: 'text', text: '提取产品信息' },
      { type: 'doc_url', doc_url: ['https://example.com/手册.pdf'], file_parsing_strategy: 'auto' },
    ];
    expect(problemsOf({ model: 'qwen-doc-turbo', messages: [user(parts)] })).toEqual([]);
  });
});

describe('messages: tool calls and answers', () => {
  const line = (...messages: unknown[]): ViewParts => ({
    messages: [ASK, ...messages],
    parameters: TOOLS,
  });

  test('calls and answers in order: clean, also twice and for several calls', () => {
    expect(problemsOf(line(calls('a', 'b'), result('b'), result('a')))).toEqual([]);
    expect(problemsOf(line(calls('a'), result('a'), calls('b'), result('b')))).toEqual([]);
  });

  test('an answer without a call: an error', () => {
    expect(said(line(result('a')))).toHaveLength(1);
    expect(said(line(result('a')))[0]).toContain(
      'must be a response to a preceeding message with "tool_calls"',
    );
    expect(outline(line(calls('a'), result('a'), ASK, result('a')))).toEqual([
      'error input.messages[4]',
    ]);
  });

  test('an answer to a call of another name: one error, at the answer', () => {
    expect(outline(line(calls('a'), result('b')))).toEqual([
      'error input.messages[2].tool_call_id',
    ]);
  });

  test('an answer to a call of another name stands for one call, not for two', () => {
    expect(outline(line(calls('a', 'b'), result('c')))).toEqual([
      'error input.messages[2].tool_call_id',
      'error input.messages[1].tool_calls',
    ]);
  });

  test('a call without an answer: an error, at the end of the list too', () => {
    expect(said(line(calls('a', 'b'), result('a'), ASK))).toHaveLength(1);
    expect(said(line(calls('a', 'b'), result('a'), ASK))[0]).toContain(
      'must be followed by tool messages',
    );
    expect(outline(line(calls('a')))).toEqual(['error input.messages[1].tool_calls']);
  });

  test('an answer without an id: a warning, and it answers one call', () => {
    expect(outline(line(calls('a'), result()))).toEqual(['warning input.messages[2].tool_call_id']);
  });

  test('calls of a wrong shape: an error inside', () => {
    const odd = {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: {} } }],
    };
    expect(outline(line(odd, result('a')))).toEqual([
      'error input.messages[1].tool_calls[0].function.arguments',
    ]);
    expect(outline(line({ role: 'assistant', content: '', tool_calls: 'f' }, ASK))).toEqual([
      'error input.messages[1].tool_calls',
    ]);
  });

  test('arguments that are no JSON: an error for coder models, else a warning', () => {
    const torn = { role: 'assistant', content: '', tool_calls: [call('a', '{"location":')] };
    expect(outline(line(torn, result('a')))).toEqual([
      'warning input.messages[1].tool_calls[0].function.arguments',
    ]);
    expect(outline({ ...line(torn, result('a')), model: 'qwen3-coder-plus' })).toEqual([
      'error input.messages[1].tool_calls[0].function.arguments',
    ]);
  });
});

test('messages: hundreds of thousands of bad ones leave at most a hundred problems', () => {
  const messages: unknown[] = Array.from({ length: 200_000 }, () => 1);
  expect(problemsOf({ messages })).toHaveLength(100);
  expect(problemsOf({ messages: QUESTION })).toEqual([]);
});
