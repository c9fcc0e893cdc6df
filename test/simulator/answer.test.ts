import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeAnswer } from '../../src/simulator/answer.ts';
import { NO_DIRECTIVES } from '../../src/simulator/directives.ts';
import { readRequest } from '../../src/simulator/request.ts';
import type { SimulatedRequest } from '../../src/simulator/request.ts';
import { quoteFrom } from '../../src/simulator/sentences.ts';
import { estimateTokens, splitTokens } from '../../src/simulator/tokens.ts';

const PLAIN = NO_DIRECTIVES;
const LONE_SURROGATE = /\p{Surrogate}/u;

const WEATHER = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: '查询指定城市的天气',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        days: { type: 'integer', minimum: 1, maximum: 3 },
      },
      required: ['city', 'unit', 'days'],
    },
  },
};

function chat(
  content: string,
  more: object = {},
  before: readonly object[] = [],
): SimulatedRequest {
  const body = { model: 'qwen-plus', messages: [...before, { role: 'user', content }], ...more };
  const request = readRequest('chat-completions', JSON.stringify(body), false);
  if ('code' in request) throw new Error(request.message);
  return request;
}

function textOf(request: SimulatedRequest, seed = 1, tokens: number | null = null): string {
  return (
    composeAnswer(request, seed, { ...PLAIN, outputTokens: tokens }).choices[0]?.content.join('') ??
    ''
  );
}

