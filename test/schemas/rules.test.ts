import { describe, expect, test } from 'vitest';
import { checkRequest } from '../../src/schemas/check-request.ts';
import { RULES } from '../../src/schemas/rules.ts';
import { SHAPE_RULES } from '../../src/schemas/shape-rules.ts';
import { outline, problemsOf, viewOf, WEATHER_TOOL } from './request-views.ts';
import type { ViewParts } from './request-views.ts';

/** One broken rule: the line that breaks it and nothing else, and the nearest line that does not. */
type Case = {
  readonly id: string;
  readonly expected: string;
  readonly says: string;
  readonly broken: ViewParts;
  readonly mended: ViewParts;
};

const user = (content: unknown): unknown => ({ role: 'user', content });
const ASK = [user('杭州现在的天气如何？')];
const ASK_JSON = [user('Return the capital of Zhejiang as JSON.')];
const IMAGE = [
  user([{ image: 'https://example.com/dog.jpeg', max_pixels: 1_003_520 }, { text: '这是什么？' }]),
];
const PICTURE = [user([{ image: 'https://example.com/dog.jpeg' }, { text: '这是什么？' }])];
const SOUND = [user([{ audio: 'https://example.com/a.wav' }])];
const FORCED = { type: 'function', function: { name: 'get_current_weather' } };
const RESULTS = [
  ...ASK,
  {
    role: 'assistant',
    content: '',
    tool_calls: [
      {
        id: 'call_1',
        type: 'function',
        function: { name: 'get_current_weather', arguments: '{}' },
      },
    ],
  },
  { role: 'tool', content: '多云，18 度', tool_call_id: 'call_1' },
];
const tools = [WEATHER_TOOL];
const message = { result_format: 'message' };
const think = { enable_thinking: true };
const search = (options: object, more: object = {}): ViewParts => ({
  parameters: { enable_search: true, search_options: options, ...more },
});
const mt = { source_lang: 'auto', target_lang: 'English' };

const ocr = (result_schema: object): ViewParts => ({
  model: 'qwen-vl-ocr',
  messages: PICTURE,
  parameters: {
    ocr_options: { task: 'key_information_extraction', task_config: { result_schema } },
  },
});
const translate = (more: object): ViewParts => ({
  model: 'qwen-mt-plus',
  messages: [user('代码改变世界')],
  parameters: { translation_options: { ...mt, ...more } },
});
const hear = (asr_options: object): ViewParts => ({
  model: 'qwen3-asr-flash',
  messages: SOUND,
  parameters: { asr_options },
});

