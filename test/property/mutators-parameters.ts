import type { Mutator } from './mutator.ts';
import { Raw, type DraftShape } from './request-draft.ts';

/** Values outside what service.md section 2.3 documents, and the words of the service about them. */
type Bad = {
  readonly values: readonly unknown[];
  readonly says: string;
  readonly model?: string;
  readonly shape?: DraftShape;
  /** What else the parameter needs to be looked at. */
  readonly beside?: Readonly<Record<string, unknown>>;
};

const raw = (text: string): Raw => new Raw(text);
const flag: Bad = { values: ['true', 1, 0, 'yes', []], says: 'it must be true or false' };
const named = (name: unknown): unknown => [
  { type: 'function', function: { name, description: '查询' } },
];

/** Values of another type, about which the service has other words. */
const BAD_TYPES: Readonly<Record<string, Bad>> = {
  temperature: { values: ['0.7', true, []], says: "(service: 'temperature' must be Float)" },
  top_p: { values: ['0.8', {}], says: "(service: 'top_p' must be Float)" },
  seed: { values: ['1234', raw('1.5')], says: "(service: 'seed' must be Integer)" },
};

const BAD: Readonly<Record<string, Bad>> = {
  temperature: {
    values: [2, raw('2.0'), raw('-1e-9'), 2.5, raw('1e400')],
    says: '(service: Temperature should be in [0.0, 2.0))',
  },
  top_p: {
    values: [0, raw('0.0'), raw('1.0000001'), -1],
    says: '(service: Range of top_p should be (0.0, 1.0])',
  },
  top_k: { values: [-1, raw('1.5'), '20'], says: 'top_k be greater than or equal to 0' },
  repetition_penalty: {
    values: [0, raw('-0'), -1, '1'],
    says: 'Repetition_penalty should be greater than 0.0',
  },
  presence_penalty: {
    values: [raw('-2.0001'), raw('2.0001'), '0'],
    says: 'Presence_penalty should be in [-2.0, 2.0]',
  },
  seed: {
    values: [-1, raw('9223372036854775808'), raw('9223372036854775900'), raw('1e19')],
    says: '(service: Range of seed should be [0, 9223372036854775807])',
  },
  max_tokens: {
    values: [0, -1, raw('10.5'), '100'],
    says: 'Range of max_tokens should be [1, 32768])',
  },
  max_completion_tokens: {
    values: [0, raw('1.5'), '1'],
    says: 'it must be an integer >= 1',
    model: 'qwen3.5-plus',
  },
  max_input_tokens: { values: [0, '129024'], says: 'integer >= 1', model: 'qwen-plus-latest' },
  n: { values: [0, 5, raw('1.5'), '1'], says: 'Range of n should be [1, 4]' },
  stop: {
    values: [['你好', 104_307], [1, [2]], [['你好']], 5, true, { token: '你好' }, [raw('1.5')]],
    says: 'The "stop" parameter must be of type "str", "list[str]", "list[int]", or "list[list[int]]"',
  },
  stream: flag,
  incremental_output: flag,
  result_format: { values: ['json', 'Message', 1], says: 'it must be "text" or "message"' },
  response_format: {
    values: [{ type: 'json' }, {}, 'json_object', []],
    says: 'Unknown format of response_format',
  },
  enable_thinking: flag,
  thinking_budget: {
    values: [0, -1, raw('1.5'), '100'],
    says: 'must be a positive integer and not greater than 81920)',
    model: 'qwen3-max',
    beside: { enable_thinking: true },
  },
  reasoning_effort: { values: ['extreme', 3], says: 'low, medium, high', model: 'qwen3.8-max' },
  preserve_thinking: flag,
  clear_thinking: flag,
  tool_stream: flag,
  enable_code_interpreter: flag,
  logprobs: flag,
  top_logprobs: { values: [-1, 6, raw('1.5'), '2'], says: 'it must be an integer from 0 to 5' },
  tools: {
    values: [
      {},
      [1],
      named('a'.repeat(65)),
      named('查天气'),
      named('a.b'),
      named(7),
      named('search'),
      [{ type: 'function', function: { name: 'a', description: 'b', parameters: '{}' } }],
    ],
    says: 'it must be',
  },
  tool_choice: {
    values: ['any', 1, {}, { type: 'function' }, { type: 'function', function: { name: '' } }],
    says: 'tool_choice is one of the strings that should be ["none", "auto"]',
  },
  parallel_tool_calls: flag,
  enable_search: flag,
  search_options: {
    values: [
      'turbo',
      [],
      { enable_source: 'yes' },
      { search_strategy: 'deep' },
      { citation_format: '(1)' },
      { assigned_site_list: [1] },
    ],
    says: 'it must be',
    beside: { enable_search: true },
  },
  enable_text_image_mixed: flag,
  vl_high_resolution_images: flag,
  vl_enable_image_hw_output: flag,
  ocr_options: {
    values: ['read', { task: 'read' }, { task: 'table_parsing', task_config: [] }],
    says: 'it must be',
    model: 'qwen-vl-ocr-2025-11-20',
  },
  translation_options: {
    values: [
      { source_lang: 1, target_lang: 'English' },
      { source_lang: 'auto', target_lang: 'English', terms: ['博客园'] },
    ],
    says: 'it must be',
    model: 'qwen-mt-plus',
  },
  asr_options: {
    values: [{ language: 'tlh' }, { enable_itn: 'yes' }, 'zh'],
    says: 'it must be',
    model: 'qwen3-asr-flash',
  },
  output_format: {
    values: ['detailed', 1],
    says: '"model_detailed_report" or "model_summary_report"',
    model: 'qwen-deep-research',
  },
  enable_feedback: { ...flag, model: 'qwen-deep-research' },
  research_tools: {
    values: ['mcp', [1]],
    says: 'it must be an',
    model: 'qwen-deep-research',
  },
  skill: {
    values: ['ppt', [{ type: 'doc' }], [{ type: 'ppt', template_id: 'news_02' }]],
    says: 'it must be',
    model: 'qwen-doc-turbo',
    beside: { stream: true },
  },
  modalities: { values: ['text', [1]], says: 'it must be', shape: 'chat envelope' },
  audio: { values: ['Cherry', []], says: 'it must be an object', shape: 'chat envelope' },
  stream_options: {
    values: [true, { include_usage: 'yes' }],
    says: 'it must be',
    shape: 'chat envelope',
    beside: { stream: true },
  },
  logit_bias: { values: [{ '37763': 'low' }, [1]], says: 'an object of token id to number' },
};

/** One mutator for each documented parameter: a value that its row does not allow. */
export const PARAMETER_MUTATORS: readonly Mutator[] = [BAD, BAD_TYPES]
  .flatMap(Object.entries<Bad>)
  .map(([name, { values, says, model, shape, beside }]): Mutator => ({
    breaks: name,
    ...(model === undefined ? {} : { model }),
    ...(shape === undefined ? {} : { shape }),
    severity: 'error',
    at: name,
    says,
    given: (draft) => {
      Object.assign(draft.parameters, beside);
    },
    mutate: (draft, random) => {
      draft.parameters[name] = values[random.between(0, values.length - 1)];
    },
  }));