describe('composeAnswer', () => {
  test('the same conversation twice: the same answer; another seed: another', () => {
    const prompt = '请用三句话介绍西湖的历史与风景。';
    expect(textOf(chat(prompt))).toBe(textOf(chat(prompt)));
    expect(new Set([1, 2, 3, 4, 5].map((seed) => textOf(chat(prompt), seed))).size).toBeGreaterThan(
      1,
    );
  });

  test('native and OpenAI-compatible, streamed or not: the same answer', () => {
    const messages = [
      { role: 'user', content: 'Summarise the quarterly report in one paragraph.' },
    ];
    const native = readRequest(
      'text-generation',
      JSON.stringify({ model: 'qwen-plus', input: { messages } }),
      true,
    );
    if ('code' in native) throw new Error(native.message);
    expect(textOf(native)).toBe(textOf(chat('Summarise the quarterly report in one paragraph.')));
  });

  test('Chinese and English prompts: answered in their language, quoting the prompt', () => {
    const chinese = textOf(chat('如何给家里的绿植浇水？'));
    const english = textOf(chat('How often should I water my plants?'));
    expect(chinese).toContain('如何给家里的绿植浇水？');
    expect(chinese).not.toMatch(/[A-Za-z]{3}/);
    expect(english).toContain('How often should I water my plants?');
    expect(english).not.toMatch(/[\u4e00-\u9fff]/);
  });

  test('directives: not quoted', () => {
    expect(textOf(chat('写一封感谢信 [[simulate: output=60]]'))).not.toContain('simulate');
  });

  test('max_tokens: the answer is cut there with finish_reason length', () => {
    const answer = composeAnswer(chat('写一篇长文章，介绍杭州。', { max_tokens: 9 }), 1, PLAIN);
    expect(answer.choices[0]?.finishReason).toBe('length');
    expect(answer.usage.output).toBe(9);
  });

  test('max_completion_tokens with thinking: counts the thought too', () => {
    const answer = composeAnswer(
      chat('请问 1+1 是多少？', { enable_thinking: true, max_completion_tokens: 5 }),
      1,
      PLAIN,
    );
    expect(answer.usage).toMatchObject({ output: 5, reasoning: 5 });
    expect(answer.choices[0]).toMatchObject({ content: [], finishReason: 'length' });
  });

  test('thinking_budget: shortens the thought, not the answer', () => {
    const { choices, usage } = composeAnswer(
      chat('请问 1+1 是多少？', { enable_thinking: true, thinking_budget: 4 }),
      1,
      PLAIN,
    );
    expect(usage.reasoning).toBe(4);
    expect(choices[0]).toMatchObject({ finishReason: 'stop' });
    expect(choices[0]?.content.length).toBeGreaterThan(4);
  });

  test('stop word: the answer ends before it', () => {
    const prompt = 'Explain how to plan a small project.';
    const whole = textOf(chat(prompt));
    const [word = ''] = whole.slice(60).match(/[a-z]{5,}/) ?? [];
    const stopped = textOf(chat(prompt, { stop: ['从来没有', word] }));
    expect(stopped).toBe(whole.slice(0, whole.indexOf(word)));
  });

  test('output length: exactly as many tokens as asked for', () => {
    expect(
      composeAnswer(chat('写一份年度总结。'), 1, { ...PLAIN, outputTokens: 300 }).usage.output,
    ).toBe(300);
  });

  test('n 3: three different choices, usage of all', () => {
    const { choices, usage } = composeAnswer(
      chat('Suggest a name for a tea shop.', { n: 3 }),
      1,
      PLAIN,
    );
    expect(new Set(choices.map(({ content }) => content.join(''))).size).toBe(3);
    expect(usage.output).toBe(choices.reduce((sum, { content }) => sum + content.length, 0));
  });

  test('json_object: valid JSON', () => {
    const text = textOf(
      chat('用 JSON 回答："引号"和\\反斜杠', { response_format: { type: 'json_object' } }),
    );
    expect(JSON.parse(text)).toMatchObject({ question: '用 JSON 回答："引号"和\\反斜杠' });
  });

  test('json_schema: an object that has the required properties', () => {
    const schema = {
      type: 'object',
      properties: { score: { type: 'integer', minimum: 3, maximum: 4 } },
      required: ['score'],
    };
    const text = textOf(
      chat('Rate this review.', {
        response_format: { type: 'json_schema', json_schema: { name: 'r', schema } },
      }),
    );
    expect([3, 4]).toContain((JSON.parse(text) as { score: number }).score);
  });

  test('a prompt that speaks of a tool: the tool is called with arguments of its schema', () => {
    const [choice] = composeAnswer(
      chat('杭州的天气怎么样？', { tools: [WEATHER] }),
      1,
      PLAIN,
    ).choices;
    expect(choice).toMatchObject({ content: [], finishReason: 'tool_calls' });
    const [call] = choice?.toolCalls ?? [];
    expect(call?.name).toBe('get_current_weather');
    expect(JSON.parse(call?.arguments ?? '')).toEqual({
      city: '杭州',
      unit: expect.stringMatching(/^(celsius|fahrenheit)$/),
      days: expect.toSatisfy((days: number) => [1, 2, 3].includes(days)),
    });
  });

  test.each([
    ['a prompt about something else', chat('写一首关于秋天的诗。', { tools: [WEATHER] })],
    ['tool_choice none', chat('杭州的天气怎么样？', { tools: [WEATHER], tool_choice: 'none' })],
  ])('%s: answered in text', (_, request) => {
    expect(composeAnswer(request, 1, PLAIN).choices[0]).toMatchObject({
      toolCalls: [],
      finishReason: 'stop',
    });
  });

  test('a forced tool: called although the prompt does not speak of it, finish_reason stop as recorded', () => {
    const tool_choice = { type: 'function', function: { name: 'get_current_weather' } };
    const [choice] = composeAnswer(
      chat('你好', { tools: [WEATHER], tool_choice }),
      1,
      PLAIN,
    ).choices;
    expect(choice).toMatchObject({
      toolCalls: [{ name: 'get_current_weather' }],
      finishReason: 'stop',
    });
  });

  test('after a tool result: text that quotes it', () => {
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name: 'get_current_weather', arguments: '{}' },
    };
    const request = readRequest(
      'chat-completions',
      JSON.stringify({
        model: 'qwen-plus',
        tools: [WEATHER],
        messages: [
          { role: 'user', content: '杭州的天气怎么样？' },
          { role: 'assistant', content: '', tool_calls: [call] },
          { role: 'tool', content: '多云，18 度', tool_call_id: 'call_1' },
        ],
      }),
      false,
    );
    if ('code' in request) throw new Error(request.message);
    expect(textOf(request)).toContain('多云，18 度');
  });

  test('partial prefix: continued, not repeated', () => {
    const prefix = { role: 'assistant', content: '春天来了，大地', partial: true };
    const request = readRequest(
      'chat-completions',
      JSON.stringify({
        model: 'qwen-max',
        messages: [{ role: 'user', content: '续写这句话。' }, prefix],
      }),
      false,
    );
    if ('code' in request) throw new Error(request.message);
    expect(textOf(request)).not.toMatch(/春天来了|续写/);
  });

  test('any prompt: output tokens are those of the text, and reasoning is a part of them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (content, thinking) => {
        const { choices, usage } = composeAnswer(
          chat(content, { enable_thinking: thinking }),
          1,
          PLAIN,
        );
        const [choice] = choices;
        expect(usage.reasoning).toBe(choice?.reasoning.length);
        expect(usage.output).toBe(usage.reasoning + (choice?.content.length ?? 0));
        expect(usage.input).toBeGreaterThan(0);
        expect(choice?.content.join('')).not.toMatch(LONE_SURROGATE);
      }),
      { numRuns: 200 },
    );
  });
});

describe('tokens', () => {
  test('splitTokens, any text: the tokens joined are the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(splitTokens(text).join('')).toBe(text);
      }),
    );
  });

  test('estimateTokens: near the recorded 14 tokens of a short Chinese sentence', () => {
    expect(
      Math.abs(estimateTokens('1+1等于2。这是最基本的数学加法运算之一。') - 14),
    ).toBeLessThanOrEqual(2);
  });
});

describe('quoteFrom', () => {
  test('emoji at the cut: never half a surrogate pair', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 20 }),
        (text, characters) => {
          expect(quoteFrom(`😀${text}😀😀`, characters)).not.toMatch(LONE_SURROGATE);
        },
      ),
    );
  });
});