const CASES: readonly Case[] = [
  {
    id: '1',
    expected: 'warning parameters.result_format',
    says: 'with tools it must be "message"',
    broken: { parameters: { tools } },
    mended: { parameters: { tools, ...message } },
  },
  {
    id: '2',
    expected: 'warning parameters.n',
    says: 'fixed to 1',
    broken: { parameters: { tools, ...message, n: 2 } },
    mended: { parameters: { tools, ...message, n: 1 } },
  },
  {
    id: '3',
    expected: 'warning input.messages',
    says: 'repeat the tools',
    broken: { messages: RESULTS },
    mended: { messages: RESULTS, parameters: { tools, ...message } },
  },
  {
    id: 'tools-unsupported',
    expected: 'warning parameters.tools',
    says: 'The tool call is not supported',
    broken: { profile: { tools: false }, parameters: { tools, ...message } },
    mended: { parameters: { tools, ...message } },
  },
  {
    id: 'tool-description',
    expected: 'warning parameters.tools',
    says: 'no description',
    broken: {
      parameters: { ...message, tools: [{ type: 'function', function: { name: 'now' } }] },
    },
    mended: { parameters: { ...message, tools } },
  },
  {
    id: 'tool-type',
    expected: 'warning parameters.tools',
    says: '"web_extractor"',
    broken: { parameters: { ...message, tools: [{ type: 'web_extractor' }] } },
    mended: { parameters: { ...message, tools } },
  },
  {
    id: 'tool-required',
    expected: 'error parameters.tool_choice',
    says: '["none", "auto"]',
    broken: { parameters: { ...message, tools, tool_choice: 'required' } },
    mended: { parameters: { ...message, tools, tool_choice: 'auto' } },
  },
  {
    id: 'tool-named',
    expected: 'warning parameters.tool_choice',
    says: '"get_time"',
    broken: {
      parameters: {
        ...message,
        tools,
        tool_choice: { type: 'function', function: { name: 'get_time' } },
      },
    },
    mended: { parameters: { ...message, tools, tool_choice: FORCED } },
  },

  {
    id: '4',
    expected: 'error parameters.stream',
    says: 'for non-streaming calls',
    broken: { model: 'qwen3-8b', streamAsked: false, parameters: think },
    mended: { model: 'qwen3-8b', parameters: think },
  },
  {
    id: '5-incremental',
    expected: 'error parameters.incremental_output',
    says: 'must be "true" when enable_thinking is true',
    broken: { parameters: { ...think, incremental_output: false } },
    mended: { parameters: { ...think, incremental_output: true } },
  },
  {
    id: '5-format',
    expected: 'error parameters.result_format',
    says: 'must be "message" when enable_thinking is true',
    broken: { parameters: { ...think, result_format: 'text' } },
    mended: { parameters: { ...think, ...message } },
  },
  {
    id: '6',
    expected: 'error parameters.response_format',
    says: 'Json mode response is not supported',
    broken: {
      messages: ASK_JSON,
      parameters: { ...think, response_format: { type: 'json_object' } },
    },
    mended: {
      messages: ASK_JSON,
      parameters: { enable_thinking: false, response_format: { type: 'json_object' } },
    },
  },
  {
    id: '7',
    expected: 'warning parameters.tool_choice',
    says: 'forces a tool',
    broken: { parameters: { ...think, tools, tool_choice: FORCED } },
    mended: { parameters: { ...think, tools, tool_choice: 'auto' } },
  },
  {
    id: '9',
    expected: 'note parameters.thinking_budget',
    says: 'no effect',
    broken: { parameters: { enable_thinking: false, thinking_budget: 100 } },
    mended: { parameters: { ...think, thinking_budget: 100 } },
  },
  {
    id: '14',
    expected: 'warning parameters.enable_code_interpreter',
    says: 'thinking mode only',
    broken: {
      model: 'qwen3-max',
      parameters: { enable_thinking: false, enable_code_interpreter: true },
    },
    mended: { model: 'qwen3-max', parameters: { ...think, enable_code_interpreter: true } },
  },
  {
    id: '15',
    expected: 'error parameters.thinking_budget',
    says: 'exclude each other',
    broken: {
      model: 'qwen3.8-plus',
      parameters: { ...think, thinking_budget: 100, reasoning_effort: 'low' },
    },
    mended: { model: 'qwen3.8-plus', parameters: { ...think, reasoning_effort: 'low' } },
  },
  {
    id: 'effort-values',
    expected: 'error parameters.reasoning_effort',
    says: 'Qwen3.8 only',
    broken: { model: 'deepseek-v4-pro', parameters: { ...think, reasoning_effort: 'minimal' } },
    mended: { model: 'qwen3.8-plus', parameters: { ...think, reasoning_effort: 'minimal' } },
  },
  {
    id: 'thinking-unsupported',
    expected: 'error parameters.enable_thinking',
    says: 'does not support enable_thinking',
    broken: { model: 'qwen-max', parameters: think },
    mended: { model: 'qwen-max', parameters: { enable_thinking: false } },
  },
  {
    id: 'thinking-only',
    expected: 'error parameters.enable_thinking',
    says: 'restricted to True',
    broken: { model: 'qwq-plus', parameters: { enable_thinking: false } },
    mended: { model: 'qwq-plus', parameters: think },
  },
  {
    id: 'thinking-default',
    expected: 'warning parameters.enable_thinking',
    says: 'thinks by default',
    broken: { model: 'qwen3-8b' },
    mended: { model: 'qwen3-8b', parameters: think },
  },
  {
    id: 'budget-maximum',
    expected: 'error parameters.thinking_budget',
    says: 'not greater than 81920',
    broken: { parameters: { ...think, thinking_budget: 81_921 } },
    mended: { parameters: { ...think, thinking_budget: 81_920 } },
  },
  {
    id: 'research-question',
    expected: 'warning input.messages',
    says: 'question back',
    broken: { model: 'qwen-deep-research', messages: ASK },
    mended: {
      model: 'qwen-deep-research',
      messages: [...ASK, { role: 'assistant', content: '您关注哪座城市？' }, user('杭州')],
    },
  },

  {
    id: 'stream-only',
    expected: 'error parameters.stream',
    says: 'This model only support stream mode',
    broken: { model: 'qwq-plus', streamAsked: false },
    mended: { model: 'qwq-plus', streamAsked: true },
  },
  {
    id: 'max-input-tokens',
    expected: 'warning parameters.max_input_tokens',
    says: '1000000',
    broken: { model: 'qwen-plus-latest', parameters: { max_input_tokens: 1_000_001 } },
    mended: { model: 'qwen-plus-latest', parameters: { max_input_tokens: 1_000_000 } },
  },
  {
    id: 'n-thinking',
    expected: 'warning parameters.n',
    says: 'without thinking only',
    broken: { parameters: { ...think, n: 2 } },
    mended: { parameters: { enable_thinking: false, n: 2 } },
  },
  {
    id: 'incremental-unstreamed',
    expected: 'note parameters.incremental_output',
    says: 'without a stream',
    broken: { parameters: { incremental_output: true } },
    mended: { streamAsked: true, parameters: { incremental_output: true } },
  },
  {
    id: 'search-model',
    expected: 'warning parameters.enable_search',
    says: 'This model does not support enable_search.',
    broken: { profile: { webSearch: false }, parameters: { enable_search: true } },
    mended: { profile: { webSearch: null }, parameters: { enable_search: true } },
  },
  {
    id: 'ocr-schema-depth',
    expected: 'warning parameters.ocr_options.task_config.result_schema',
    says: '4 levels deep',
    broken: ocr({ 票: { 行: { 名: { 值: '' } } } }),
    mended: ocr({ 票: { 行: { 名: '' } } }),
  },
  {
    id: 'ocr-repetition',
    expected: 'note parameters.repetition_penalty',
    says: '1.05',
    broken: { model: 'qwen-vl-ocr', messages: PICTURE, parameters: { repetition_penalty: 1.1 } },
    mended: { model: 'qwen-vl-max', messages: PICTURE, parameters: { repetition_penalty: 1.1 } },
  },
  ...Object.entries({
    temperature: 0.7,
    top_p: 0.8,
    top_k: 20,
    repetition_penalty: 1.1,
    presence_penalty: 1,
  }).map(([name, value]): Case => ({
    id: `qvq-${name.replaceAll('_', '-')}`,
    expected: `note parameters.${name}`,
    says: `${name} is ${value}; the reference advises against another value`,
    broken: { model: 'qvq-max', messages: PICTURE, parameters: { [name]: value } },
    mended: { model: 'qwen-vl-max', messages: PICTURE, parameters: { [name]: value } },
  })),
  {
    id: 'translation-pairs',
    expected: 'warning parameters.translation_options',
    says: '{source, target}',
    broken: translate({ terms: [{ source: '博客园' }] }),
    mended: translate({ terms: [{ source: '博客园', target: 'cnblogs' }] }),
  },
  {
    id: 'translation-domains',
    expected: 'warning parameters.translation_options.domains',
    says: 'English text',
    broken: translate({ domains: '信息技术领域的句子' }),
    mended: translate({ domains: 'The sentence is about “IT”.' }),
  },
  {
    id: 'asr-itn',
    expected: 'warning parameters.asr_options.enable_itn',
    says: 'zh and en only',
    broken: hear({ language: 'ja', enable_itn: true }),
    mended: hear({ language: 'en', enable_itn: true }),
  },

  {
    id: '8',
    expected: 'error parameters.response_format',
    says: "must contain the word 'json'",
    broken: { messages: ASK, parameters: { response_format: { type: 'json_object' } } },
    mended: { messages: ASK_JSON, parameters: { response_format: { type: 'json_object' } } },
  },
  {
    id: '10',
    expected: 'note parameters.top_logprobs',
    says: 'unless logprobs',
    broken: { parameters: { top_logprobs: 2 } },
    mended: { parameters: { top_logprobs: 2, logprobs: true } },
  },
  {
    id: 'seed-range',
    expected: 'warning parameters.seed',
    says: '2147483647',
    broken: { parameters: { seed: 2_147_483_648 } },
    mended: { parameters: { seed: 2_147_483_647 } },
  },
  {
    id: 'max-tokens',
    expected: 'error parameters.max_tokens',
    says: 'should be [1, 32768]',
    broken: { parameters: { max_tokens: 32_769 } },
    mended: { parameters: { max_tokens: 32_768 } },
  },
  {
    id: 'max-tokens-ocr',
    expected: 'warning parameters.max_tokens',
    says: 'raised by request',
    broken: { model: 'qwen-vl-ocr', messages: PICTURE, parameters: { max_tokens: 4097 } },
    mended: { model: 'qwen-vl-ocr', messages: PICTURE, parameters: { max_tokens: 4096 } },
  },
  {
    id: 'n-model',
    expected: 'warning parameters.n',
    says: 'at most 1',
    broken: { profile: { nMax: 1 }, parameters: { n: 2 } },
    mended: { parameters: { n: 2 } },
  },
  {
    id: 'logprobs-model',
    expected: 'warning parameters.logprobs',
    says: 'documented not to return them',
    broken: { profile: { logprobs: false }, parameters: { logprobs: true } },
    mended: { parameters: { logprobs: true } },
  },
  {
    id: 'json-model',
    expected: 'warning parameters.response_format',
    says: 'asks for "json_object"',
    broken: {
      profile: { jsonObject: false },
      messages: ASK_JSON,
      parameters: { response_format: { type: 'json_object' } },
    },
    mended: { messages: ASK_JSON, parameters: { response_format: { type: 'json_object' } } },
  },
  {
    id: 'json-schema-model',
    expected: 'warning parameters.response_format',
    says: 'asks for "json_schema"',
    broken: {
      profile: { jsonSchema: false },
      parameters: {
        response_format: { type: 'json_schema', json_schema: { name: 'city', schema: {} } },
      },
    },
    mended: {
      parameters: {
        response_format: { type: 'json_schema', json_schema: { name: 'city', schema: {} } },
      },
    },
  },
  {
    id: 'json-schema-shape',
    expected: 'warning parameters.response_format.json_schema',
    says: 'documented as',
    broken: { parameters: { response_format: { type: 'json_schema' } } },
    mended: {
      parameters: {
        response_format: { type: 'json_schema', json_schema: { name: 'city', schema: {} } },
      },
    },
  },
  {
    id: 'incremental-open',
    expected: 'warning parameters.incremental_output',
    says: 'cannot be set to False',
    broken: {
      model: 'qwen3-8b',
      parameters: { enable_thinking: false, incremental_output: false },
    },
    mended: {
      model: 'qwen3-8b',
      streamAsked: true,
      parameters: { enable_thinking: false, incremental_output: true },
    },
  },
  {
    id: 'format-ignored',
    expected: 'note parameters.result_format',
    says: 'no effect',
    broken: { model: 'qwen-vl-max', messages: PICTURE, parameters: { result_format: 'text' } },
    mended: { model: 'qwen-vl-max', messages: PICTURE, parameters: message },
  },
  {
    id: 'format-message-only',
    expected: 'warning parameters.result_format',
    says: '"message" only',
    broken: { model: 'qwen3-max', parameters: { result_format: 'text' } },
    mended: { model: 'qwen3-max', parameters: message },
  },
  {
    id: 'pixels-ignored',
    expected: 'note parameters.vl_high_resolution_images',
    says: 'max_pixels',
    broken: {
      model: 'qwen-vl-max',
      messages: IMAGE,
      parameters: { vl_high_resolution_images: true },
    },
    mended: {
      model: 'qwen-vl-max',
      messages: PICTURE,
      parameters: { vl_high_resolution_images: true },
    },
  },
  {
    id: 'audio-stream',
    expected: 'error body.modalities',
    says: 'stream=true',
    broken: { openai: true, parameters: { modalities: ['text', 'audio'] } },
    mended: { openai: true, parameters: { modalities: ['text', 'audio'], stream: true } },
  },
  {
    id: 'skill-stream',
    expected: 'warning parameters.skill',
    says: 'streams only',
    broken: { model: 'qwen-doc-turbo', parameters: { skill: [{ type: 'ppt' }] } },
    mended: {
      model: 'qwen-doc-turbo',
      streamAsked: true,
      parameters: { skill: [{ type: 'ppt' }] },
    },
  },

  {
    id: '11',
    expected: 'note parameters.search_options',
    says: 'unless enable_search',
    broken: { parameters: { search_options: { enable_source: true } } },
    mended: search({ enable_source: true }),
  },
  {
    id: '12-citation',
    expected: 'note parameters.search_options.enable_citation',
    says: 'enable_source: true',
    broken: search({ enable_citation: true }),
    mended: search({ enable_citation: true, enable_source: true }),
  },
  {
    id: '12-format',
    expected: 'note parameters.search_options.citation_format',
    says: 'enable_citation: true',
    broken: search({ citation_format: '[<number>]' }),
    mended: search({ citation_format: '[<number>]', enable_citation: true, enable_source: true }),
  },
  {
    id: '12-prepend',
    expected: 'note parameters.search_options.prepend_search_result',
    says: 'a stream',
    broken: search({ prepend_search_result: true, enable_source: true }),
    mended: search({ prepend_search_result: true, enable_source: true }, { stream: true }),
  },
  {
    id: '13-combination',
    expected: 'warning parameters.search_options.search_strategy',
    says: 'only with enable_source',
    broken: search({ search_strategy: 'agent', forced_search: true }, think),
    mended: search({ search_strategy: 'agent', enable_source: true }, think),
  },
  {
    id: '13-thinking',
    expected: 'warning parameters.search_options.search_strategy',
    says: 'thinking mode only',
    broken: search({ search_strategy: 'agent_max' }),
    mended: search({ search_strategy: 'agent_max' }, think),
  },
  {
    id: 'search-option-name',
    expected: 'warning parameters.search_options',
    says: '"forced_search"',
    broken: search({ force_search: true }),
    mended: search({ forced_search: true, image_search: true }),
  },

  {
    id: '16',
    expected: 'warning parameters.ocr_options.task_config.result_schema',
    says: 'key_information_extraction',
    broken: {
      model: 'qwen-vl-ocr',
      messages: PICTURE,
      parameters: { ocr_options: { task: 'table_parsing', task_config: { result_schema: {} } } },
    },
    mended: {
      model: 'qwen-vl-ocr',
      messages: PICTURE,
      parameters: {
        ocr_options: { task: 'key_information_extraction', task_config: { result_schema: {} } },
      },
    },
  },
  {
    id: 'ocr-task',
    expected: 'warning parameters.ocr_options.task',
    says: 'required',
    broken: { model: 'qwen-vl-ocr', messages: PICTURE, parameters: { ocr_options: {} } },
    mended: {
      model: 'qwen-vl-ocr',
      messages: PICTURE,
      parameters: { ocr_options: { task: 'table_parsing' } },
    },
  },
  {
    id: '17-system',
    expected: 'error input.messages',
    says: 'Role must be in [user, assistant]',
    broken: {
      model: 'qwen-mt-plus',
      messages: [{ role: 'system', content: '翻译成英文' }, user('代码改变世界')],
      parameters: { translation_options: mt },
    },
    mended: {
      model: 'qwen-mt-plus',
      messages: [user('代码改变世界')],
      parameters: { translation_options: mt },
    },
  },
  {
    id: 'input-length',
    expected: 'warning input.messages',
    says: 'Range of input length should be [1, 129024]',
    // Each word is a token of the model's own vocabulary.
    broken: { messages: [user(' the'.repeat(300_000))] },
    mended: { messages: [user(' the'.repeat(120_000))] },
  },
  {
    id: 'batch-chat-native',
    expected: 'error ',
    says: 'would go to Batch Chat',
    broken: { batchChat: true },
    mended: { batchChat: true, openai: true },
  },
  {
    id: 'batch-chat-model',
    expected: 'warning body.model',
    says: 'the model is qwen-max',
    broken: { batchChat: true, openai: true, model: 'qwen-max', profile: { batchChat: false } },
    mended: { openai: true, model: 'qwen-max', profile: { batchChat: false } },
  },
  {
    id: '17-user',
    expected: 'error input.messages',
    says: 'exactly one user message',
    broken: {
      model: 'qwen-mt-plus',
      messages: [user('你好'), user('代码改变世界')],
      parameters: { translation_options: mt },
    },
    mended: {
      model: 'qwen-mt-plus',
      messages: [user('代码改变世界')],
      parameters: { translation_options: mt },
    },
  },
  {
    id: '18',
    expected: 'error input.messages',
    says: 'list index out of range',
    broken: { messages: [...ASK, { role: 'assistant', content: '多云' }] },
    mended: { messages: [...ASK, { role: 'assistant', content: '多云', partial: true }] },
  },
  {
    id: 'translation-options',
    expected: 'warning parameters.translation_options',
    says: 'source_lang',
    broken: {
      model: 'qwen-mt-plus',
      messages: [user('代码改变世界')],
      parameters: { translation_options: { target_lang: 'English' } },
    },
    mended: {
      model: 'qwen-mt-plus',
      messages: [user('代码改变世界')],
      parameters: { translation_options: mt },
    },
  },
  {
    id: 'native-path',
    expected: 'error url',
    says: 'url error, please check url',
    broken: { endpoint: 'multimodal-generation' },
    mended: {},
  },
  {
    id: 'audio-compatible',
    expected: 'error url',
    says: 'model_not_supported',
    broken: { openai: true, model: 'qwen-audio-turbo' },
    mended: { model: 'qwen-audio-turbo' },
  },
  {
    id: 'research-compatible',
    expected: 'error url',
    says: 'deep research is served natively only',
    broken: {
      openai: true,
      model: 'qwen-deep-research',
      messages: [...ASK, { role: 'assistant', content: '您关注哪座城市？' }, user('杭州')],
    },
    mended: {
      model: 'qwen-deep-research',
      messages: [...ASK, { role: 'assistant', content: '您关注哪座城市？' }, user('杭州')],
    },
  },
  {
    id: 'realtime',
    expected: 'warning model',
    says: 'model is "qwen3-omni-flash-realtime-2025-12-01"; realtime models are not served by HTTP calls',
    broken: { model: 'qwen3-omni-flash-realtime-2025-12-01' },
    mended: { model: 'qwen3-omni-flash-2025-12-01' },
  },
  {
    id: 'unknown-model',
    expected: 'note model',
    says: '"qwen9-ultra"',
    broken: { model: 'qwen9-ultra', unknown: true },
    mended: {},
  },
];

