import { say, set, TEXT, user, type Mutator } from './mutator.ts';

/** One mutator for each rule about the form of output and about search (service.md 2.3 to 2.5). */

const OFF = { enable_thinking: false };
const ON = { enable_thinking: true };
const JSON_MODE = { response_format: { type: 'json_object' } };
const SCHEMA_MODE = {
  response_format: { type: 'json_schema', json_schema: { name: '城市', schema: {} } },
};
const ASK_JSON = say(user('Return the city as JSON.'));
const search = (options: object, more: object = {}): ReturnType<typeof set> =>
  set({ enable_search: true, search_options: options, ...more });

const OUTPUT: readonly Mutator[] = [
  {
    breaks: '8',
    severity: 'error',
    at: 'response_format',
    says: "'messages' must contain the word 'json' in some form",
    given: (draft) => {
      set(JSON_MODE)(draft);
      ASK_JSON(draft);
    },
    mutate: say(TEXT),
  },
  {
    breaks: '10',
    model: 'qwen3-32b',
    severity: 'note',
    at: 'top_logprobs',
    says: 'unless logprobs is true',
    given: set({ ...OFF, logprobs: true, top_logprobs: 2 }),
    mutate: set({ logprobs: false }),
  },
  {
    breaks: 'json-model',
    model: 'qwen-max',
    catalog: { json_object: false },
    severity: 'warning',
    at: 'response_format',
    says: 'without JSON mode',
    given: ASK_JSON,
    mutate: set(JSON_MODE),
  },
  {
    breaks: 'json-schema-model',
    severity: 'warning',
    at: 'response_format',
    says: 'without JSON schemas',
    given: set({ ...OFF, ...SCHEMA_MODE }),
    mutate: set(ON),
  },
  {
    breaks: 'json-schema-shape',
    severity: 'warning',
    at: 'response_format.json_schema',
    says: '"schema"',
    given: set({ ...OFF, ...SCHEMA_MODE }),
    mutate: set({ response_format: { type: 'json_schema', json_schema: { name: '城市' } } }),
  },
  {
    breaks: 'seed-range',
    severity: 'warning',
    at: 'seed',
    says: '2147483647',
    given: set({ seed: 2_147_483_647 }),
    mutate: set({ seed: 2_147_483_648 }),
  },
  {
    breaks: 'max-tokens',
    model: 'qwen-max',
    severity: 'error',
    at: 'max_tokens',
    says: 'Range of max_tokens should be [1, 8192]',
    given: set({ max_tokens: 8192 }),
    mutate: set({ max_tokens: 8193 }),
  },
  {
    breaks: 'max-tokens-ocr',
    model: 'qwen-vl-ocr-2025-08-28',
    severity: 'warning',
    at: 'max_tokens',
    says: '4096',
    given: set({ max_tokens: 4096 }),
    mutate: set({ max_tokens: 4097 }),
  },
  {
    breaks: 'max-input-tokens',
    model: 'qwen-plus-latest',
    severity: 'warning',
    at: 'max_input_tokens',
    says: '1000000',
    given: set({ max_input_tokens: 1_000_000 }),
    mutate: set({ max_input_tokens: 1_000_001 }),
  },
  {
    breaks: 'n-model',
    model: 'qwen-max',
    severity: 'warning',
    at: '.n',
    says: 'at most 1',
    given: set({ n: 1 }),
    mutate: set({ n: 2 }),
  },
  {
    breaks: 'n-thinking',
    severity: 'warning',
    at: '.n',
    says: 'without thinking',
    given: set({ ...OFF, n: 2 }),
    mutate: set(ON),
  },
  {
    breaks: 'logprobs-model',
    severity: 'warning',
    at: 'logprobs',
    says: 'documented not to return them',
    mutate: set({ logprobs: true }),
  },
  {
    breaks: 'incremental-open',
    model: 'qwen3-32b',
    severity: 'error',
    at: 'incremental_output',
    says: 'The incremental_output parameter of this model cannot be set to False.',
    given: set({ ...OFF, stream: true, incremental_output: true }),
    mutate: set({ incremental_output: false }),
  },
  {
    breaks: 'incremental-unstreamed',
    severity: 'note',
    at: 'incremental_output',
    says: 'without a stream',
    given: set({ stream: true, incremental_output: true }),
    mutate: set({ stream: false }),
  },
  {
    breaks: 'format-ignored',
    model: 'qwen-vl-max',
    severity: 'note',
    at: 'result_format',
    says: 'no effect',
    mutate: set({ result_format: 'text' }),
  },
  {
    breaks: 'format-message-only',
    model: 'qwen3-max-preview',
    severity: 'warning',
    at: 'result_format',
    says: '"message" only',
    given: set({ ...OFF, result_format: 'message' }),
    mutate: set({ result_format: 'text' }),
  },
  {
    breaks: 'pixels-ignored',
    model: 'qwen-vl-max',
    severity: 'note',
    at: 'vl_high_resolution_images',
    says: 'max_pixels has no effect',
    given: say(
      user([{ image: 'https://example.com/a.png', max_pixels: 1_003_520 }, { text: '？' }]),
    ),
    mutate: set({ vl_high_resolution_images: true }),
  },
  {
    breaks: 'audio-stream',
    model: 'qwen3-omni-flash',
    shape: 'chat envelope',
    catalog: { stream_only: 'no' },
    severity: 'error',
    at: 'modalities',
    says: "'audio' output only support with stream=true",
    given: set({ stream: true, modalities: ['text', 'audio'] }),
    mutate: set({ stream: false }),
  },
  {
    breaks: 'skill-stream',
    model: 'qwen-doc-turbo',
    severity: 'warning',
    at: 'skill',
    says: 'streams only',
    given: set({ stream: true, skill: [{ type: 'ppt' }] }),
    mutate: set({ stream: false }),
  },
];

