import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/server.ts';

/*
 * What an answer looks like in each mode of the reference: fields that the service is recorded or
 * documented to send, and sums that must agree whatever the numbers are.
 */

const TEXT = '/api/v1/services/aigc/text-generation/generation';
const MULTIMODAL = '/api/v1/services/aigc/multimodal-generation/generation';
const CHAT = '/compatible-mode/v1/chat/completions';
const DOG = 'https://example.com/dog.jpeg';

type Fields = { readonly [name: string]: unknown };

let simulator: Simulator;
beforeAll(async () => {
  const spec = { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 1 };
  simulator = await startSimulator({ spec });
});
afterAll(() => simulator.close());

async function post(path: string, body: object, streamed: boolean): Promise<string> {
  const response = await fetch(simulator.origin + path, {
    method: 'POST',
    headers: {
      authorization: 'Bearer sk-rehearsal',
      'content-type': 'application/json',
      ...(streamed && { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' }),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

async function answer(path: string, body: object): Promise<Fields> {
  return JSON.parse(await post(path, body, false)) as Fields;
}

async function frames(path: string, body: object): Promise<readonly Fields[]> {
  const text = await post(path, body, true);
  return [...text.matchAll(/^data: ?(\{.*)$/gm)].map(([, json = '']) => JSON.parse(json) as Fields);
}

/** The value at a path such as `choices.0.delta`; undefined where there is none. */
function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, name) => (Object(inner) as Fields)[name], value);
}

function numberAt(value: unknown, path: string): number {
  const number = at(value, path);
  expect(number, path).toBeTypeOf('number');
  return Number(number);
}

function native(model: string, content: unknown, parameters: object = {}): object {
  return { model, input: { messages: [{ role: 'user', content }] }, parameters };
}

function chat(model: string, content: unknown, more: object = {}): object {
  return { model, messages: [{ role: 'user', content }], ...more };
}

const MESSAGE = 'output.choices.0.message';

describe('media', () => {
  test.each([
    ['image', [{ image: DOG }], 'image_tokens'],
    ['video', [{ video: 'https://example.com/game.mp4', fps: 2 }], 'video_tokens'],
    ['frames', [{ video: [DOG, DOG, DOG, DOG] }], 'video_tokens'],
  ])(
    '%s, a newer model: details of the input that add up, and a total',
    async (_, media, field) => {
      const { usage } = await answer(
        MULTIMODAL,
        native('qwen3-vl-plus', [...media, { text: 'What is this?' }]),
      );
      const input = numberAt(usage, 'input_tokens');
      expect(numberAt(usage, field)).toBe(numberAt(usage, `input_tokens_details.${field}`));
      expect(numberAt(usage, field) + numberAt(usage, 'input_tokens_details.text_tokens')).toBe(
        input,
      );
      expect(numberAt(usage, 'total_tokens')).toBe(input + numberAt(usage, 'output_tokens'));
    },
  );

  test.each([
    ['qwen-vl-plus', [{ image: DOG }], 'image_tokens'],
    ['qwen-vl-max', [{ video: [DOG, DOG, DOG, DOG] }], 'video_tokens'],
    ['qwen-audio-turbo', [{ audio: 'https://example.com/hello.mp3' }], 'audio_tokens'],
  ])('%s: neither total nor details, as recorded', async (model, media, field) => {
    const { usage } = await answer(MULTIMODAL, native(model, [...media, { text: 'What is it?' }]));
    expect(Object.keys(usage as Fields).toSorted()).toEqual(
      [field, 'input_tokens', 'output_tokens'].toSorted(),
    );
  });

  test('a newer multimodal model on its own: empty details of the cache, as recorded', async () => {
    const asked = native('qwen3.6-plus', [{ text: 'Hi' }], { enable_thinking: false });
    const { usage } = await answer(MULTIMODAL, asked);
    expect(at(usage, 'prompt_tokens_details')).toEqual({});
  });

  test('vl_enable_image_hw_output: the size of every image beside the last text', async () => {
    const content = [{ image: DOG }, { image: DOG }, { text: 'Which is bigger?' }];
    const asked = native('qwen3-vl-plus', content, {
      vl_enable_image_hw_output: true,
      incremental_output: true,
    });
    const whole = await answer(MULTIMODAL, asked);
    expect(at(whole, `${MESSAGE}.content.0.image_hw`)).toHaveLength(2);
    const streamed = await frames(MULTIMODAL, asked);
    const sizes = streamed.map((frame) => at(frame, `${MESSAGE}.content.0.image_hw`));
    expect(sizes.slice(0, -1).filter((size) => size !== undefined)).toEqual([]);
    expect(sizes.at(-1)).toHaveLength(2);
  });

  test('on the compatible endpoint: text, image and output apart in the details', async () => {
    const content = [
      { type: 'image_url', image_url: { url: DOG } },
      { type: 'text', text: 'What is this?' },
    ];
    const { usage } = await answer(CHAT, chat('qwen3-vl-plus', content));
    const details = 'prompt_tokens_details';
    expect(
      numberAt(usage, `${details}.text_tokens`) + numberAt(usage, `${details}.image_tokens`),
    ).toBe(numberAt(usage, 'prompt_tokens'));
    expect(numberAt(usage, 'completion_tokens_details.text_tokens')).toBe(
      numberAt(usage, 'completion_tokens'),
    );
  });
});

describe('text extraction', () => {
  const ask = (task: string, more: object = {}): object =>
    native('qwen-vl-ocr-latest', [{ image: DOG }], { ocr_options: { task, ...more } });

  test('advanced_recognition: words with their places, and the text fenced', async () => {
    const part = at(await answer(MULTIMODAL, ask('advanced_recognition')), `${MESSAGE}.content.0`);
    const words = at(part, 'ocr_result.words_info') as readonly Fields[];
    expect(words.map(({ location }) => (location as unknown[]).length)).toEqual(words.map(() => 8));
    expect(words.map(({ rotate_rect: box }) => (box as unknown[]).length)).toEqual(
      words.map(() => 5),
    );
    expect(at(part, 'text')).toMatch(/^```json\n.*\n```$/s);
  });

  test('key_information_extraction: the keys of the schema, nested ones too', async () => {
    const schema = { buyer: '', detail: { rate: '', tax: '' } };
    const asked = ask('key_information_extraction', { task_config: { result_schema: schema } });
    const found = at(await answer(MULTIMODAL, asked), `${MESSAGE}.content.0.ocr_result.kv_result`);
    expect(Object.keys(found as Fields)).toEqual(['buyer', 'detail']);
    expect(Object.keys(at(found, 'detail') as Fields)).toEqual(['rate', 'tax']);
  });

  test.each([
    ['text_recognition', /INVOICE/],
    ['multi_lan', /Bonjour/],
    ['table_parsing', /^```html\n<table>.*<\/table>\n```$/s],
    ['document_parsing', /^```latex\n\\documentclass.*```$/s],
    ['formula_recognition', /^\$\$.*\$\$$/],
  ])('%s: text in its format and nothing beside it', async (task, format) => {
    const part = at(await answer(MULTIMODAL, ask(task)), `${MESSAGE}.content.0`) as Fields;
    expect(Object.keys(part)).toEqual(['text']);
    expect(part['text']).toMatch(format);
  });
});

describe('built-in tools', () => {
  const CODE = { enable_thinking: true, enable_code_interpreter: true, incremental_output: true };

  test('code interpreter: the code between thinking and answer; input tokens rise with it', async () => {
    const streamed = await frames(
      TEXT,
      native('qwen3-max-preview', '123的21次方是多少？', { ...CODE, result_format: 'message' }),
    );
    const ran = streamed.findIndex((frame) => at(frame, 'output.tool_info') !== undefined);
    expect(at(streamed[ran], 'output.tool_info.0.type')).toBe('code_interpreter');
    expect(at(streamed[ran], 'output.tool_info.0.code_interpreter.code')).toBeTypeOf('string');
    const thought = streamed.slice(0, ran);
    expect(thought.length).toBeGreaterThan(0);
    expect(thought.filter((frame) => at(frame, `${MESSAGE}.content`) !== '')).toEqual([]);
    expect(numberAt(streamed.at(-1), 'usage.input_tokens')).toBeGreaterThan(
      numberAt(streamed[0], 'usage.input_tokens'),
    );
    expect(at(streamed[0], 'usage.plugins')).toBeUndefined();
    expect(at(streamed.at(-1), 'usage.plugins.code_interpreter.count')).toBe(1);
    expect(numberAt(streamed.at(-1), 'usage.total_tokens')).toBe(
      numberAt(streamed.at(-1), 'usage.input_tokens') +
        numberAt(streamed.at(-1), 'usage.output_tokens'),
    );
  });

  test('code interpreter on the compatible endpoint: no word of the code', async () => {
    const text = await post(
      CHAT,
      chat('qwen3-max-preview', 'What is 123 to the power of 21?', {
        ...CODE,
        stream: true,
        stream_options: { include_usage: true },
      }),
      false,
    );
    expect(text).not.toContain('tool_info');
    expect(text).not.toContain('plugins');
  });

  test('search: results, their extension, a citation in its format, and a count', async () => {
    const search_options = {
      enable_source: true,
      enable_citation: true,
      citation_format: '[ref_<number>]',
      enable_search_extension: true,
      search_strategy: 'max',
    };
    const whole = await answer(
      TEXT,
      native('qwen-plus', '阿里股价', {
        result_format: 'message',
        enable_search: true,
        search_options,
      }),
    );
    expect(at(whole, 'output.search_info.search_results.0.index')).toBe(1);
    expect(at(whole, 'output.search_info.extra_tool_info.0.tool')).toBeTypeOf('string');
    expect(at(whole, `${MESSAGE}.content`)).toContain('[ref_1]');
    expect(at(whole, 'usage.plugins.search')).toEqual({ count: 1, strategy: 'max' });
  });

  test.each(['message', 'text'])(
    'search first, result_format %s: the results in a frame of their own, before any usage',
    async (format) => {
      const search_options = { enable_source: true, prepend_search_result: true };
      const streamed = await frames(
        TEXT,
        native('qwen-plus', '阿里股价', {
          result_format: format,
          incremental_output: true,
          enable_search: true,
          search_options,
        }),
      );
      expect(at(streamed[0], 'output.search_info.search_results')).toHaveLength(2);
      expect(at(streamed[0], 'usage')).toEqual({});
      expect(at(streamed.at(-1), 'output.search_info')).toBeUndefined();
      // All frames are of one form: a reader that began with choices would miss a text's end.
      const forms = streamed.map((frame) => 'choices' in (at(frame, 'output') as Fields));
      expect(forms).toEqual(streamed.map(() => format === 'message'));
    },
  );
});

describe('documents and the context cache', () => {
  test('qwen-doc: every document counts, cached tokens at the top level', async () => {
    const ask = (urls: readonly string[]): object =>
      native(
        'qwen-doc-turbo',
        [
          { type: 'text', text: '概括手册。' },
          { type: 'doc_url', doc_url: urls, file_parsing_strategy: 'auto' },
        ],
        { result_format: 'message' },
      );
    const one = await answer(TEXT, ask(['https://example.com/a.docx']));
    const two = await answer(
      TEXT,
      ask(['https://example.com/a.docx', 'https://example.com/b.docx']),
    );
    expect(numberAt(two, 'usage.input_tokens')).toBeGreaterThan(
      numberAt(one, 'usage.input_tokens'),
    );
    expect(at(one, 'usage.cached_tokens')).toBe(0);
    expect(at(one, 'usage.prompt_tokens_details')).toBeUndefined();
  });

  test('qwen-long: every file named counts', async () => {
    const ask = (files: string): object => ({
      model: 'qwen-long',
      input: {
        messages: [
          { role: 'system', content: 'You are a helpful assistant.' },
          { role: 'system', content: files },
          { role: 'user', content: '文章讲了什么？' },
        ],
      },
      parameters: {},
    });
    const one = await answer(TEXT, ask('fileid://file-fe-1'));
    const two = await answer(TEXT, ask('fileid://file-fe-1,file-fe-2'));
    expect(numberAt(two, 'usage.input_tokens')).toBeGreaterThan(
      numberAt(one, 'usage.input_tokens') + 800,
    );
  });

  test.each([
    [
      TEXT,
      native('qwen-plus', 'Hi, a question [[simulate: cached=5]]'),
      'usage.prompt_tokens_details.cached_tokens',
    ],
    [
      MULTIMODAL,
      native('qwen3-vl-plus', [{ text: 'Hi there [[simulate: cached=5]]' }]),
      'usage.cached_tokens',
    ],
    [
      CHAT,
      chat('qwen-plus', 'Hi, a question [[simulate: cached=5]]'),
      'usage.prompt_tokens_details.cached_tokens',
    ],
  ])('%s, cached=5: five tokens of the input come from the cache', async (path, body, field) => {
    expect(at(await answer(path, body), field)).toBe(5);
  });

  test('an explicit cache: a long prefix that is marked is written to it', async () => {
    const text = 'The quick brown fox jumps over the lazy dog. '.repeat(120);
    const content = [
      { type: 'text', text, cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'What jumps?' },
    ];
    const { usage } = await answer(CHAT, chat('qwen3-max', content));
    const created = numberAt(usage, 'prompt_tokens_details.cache_creation_input_tokens');
    expect(created).toBeGreaterThan(1024);
    expect(created).toBeLessThanOrEqual(numberAt(usage, 'prompt_tokens'));
    expect(at(usage, 'prompt_tokens_details.cache_type')).toBe('ephemeral');
    const [first = {}, second = {}] = content;
    const marked = { ...first, text: `[[simulate: cached=999999]] ${text}` };
    const hit = await answer(CHAT, chat('qwen3-max', [marked, second]));
    expect(at(hit, 'usage.prompt_tokens_details')).toEqual({
      cached_tokens: numberAt(hit, 'usage.prompt_tokens'),
      cache_type: 'ephemeral',
      cache_creation_input_tokens: 0,
      cache_creation: { ephemeral_5m_input_tokens: 0 },
    });
    const short = await answer(CHAT, chat('qwen3-max', [{ ...content[0], text: 'Hi' }]));
    expect(at(short, 'usage.prompt_tokens_details')).toEqual({ cached_tokens: 0 });
  });
});

describe('speech, translation, research', () => {
  const SOUND = 'https://example.com/welcome.mp3';

  test('speech recognition: language and emotion, seconds, and natively no sums', async () => {
    const whole = await answer(MULTIMODAL, native('qwen3-asr-flash', [{ audio: SOUND }]));
    expect(at(whole, `${MESSAGE}.annotations.0.type`)).toBe('audio_info');
    expect(Object.keys(at(whole, 'usage') as Fields).toSorted()).toEqual([
      'input_tokens_details',
      'output_tokens_details',
      'seconds',
    ]);
    const content = [{ type: 'input_audio', input_audio: { data: SOUND } }];
    const compatible = await answer(CHAT, chat('qwen3-asr-flash', content));
    expect(numberAt(compatible, 'usage.seconds')).toBe(numberAt(whole, 'usage.seconds'));
    expect(numberAt(compatible, 'usage.prompt_tokens_details.audio_tokens')).toBeGreaterThan(0);
  });

  test('speech recognition, streamed: the first chunk has no finish reason at all', async () => {
    const content = [{ type: 'input_audio', input_audio: { data: SOUND } }];
    const streamed = await frames(CHAT, chat('qwen3-asr-flash', content, { stream: true }));
    const has = streamed.map((frame) => 'finish_reason' in (at(frame, 'choices.0') as Fields));
    expect(has).toEqual([false, ...streamed.slice(1).map(() => true)]);
  });

  const MT = { translation_options: { source_lang: 'auto', target_lang: 'English' } };

  test.each([
    ['qwen-mt-plus', true],
    ['qwen-mt-turbo', true],
    ['qwen-mt-flash', false],
  ])('%s, streamed on the compatible endpoint: cumulative %s', async (model, cumulative) => {
    const asked = chat(model, '我看到这个视频后没有笑', MT);
    const whole = await answer(CHAT, asked);
    expect(at(whole, 'usage.prompt_tokens_details')).toBeNull();
    const streamed = await frames(CHAT, { ...asked, stream: true });
    const texts = streamed.map((frame) => at(frame, 'choices.0.delta.content') as string);
    const text = at(whole, 'choices.0.message.content') as string;
    if (cumulative) {
      expect(texts.at(-1)).toBe(text);
      expect(texts.every((one, index) => one.startsWith(texts[index - 1] ?? ''))).toBe(true);
    } else expect(texts.join('')).toBe(text);
    const stops = streamed.filter((frame) => at(frame, 'choices.0.finish_reason') === 'stop');
    expect(stops).toHaveLength(cumulative ? 1 : 2);
  });

  test('deep research: its phases in order, the thinking between searches among them', async () => {
    const streamed = await frames(TEXT, {
      model: 'qwen-deep-research',
      input: {
        messages: [
          { role: 'user', content: '研究人工智能在教育中的应用' },
          { role: 'assistant', content: '哪些方面？' },
          { role: 'user', content: '个性化学习' },
        ],
      },
      parameters: { result_format: 'message', incremental_output: true },
    });
    const steps = streamed.map((frame) => {
      const { phase, status } = at(frame, 'output.message') as Fields;
      return `${String(phase)}/${String(status)}`;
    });
    expect(steps.filter((step, index) => step !== steps[index - 1])).toEqual([
      'ResearchPlanning/typing',
      'ResearchPlanning/finished',
      'WebResearch/streamingQueries',
      'KeepAlive/typing',
      'WebResearch/streamingWebResult',
      'WebResearch/streamingThinking',
      'WebResearch/WebResultFinished',
      'WebResearch/finished',
      'KeepAlive/typing',
      'answer/typing',
      'answer/finished',
    ]);
  });
});