describe('rules', () => {
  test('every rule has a case here, under a name of its own', () => {
    const ids = RULES.map(({ id }) => id);
    const all = [...ids, ...SHAPE_RULES.map(({ id }) => id)];
    expect(new Set(all).size).toBe(all.length);
    expect(CASES.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  });

  for (const { id, expected, says, broken, mended } of CASES) {
    test(`rule ${id}: broken alone, it is the only problem`, () => {
      const view = viewOf(broken);
      const rule = RULES.find((candidate) => candidate.id === id);
      const problems = checkRequest(view);
      expect(problems.map(({ severity, path }) => `${severity} ${path}`)).toEqual([expected]);
      expect(problems[0]?.message).toContain(says);
      expect(problems[0]?.message).toContain(rule?.text);
      expect(problems[0]?.message).toMatch(/ \[[^\]]+, 20\d\d-\d\d\]$/);
      expect(problems[0]?.code === 'qbatch_invalid_request').toBe(expected.startsWith('error'));
    });
    test(`rule ${id}: mended, the line is clean`, () => {
      expect(problemsOf(mended)).toEqual([]);
    });
  }
});

describe('rules: where the consequence depends on the model', () => {
  test('4: a stream-only model refuses a line that refuses a stream, thinking or not', () => {
    expect(
      outline({
        model: 'qwen-deep-research',
        streamAsked: false,
        parameters: { enable_feedback: false },
        messages: ASK,
      }),
    ).toEqual(['error parameters.stream']);
  });

  test('4: a model that is listed to think without a stream may refuse one', () => {
    expect(problemsOf({ streamAsked: false, parameters: think })).toEqual([]);
  });

  test('4: where nothing is documented, refusing a stream while thinking is a warning', () => {
    expect(outline({ model: 'deepseek-v4-pro', streamAsked: false, parameters: think })).toEqual([
      'warning parameters.stream',
    ]);
  });

  test.each([
    // API reference, November 2025: message is the default of Qwen3-Max, Qwen3-VL, QwQ, Qwen-Long and
    // open Qwen3 but one; commercial Qwen3 has text.
    ['qwen-plus', true],
    ['qwen3-coder-plus', true],
    ['qwen3-coder-plus-2025-09-23', true],
    ['qwen3-coder-flash', true],
    ['qwen3-coder-flash-2025-07-28', true],
    ['qwen3-next-80b-a3b-instruct', true],
    ['qwen3-coder-480b-a35b-instruct', false],
    ['qwen3-coder-next', false],
    ['qwen3-max', false],
    ['qwen-long', false],
  ])('1: tools on %s without result_format are worth a warning: %s', (model, isText) => {
    const profile = { thinking: 'none' } as const;
    const warned = isText ? ['warning parameters.result_format'] : [];
    expect(outline({ model, profile, parameters: { tools } })).toEqual(warned);
    expect(problemsOf({ model, profile, parameters: { tools, ...message } })).toEqual([]);
  });

  test("4: a need that is inferred for another vendor's model is a warning, thinking asked for or not", () => {
    const glm = { thinkingDefault: true, streamOnly: 'thinking' } as const;
    const line = { model: 'glm-4.7', profile: glm, streamAsked: false };
    expect(outline({ ...line, parameters: think })).toEqual(['warning parameters.stream']);
    expect(outline({ ...line, openai: true, parameters: { stream: false } })).toEqual([
      'warning body.stream',
      'warning body.enable_thinking',
    ]);
  });

  test("5: other vendors' models only warn, and in a stream alone", () => {
    const line = {
      model: 'deepseek-v4-pro',
      parameters: { ...think, incremental_output: false },
    };
    expect(outline({ ...line, streamAsked: true })).toEqual([
      'warning parameters.incremental_output',
    ]);
    expect(outline(line)).toEqual(['note parameters.incremental_output']);
  });

  test.each([
    ['tool_choice', { tools, ...message, tool_choice: 'required' }],
    ['response_format', { ...think, response_format: { type: 'json_object' } }],
    ['result_format', { ...think, result_format: 'text' }],
  ])(
    "what is documented for Qwen only warns on another vendor's model that is not listed: %s",
    (name, parameters) => {
      const line = { unknown: true, messages: ASK_JSON, parameters };
      expect(outline({ ...line, model: 'deepseek-v9' })).toEqual([
        `warning parameters.${name}`,
        'note model',
      ]);
      expect(outline({ ...line, model: 'qwen9-ultra' })).toContain(`error parameters.${name}`);
    },
  );

  test("thinking on a reseller's model that is listed without it is a warning, for that is inferred", () => {
    const line = { profile: { thinking: 'none' }, parameters: think } as const;
    expect(outline({ ...line, model: 'siliconflow/deepseek-v3.2' })).toEqual([
      'warning parameters.enable_thinking',
    ]);
    for (const model of ['qwen-max', 'deepseek-v3'])
      expect(outline({ ...line, model })).toEqual(['error parameters.enable_thinking']);
  });

  test('5: compatible mode has neither parameter, so that nothing but their place is said', () => {
    const problems = problemsOf({
      openai: true,
      parameters: { ...think, incremental_output: false },
    });
    expect(problems.map(({ code }) => code)).toEqual(['qbatch_misplaced_parameter']);
  });

  test('effort: an unlisted value on a model that is not listed with efforts at all only warns', () => {
    const effort = (model: string): string[] =>
      outline({ model, parameters: { ...think, reasoning_effort: 'none' } });
    expect(effort('qwen-plus')).toEqual([
      'warning parameters.reasoning_effort',
      'warning parameters.reasoning_effort',
    ]);
    expect(effort('glm-5.2')).toEqual(['error parameters.reasoning_effort']);
    expect(effort('qwen3.8-plus')).toEqual([]);
  });

  test('6: a model listed with JSON mode while thinking is not refused', () => {
    expect(
      problemsOf({
        model: 'kimi-k2-thinking',
        messages: ASK_JSON,
        parameters: { response_format: { type: 'json_object' } },
      }),
    ).toEqual([]);
  });

  test('8: the word counts in any case, in parts too', () => {
    const parameters = { response_format: { type: 'json_object' } };
    expect(problemsOf({ messages: [user('请按 Json 格式输出')], parameters })).toEqual([]);
    expect(
      problemsOf({
        openai: true,
        messages: [user([{ type: 'text', text: 'as json' }])],
        parameters,
      }),
    ).toEqual([]);
  });

  test('8: the word in a call of a tool or in history alone is a warning: whether it counts is not documented', () => {
    const parameters = { tools, ...message, response_format: { type: 'json_object' } };
    const [question, , answer] = RESULTS;
    const call = { name: 'get_current_weather', arguments: '{"as":"JSON"}' };
    const asked = {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'call_1', type: 'function', function: call }],
    };
    expect(outline({ messages: [question, asked, answer], parameters })).toEqual([
      'warning parameters.response_format',
    ]);
    expect(outline({ messages: RESULTS, parameters })).toEqual([
      'error parameters.response_format',
    ]);
    const history = [{ user: 'Answer in json.', bot: 'OK' }];
    expect(
      outline({
        input: { prompt: '杭州', history },
        parameters: { response_format: { type: 'json_object' } },
      }),
    ).toContain('warning parameters.response_format');
  });

  test('the multimodal path: refused for a text model, a warning from Qwen3.5 on, which the reference calls multimodal', () => {
    const line = {
      endpoint: 'multimodal-generation',
      messages: [user([{ text: '杭州' }])],
      profile: { nativeEndpoint: 'text-generation', inputModalities: ['text'] },
    } as const;
    expect(outline({ ...line, model: 'qwen3.7-max' })).toEqual(['warning url']);
    expect(outline({ ...line, model: 'qwen3-max' })).toEqual(['error url']);
  });

  test('a switch of the wrong type is refused, and nothing is said to have no effect beside it', () => {
    const source = { enable_source: true };
    expect(outline({ parameters: { enable_search: 'yes', search_options: source } })).toEqual([
      'error parameters.enable_search',
    ]);
    expect(outline(search({ enable_source: 1, enable_citation: true }))).toEqual([
      'error parameters.search_options.enable_source',
    ]);
    expect(outline({ parameters: { logprobs: 1, top_logprobs: 2 } })).toEqual([
      'error parameters.logprobs',
    ]);
  });

  test('a translation model takes no answer of a tool', () => {
    const [problem] = problemsOf({
      model: 'qwen-mt-plus',
      messages: RESULTS,
      parameters: { translation_options: mt },
    }).filter(({ severity }) => severity === 'error');
    expect(problem?.message).toContain('messages has some of the role tool');
  });

  test('the length of an input counts by its text alone: what media have is not known', () => {
    const model = { model: 'qwen-vl-max', profile: { maxInput: 2000 } };
    const image = { image: 'https://example.com/dog.jpeg' };
    const images = Array.from({ length: 100 }, () => image);
    expect(
      problemsOf({ ...model, messages: [user([...images, { text: 'one '.repeat(100) }])] }),
    ).toEqual([]);
    // Half again as many tokens by the fast estimate as by the model's own vocabulary.
    const legal =
      'Everyone has responsibilities notwithstanding internationally characterization. ';
    expect(problemsOf({ ...model, messages: [user([{ text: legal.repeat(150) }])] })).toEqual([]);
    expect(
      problemsOf({ ...model, messages: [user([image, { text: 'one '.repeat(5000) }])] }),
    ).toMatchObject([{ severity: 'warning', path: 'input.messages' }]);
  });

  test('a model whose longest input is not listed: the window is', () => {
    const profile = { maxInput: null, contextWindow: 4096 };
    const messages = [user('one two '.repeat(6000))];
    expect(problemsOf({ profile, messages })[0]?.message).toContain('takes at most 4096');
    expect(problemsOf({ profile: { ...profile, contextWindow: null }, messages })).toEqual([]);
  });

  test('an open Qwen3 model in a stream refuses incremental_output false', () => {
    expect(
      outline({
        model: 'qwen3-8b',
        streamAsked: true,
        parameters: { enable_thinking: false, incremental_output: false },
      }),
    ).toEqual(['error parameters.incremental_output']);
  });

  test('thinking that a line turns on for a model that thinks by default costs no warning', () => {
    expect(problemsOf({ model: 'qwen3.6-plus', messages: PICTURE, parameters: think })).toEqual([]);
    expect(problemsOf({ model: 'qwen3.6-plus', messages: PICTURE })).toMatchObject([
      { severity: 'warning', code: 'qbatch_thinking_default' },
    ]);
  });

  test('max_tokens of a model that thinks is at most what it then writes', () => {
    const line = (parameters: object): string[] =>
      problemsOf({
        model: 'qwen3-max',
        profile: { maxOutput: 65_536, maxOutputThinking: 32_768 },
        parameters: { ...message, ...parameters },
      }).map(({ severity, message: text }) => `${severity} ${/\[1, \d+\]/.exec(text)?.[0]}`);
    expect(line({ ...think, max_tokens: 32_768 })).toEqual([]);
    expect(line({ ...think, max_tokens: 32_769 })).toEqual(['error [1, 32768]']);
    expect(line({ enable_thinking: false, max_tokens: 65_536 })).toEqual([]);
    expect(line({ enable_thinking: false, max_tokens: 65_537 })).toEqual(['error [1, 65536]']);
    // Off by default.
    expect(line({ max_tokens: 65_536 })).toEqual([]);
  });

  test.each([
    ['max_tokens', { max_tokens: 32_769 }],
    ['thinking_budget', { ...think, thinking_budget: 81_921 }],
  ])('%s above a limit that no official page says is a warning', (name, parameters) => {
    expect(outline({ profile: { limitsSure: false }, parameters })).toEqual([
      `warning parameters.${name}`,
    ]);
  });

  test('where it is not known whether a model thinks, the larger limit counts', () => {
    const profile = { thinkingDefault: null, maxOutput: 65_536, maxOutputThinking: 32_768 };
    expect(problemsOf({ profile, parameters: { max_tokens: 65_536 } })).toEqual([]);
    expect(outline({ profile, parameters: { max_tokens: 65_537 } })).toEqual([
      'error parameters.max_tokens',
    ]);
  });

  test('the input of a model that thinks may be shorter', () => {
    const long = {
      profile: { maxInputThinking: 98_304 },
      messages: [user(' the'.repeat(220_000))],
    };
    expect(problemsOf({ ...long, parameters: { enable_thinking: false } })).toEqual([]);
    expect(problemsOf(long)).toEqual([]);
    const [problem, ...more] = problemsOf({ ...long, parameters: think });
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ severity: 'warning', path: 'input.messages' });
    expect(problem?.message).toContain('takes at most 98304 while it thinks');
  });

  test('max_tokens of a raised OCR account is no error up to 8,192', () => {
    const line = (max: number): string[] =>
      outline({ model: 'qwen-vl-ocr', messages: PICTURE, parameters: { max_tokens: max } });
    expect(line(8192)).toEqual(['warning parameters.max_tokens']);
    expect(line(8193)).toEqual(['error parameters.max_tokens']);
  });

  test('an unlisted model: one note, and no guesses about its abilities', () => {
    expect(
      outline({
        unknown: true,
        model: 'qwen-plus-ft-2026',
        parameters: { tools, ...message, max_tokens: 999_999, n: 1 },
      }),
    ).toEqual(['note model']);
  });

  test('the path of an envelope names the model inside its body', () => {
    expect(outline({ unknown: true, openai: true, model: 'qwen9-ultra' })).toEqual([
      'note body.model',
    ]);
  });
});