const SEARCH: readonly Mutator[] = [
  {
    breaks: 'search-model',
    model: 'qwen-long',
    severity: 'warning',
    at: 'enable_search',
    says: 'This model does not support enable_search.',
    mutate: set({ enable_search: true }),
  },
  {
    breaks: '11',
    severity: 'note',
    at: 'search_options',
    says: 'unless enable_search is true',
    given: search({ enable_source: true }),
    mutate: set({ enable_search: false }),
  },
  {
    breaks: '12-citation',
    severity: 'note',
    at: 'enable_citation',
    says: 'enable_source: true',
    given: search({ enable_citation: true, enable_source: true }),
    mutate: search({ enable_citation: true }),
  },
  {
    breaks: '12-format',
    severity: 'note',
    at: 'citation_format',
    says: 'enable_citation: true',
    given: search({ enable_source: true }),
    mutate: search({ enable_source: true, citation_format: '[<number>]' }),
  },
  {
    breaks: '12-prepend',
    severity: 'note',
    at: 'prepend_search_result',
    says: 'a stream and enable_source: true',
    given: search({ prepend_search_result: true, enable_source: true }, { stream: true }),
    mutate: set({ stream: false }),
  },
  {
    breaks: '13-combination',
    severity: 'warning',
    at: 'search_strategy',
    says: 'only with enable_source',
    given: search({ search_strategy: 'agent', enable_source: true }, ON),
    mutate: search({ search_strategy: 'agent', forced_search: true }, ON),
  },
  {
    breaks: '13-thinking',
    severity: 'warning',
    at: 'search_strategy',
    says: 'streamed thinking mode only',
    given: search({ search_strategy: 'agent_max', enable_source: true }, ON),
    mutate: set(OFF),
  },
  {
    breaks: 'search-option-name',
    severity: 'warning',
    at: 'search_options',
    says: '"forced_search"',
    given: search({ forced_search: true }),
    mutate: search({ force_search: true }),
  },
];

export const OUTPUT_MUTATORS: readonly Mutator[] = [...OUTPUT, ...SEARCH];
