import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../src/models/catalog.ts';
import { estimateTokens } from '../../src/models/tokens.ts';

const catalog = loadCatalog();
const plus = catalog.profile('qwen-plus');
const unknown = catalog.profile('gpt-4o');

const ASK = { maxTokens: null, thinking: null } as const;

function inputOf(messages: unknown, model = 'qwen-plus', tools?: unknown): number {
  const profile = catalog.profile(model);
  return estimateTokens({ ...ASK, messages, profile, tools }).inputTokens;
}

describe('estimateTokens: input', () => {
  it('is near the documented count of the reference example (22)', () => {
    const tokens = inputOf([
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content: '你是谁？' },
    ]);
    expect(tokens).toBeGreaterThanOrEqual(19);
    expect(tokens).toBeLessThanOrEqual(25);
  });

  it('adds the template per message and once for the answer', () => {
    const one = inputOf([{ role: 'user', content: '' }]);
    const three = inputOf(Array.from({ length: 3 }, () => ({ role: 'user', content: '' })));
    expect([one, three]).toEqual([8, 18]);
  });

  it('reads text parts of both protocols alike', () => {
    const text = '请描述一下这幅画的风格，并说明理由。';
    const plain = inputOf([{ role: 'user', content: text }]);
    expect(inputOf([{ role: 'user', content: [{ text }] }])).toBe(plain);
    expect(inputOf([{ role: 'user', content: [{ type: 'text', text }] }])).toBe(plain);
  });

  it('counts an image by its largest default size, never by the length of its data', () => {
    const data = `data:image/png;base64,${'iVBORw0KGgo'.repeat(10_000)}`;
    const openai = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: data } }] }];
    const native = [{ role: 'user', content: [{ image: data }] }];
    // "iVBORw0KGgo" is how a PNG begins, but no size follows.
    expect(inputOf(openai, 'qwen3-vl-plus')).toBe(8 + 2_562);
    expect(inputOf(native, 'qwen3-vl-plus')).toBe(8 + 2_562);
    expect(inputOf(native, 'qwen3.5-plus')).toBe(8 + 2_562);
    expect(inputOf(native, 'qwen-vl-max')).toBe(8 + 1_282);
    expect(inputOf(native, 'qwen3-omni-flash')).toBe(8 + 1_282);
  });

  it('counts video frames in pairs, audio and files by an assumed length', () => {
    const frames = Array.from({ length: 8 }, (_, index) => `https://example.com/${index}.jpg`);
    const of = (part: unknown, model: string): number =>
      inputOf([{ role: 'user', content: [part] }], model) - 8;
    expect(of({ video: frames }, 'qwen3-vl-plus')).toBe(4 * 640 + 2);
    expect(of({ video: 'https://example.com/a.mp4' }, 'qwen3-vl-plus')).toBe(10 * 640 + 2);
    expect(of({ video: 'https://example.com/a.mp4' }, 'qwen3.5-plus')).toBe(10 * 768 + 2);
    expect(of({ type: 'input_audio', input_audio: {} }, 'qwen3-omni-flash')).toBe(375);
    expect(of({ audio: 'https://example.com/a.wav' }, 'qwen-audio-turbo')).toBe(750);
  });

  it('counts tool schemas and the calls in the conversation', () => {
    const messages = [{ role: 'user', content: '北京天气如何？' }];
    const tools = [
      {
        type: 'function',
        function: { name: 'get_weather', description: '查询城市的天气', parameters: {} },
      },
    ];
    expect(inputOf(messages, 'qwen-plus', tools)).toBeGreaterThan(inputOf(messages) + 100);
    const call = {
      id: 'call_1',
      type: 'function',
      function: { name: 'get_weather', arguments: '{}' },
    };
    expect(inputOf([{ role: 'assistant', content: '', tool_calls: [call] }])).toBeGreaterThan(20);
  });

  it('property: never throws, whatever the messages are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (messages, tools) => {
        const { inputTokens } = estimateTokens({ ...ASK, messages, tools, profile: plus });
        expect(inputTokens).toBeGreaterThanOrEqual(3);
      }),
    );
  });
});

describe('estimateTokens: output', () => {
  const messages = [{ role: 'user', content: '写一首关于秋天的五言绝句。' }];

  it("without thinking: 512 expected, at most the model's limit", () => {
    const estimate = estimateTokens({ ...ASK, messages, profile: plus });
    expect(estimate).toMatchObject({ outputExpectedTokens: 512, outputMaxTokens: 32_768 });
  });

  it('max_tokens bounds the answer but not the chain of thought', () => {
    const base = { messages, profile: plus, maxTokens: 100 };
    expect(estimateTokens({ ...base, thinking: false })).toMatchObject({
      outputExpectedTokens: 100,
      outputMaxTokens: 100,
    });
    expect(estimateTokens({ ...base, thinking: true })).toMatchObject({
      outputExpectedTokens: 100 + 1_536,
      outputMaxTokens: 100 + 81_920,
    });
    expect(estimateTokens({ ...base, thinking: true, thinkingBudget: 200 })).toMatchObject({
      outputExpectedTokens: 300,
      outputMaxTokens: 300,
    });
  });

  it("a thinking model's answer is at most what it writes while it thinks", () => {
    const max = { messages, profile: catalog.profile('qwen3-max'), maxTokens: null };
    const most = (thinking: boolean | null, profile = max.profile): number | null =>
      estimateTokens({ ...max, profile, thinking }).outputMaxTokens;
    expect(most(true)).toBe(32_768 + 81_920);
    expect(most(false)).toBe(65_536);
    // It does not think unless it is told to.
    expect(most(null)).toBe(65_536);
    // Where that is not known, the larger of both counts.
    expect(most(null, { ...max.profile, thinkingDefault: null })).toBe(65_536 + 81_920);
    expect(most(null, { ...max.profile, thinking: 'only' })).toBe(32_768 + 81_920);
  });

  it('max_completion_tokens bounds thoughts and answer together', () => {
    const base = { ...ASK, messages, profile: plus, maxCompletionTokens: 100 };
    for (const thinking of [true, false]) {
      expect(estimateTokens({ ...base, thinking })).toMatchObject({
        outputExpectedTokens: 100,
        outputMaxTokens: 100,
      });
    }
    expect(estimateTokens({ ...base, thinking: true, maxTokens: 20 })).toMatchObject({
      outputMaxTokens: 100,
    });
  });

  it('a model that thinks by default or only thinks is expected to', () => {
    for (const id of ['qwen3.5-plus', 'qwq-plus']) {
      const estimate = estimateTokens({ ...ASK, messages, profile: catalog.profile(id) });
      expect(estimate.outputExpectedTokens).toBe(2_048);
    }
  });

  it('n multiplies the output only', () => {
    const one = estimateTokens({ ...ASK, messages, profile: plus });
    const four = estimateTokens({ ...ASK, messages, profile: plus, n: 4 });
    expect(four).toEqual({
      ...one,
      outputExpectedTokens: 4 * one.outputExpectedTokens,
      outputMaxTokens: 4 * 32_768,
    });
  });

  it('has no maximum for an unknown model, even with max_tokens, as it may think', () => {
    const estimate = estimateTokens({ messages, profile: unknown, maxTokens: 50, thinking: null });
    expect(estimate).toMatchObject({ outputExpectedTokens: 50, outputMaxTokens: null });
    const off = estimateTokens({ messages, profile: unknown, maxTokens: 50, thinking: false });
    expect(off.outputMaxTokens).toBe(50);
  });
});
