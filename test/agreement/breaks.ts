import fc from 'fast-check';
import { pngOf } from '../helpers/png-of.ts';
import { allowedOf } from './lines.ts';
import type { Draft, Fields } from './lines.ts';

/** One documented rule, broken. */
export type Break = {
  readonly name: string;
  /** The model whose lines it is put into; default qwen-plus. */
  readonly model?: string;
  /** Only this protocol can break it. */
  readonly only?: Draft['protocol'];
  readonly break: (draft: Draft) => Draft;
  /** Lines of each protocol; default 2. */
  readonly runs?: number;
  /** The service's words, as the error code page, the reference or a recording has them. */
  readonly service: string;
  /** Its words on the OpenAI-compatible endpoint, where they differ. */
  readonly chat?: string;
  readonly status?: number;
};

const TOOL = { type: 'function', function: { name: 'get_weather', description: 'Weather' } };
const CALL = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{}' } };

function given(more: Fields): Break['break'] {
  return (draft) => ({ ...draft, parameters: { ...draft.parameters, ...more } });
}

function said(messages: (draft: Draft) => readonly Fields[]): Break['break'] {
  return (draft) => ({ ...draft, messages: messages(draft) });
}

function parts(content: readonly Fields[]): Break['break'] {
  return said(() => [{ role: 'user', content }]);
}

function range(name: string, value: unknown, service: string, more: Partial<Break> = {}): Break {
  return {
    name: `${name} ${JSON.stringify(value)}`,
    break: given({ [name]: value }),
    service,
    ...more,
  };
}

const TOP_P = 'Range of top_p should be (0.0, 1.0]';
const TOP_K = 'Parameter top_k be greater than or equal to 0';
const PRESENCE = 'Presence_penalty should be in [-2.0, 2.0]';
const N = 'Range of n should be [1, 4]';
const STOP =
  'The "stop" parameter must be of type "str", "list[str]", "list[int]", or "list[list[int]]", and all elements within the list must be of the same type.';
const SEED = 'Range of seed should be [0, 9223372036854775807]';
const URL = 'The provided URL does not appear to be valid. Ensure it is correctly formatted.';
const STREAM =
  'This model only support stream mode, please enable the stream parameter to access the model.';

const LANGUAGE = '暂时不支持当前设置的语种！';

/** Numbers and forms of single parameters. */
const RANGES: readonly Break[] = [
  range('temperature', 2, 'Temperature should be in [0.0, 2.0)'),
  range('temperature', -0.1, 'Temperature should be in [0.0, 2.0)'),
  range('temperature', '0.7', "'temperature' must be Float"),
  range('top_p', 0, TOP_P),
  range('top_p', 1.01, TOP_P),
  range('top_p', '0.8', "'top_p' must be Float"),
  range('top_k', -1, TOP_K),
  range('repetition_penalty', 0, 'Repetition_penalty should be greater than 0.0'),
  range('presence_penalty', 2.5, PRESENCE),
  range('presence_penalty', -2.5, PRESENCE),
  range('n', 0, N),
  range('n', 5, N),
  range('stop', ['a', 1], STOP),
  range('stop', 7, STOP),
  range('seed', -1, SEED, { chat: "-1 is lesser than the minimum of 0 - 'seed'" }),
  range('seed', 1.5, SEED, { chat: "'seed' must be Integer" }),
  range('max_tokens', 0, 'Range of max_tokens should be [1, 32768]'),
  range('max_tokens', 40_000, 'Range of max_tokens should be [1, 32768]'),
  range('max_tokens', 9000, 'Range of max_tokens should be [1, 8192]', { model: 'qwen-max' }),
  {
    name: 'max_tokens above the longest answer of a model that thinks',
    model: 'qwen3-max',
    break: (draft) => thinking({ max_tokens: 32_769 })(draft),
    service: 'Range of max_tokens should be [1, 32768]',
  },
  {
    name: 'thinking_budget 0',
    model: 'qwen3-max',
    break: (draft) => thinking({ thinking_budget: 0 })(draft),
    service: 'The thinking_budget parameter must be a positive integer and not greater than 81920',
  },
  {
    name: 'thinking_budget above the longest chain of thought',
    model: 'qwen3-max',
    break: (draft) => thinking({ thinking_budget: 81_921 })(draft),
    service: 'The thinking_budget parameter must be a positive integer and not greater than 81920',
  },
];

/** A line that thinks and is streamed as it must be. */
function thinking(more: Fields): Break['break'] {
  return (draft) => {
    const incremental = draft.protocol === 'native' ? { incremental_output: true } : {};
    const parameters = { ...draft.parameters, ...incremental, enable_thinking: true, ...more };
    return { ...draft, parameters, stream: true };
  };
}

/** Parameters that do not go together, with each other or with the model. */
const COMBINATIONS: readonly Break[] = [
  {
    name: 'thinking, cumulative',
    model: 'qwen3-max',
    only: 'native',
    break: thinking({ incremental_output: false }),
    service: 'The incremental_output parameter must be "true" when enable_thinking is true',
  },
  {
    name: 'thinking, result_format text',
    model: 'qwen-plus',
    only: 'native',
    break: thinking({ result_format: 'text' }),
    service: 'The result_format parameter must be "message" when enable_thinking is true',
  },
  {
    name: 'thinking, JSON mode',
    model: 'qwen3-max',
    break: thinking({ response_format: { type: 'json_object' } }),
    service: 'Json mode response is not supported when enable_thinking is true',
  },
  {
    name: 'thinking on a model that does not',
    model: 'qwen-max',
    break: thinking({}),
    service: 'The model qwen-max does not support enable_thinking.',
  },
  {
    name: 'no thinking on a model that always does',
    model: 'qwq-plus',
    break: given({ enable_thinking: false }),
    service: 'The value of the enable_thinking parameter is restricted to True.',
  },
  {
    name: 'a model that only streams, told not to',
    model: 'qwq-plus',
    only: 'chat',
    break: (draft) => ({ ...given({ stream: false })(draft), stream: false }),
    service: STREAM,
  },
  {
    name: 'thinking that needs a stream, told not to',
    model: 'qwen3-max',
    only: 'chat',
    break: (draft) => ({ ...thinking({ stream: false })(draft), stream: false }),
    service: 'parameter.enable_thinking must be set to false for non-streaming calls',
  },
  {
    name: 'a cumulative stream of an open model',
    model: 'qwen3-235b-a22b-instruct-2507',
    only: 'native',
    break: (draft) => ({ ...given({ incremental_output: false })(draft), stream: true }),
    service: 'The incremental_output parameter of this model cannot be set to False.',
  },
  {
    name: 'JSON mode without the word',
    break: (draft) => ({
      ...given({ response_format: { type: 'json_object' } })(draft),
      messages: [{ role: 'user', content: 'Name three rivers.' }],
    }),
    service:
      "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
  },
  {
    name: 'a response format of another type',
    break: given({ response_format: { type: 'xml' } }),
    service: 'Unknown format of response_format',
  },
  {
    name: 'tool_choice required',
    break: given({ tools: [TOOL], tool_choice: 'required' }),
    service: 'tool_choice is one of the strings that should be ["none", "auto"]',
  },
  {
    name: 'tool_choice 1',
    break: given({ tools: [TOOL], tool_choice: 1 }),
    service: 'tool_choice is one of the strings that should be ["none", "auto"]',
  },
  {
    name: 'a tool named search',
    break: given({ tools: [{ ...TOOL, function: { name: 'search', description: 'Web' } }] }),
    service: 'Tool names are not allowed to be [search]',
  },
  {
    name: 'a translation into what is no language',
    model: 'qwen-mt-plus',
    break: given({ translation_options: { source_lang: 'auto', target_lang: 7 } }),
    service: LANGUAGE,
  },
  {
    name: 'audio output without a stream',
    model: 'qwen-plus',
    only: 'chat',
    break: given({ modalities: ['text', 'audio'], stream: false }),
    service: "'audio' output only support with stream=true",
  },
];

const afterUser = (...more: readonly Fields[]): Break['break'] =>
  said(({ messages }) => [...messages, ...more]);

/** Messages and their order. */
const MESSAGES: readonly Break[] = [
  {
    name: 'no messages',
    break: said(() => []),
    service: "[] is too short - 'messages'",
  },
  {
    name: 'a message without content',
    break: said(() => [{ role: 'user' }]),
    service: 'The content field is a required field.',
  },
  {
    name: 'no message of the user',
    break: said(() => [{ role: 'system', content: 'You speak json.' }]),
    service: 'The input messages do not contain elements with the role of user.',
  },
  {
    name: 'a role that no one has',
    break: said(({ messages }) => [{ role: 'developer', content: 'Be brief.' }, ...messages]),
    service:
      "developer is not one of ['system', 'assistant', 'user', 'tool', 'function'] - 'messages.[0].role'",
  },
  {
    name: 'an empty message of the user',
    only: 'native',
    break: said(() => [{ role: 'user', content: '' }]),
    service: 'Role must be user or assistant and Content length must be greater than 0.',
  },
  {
    name: 'the last word is the assistant’s',
    break: afterUser({ role: 'assistant', content: 'The Rhine.' }),
    service: 'list index out of range',
    status: 500,
  },
  {
    name: 'a result without a call',
    break: afterUser({ role: 'tool', content: '18 degrees', tool_call_id: 'call_1' }),
    service:
      'messages with role "tool" must be a response to a preceeding message with "tool_calls"',
  },
  {
    name: 'a result of another call',
    break: afterUser(
      { role: 'assistant', content: '', tool_calls: [CALL] },
      { role: 'tool', content: '18 degrees', tool_call_id: 'call_2' },
    ),
    service:
      'messages with role "tool" must be a response to a preceeding message with "tool_calls"',
  },
  {
    name: 'a call without a result',
    break: afterUser(
      { role: 'assistant', content: '', tool_calls: [CALL, { ...CALL, id: 'call_2' }] },
      { role: 'tool', content: '18 degrees', tool_call_id: 'call_1' },
      { role: 'user', content: 'And?' },
    ),
    service:
      'An assistant message with "tool_calls" must be followed by tool messages responding to each "tool_call_id"',
  },
  {
    name: 'arguments that are no JSON, on a coder model',
    model: 'qwen3-coder-plus',
    break: afterUser(
      {
        role: 'assistant',
        content: '',
        tool_calls: [{ ...CALL, function: { name: 'get_weather', arguments: '{city: ' } }],
      },
      { role: 'tool', content: '18 degrees', tool_call_id: 'call_1' },
    ),
    service: 'The "function.arguments" parameter of the code model must be in JSON format.',
  },
  {
    name: 'a system message to a translation',
    model: 'qwen-mt-plus',
    break: said(({ messages }) => [{ role: 'system', content: 'Translate.' }, ...messages]),
    service: 'Role must be in [user, assistant]',
    status: 500,
  },
  {
    name: 'an answer of a tool to a translation',
    model: 'qwen-mt-plus',
    break: said(({ messages }) => [
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'now', arguments: '{}' } },
        ],
      },
      { role: 'tool', content: '9:00', tool_call_id: 'call_1' },
      ...messages,
    ]),
    service: 'Role must be in [user, assistant]',
    status: 500,
  },
  {
    name: 'parts to a text model',
    only: 'native',
    break: parts([{ text: 'Name three rivers.' }]),
    service: 'input content must be a string.',
  },
  {
    name: 'a part that is about nothing',
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ type: 'image_url', image_url: { url: 'https://example.com/dog.jpeg' } }]),
    service: 'The item of content should be a message of a certain modal.',
  },
];

const TEXT = { text: 'What is this?' };
const SHORT = 'shoule be (4, 512).';

/** Media and where lines are sent. */
const MEDIA: readonly Break[] = [
  {
    name: 'a local image',
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ image: 'file:///tmp/dog.jpeg' }, TEXT]),
    service: URL,
  },
  {
    name: 'an image that is no address, OpenAI form',
    model: 'qwen3-vl-plus',
    only: 'chat',
    break: parts([{ type: 'image_url', image_url: { url: 'dog.jpeg' } }]),
    service: URL,
  },
  {
    name: 'an encoded image of more than 10 MiB',
    runs: 1,
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ image: `data:image/png;base64,${'A'.repeat(10_485_764)}` }, TEXT]),
    service: 'Exceeded limit on max bytes per data-uri item : 10485760',
  },
  {
    name: 'three frames as a video',
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ video: [1, 2, 3].map((at) => `https://example.com/${at}.jpeg`) }, TEXT]),
    service: `The video modality input does not meet the requirements because: the range of sequence images ${SHORT}`,
  },
  {
    name: 'a text model on the path of parts',
    only: 'native',
    model: 'qwen-max',
    break: (draft) => ({
      ...draft,
      isMultimodal: true,
      messages: [{ role: 'user', content: [{ text: 'Name three rivers.' }] }],
    }),
    service: 'url error, please check url！',
  },
  {
    name: 'qwen-audio on the compatible endpoint',
    model: 'qwen-audio-turbo',
    only: 'native',
    break: (draft) => ({
      ...draft,
      protocol: 'chat',
      messages: [{ role: 'user', content: 'Name three rivers.' }],
    }),
    service: 'Unsupported model qwen-audio-turbo for OpenAI compatibility mode.',
    status: 404,
  },
  {
    // Its page says that it is not served there, but not how it is refused: as other models are.
    name: 'deep research on the compatible endpoint',
    model: 'qwen-deep-research',
    only: 'chat',
    break: (draft) => ({ ...draft, stream: true }),
    service: 'Unsupported model qwen-deep-research for OpenAI compatibility mode.',
    status: 404,
  },
];

/** Every rule that a line can break and the service is documented, or reported, to refuse in these words. */
export const BREAKS: readonly Break[] = [...RANGES, ...COMBINATIONS, ...MESSAGES, ...MEDIA];

/** A line on which the two readings differ, and why. */
export type Difference = Pick<Break, 'name' | 'model' | 'only' | 'runs' | 'break'> & {
  readonly reason: string;
};

const NO_TEXT = 'outside the documented values; what the service answers is not documented';

/** `check` calls these an error; the simulator answers them. */
export const CHECK_ALONE: readonly Difference[] = [
  { name: 'logprobs "yes"', break: given({ logprobs: 'yes' }), reason: NO_TEXT },
  { name: 'enable_search 1', break: given({ enable_search: 1 }), reason: NO_TEXT },
  { name: 'top_logprobs 9', break: given({ logprobs: true, top_logprobs: 9 }), reason: NO_TEXT },
  {
    name: 'result_format xml',
    only: 'native',
    break: given({ result_format: 'xml' }),
    reason: NO_TEXT,
  },
  {
    name: 'a tool whose name has blanks',
    break: given({
      tools: [{ ...TOOL, function: { name: 'get weather', description: 'Weather' } }],
    }),
    reason: NO_TEXT,
  },
  {
    name: 'an encoded image of 9 pixels',
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ image: pngOf(9, 40) }, TEXT]),
    reason: 'the page has the least size, but its text is not among the sources',
  },
  {
    name: 'fps 50',
    model: 'qwen3-vl-plus',
    only: 'native',
    break: parts([{ video: 'https://example.com/game.mp4', fps: 50 }, TEXT]),
    reason: NO_TEXT,
  },
  {
    name: 'ocr_options without a known task',
    model: 'qwen-vl-ocr-latest',
    only: 'native',
    break: (draft) => ({
      ...parts([{ image: 'https://example.com/dog.jpeg' }])(draft),
      isMultimodal: true,
      parameters: { ocr_options: { task: 'read' } },
    }),
    reason: NO_TEXT,
  },
];

const LISTS_OF_MODELS =
  'which models take fewer frames is a list that grows old: check warns, and --strict makes it an error';

/** A list of so many frames to a model of the multimodal path. */
function frames(model: string, count: number, range: string): (typeof SIMULATOR_ALONE)[number] {
  const video = Array.from({ length: count }, (_, at) => `https://example.com/${at}.jpeg`);
  return {
    name: `${count} frames to ${model}`,
    model,
    only: 'native',
    break: (draft) => ({ ...parts([{ video }, TEXT])(draft), isMultimodal: true }),
    service: `The video modality input does not meet the requirements because: the range of sequence images shoule be ${range}.`,
    reason: LISTS_OF_MODELS,
  };
}

/** The simulator refuses these; `check` calls them no error. */
export const SIMULATOR_ALONE: readonly (Difference & Pick<Break, 'service'>)[] = [
  {
    name: 'tools on a model without them',
    model: 'qwen-vl-max',
    break: given({ tools: [TOOL] }),
    service: 'The tool call is not supported.',
    reason: 'lists of models grow old: check warns, and --strict makes it an error',
  },
  frames('qwen-vl-max-2024-11-19', 81, '(4,80)'),
  frames('qwen2-vl-72b-instruct', 81, '(4,80)'),
  frames('qvq-max', 81, '(4,80)'),
  frames('qwen-omni-turbo', 81, '(4,80)'),
  frames('qwen3-omni-flash', 129, '(4,128)'),
  {
    name: 'a search on a model without one',
    model: 'qwen-long',
    break: given({ enable_search: true }),
    service: 'This model does not support enable_search.',
    reason: 'lists of models grow old: check does not make an error of them',
  },
  {
    name: 'a request of more than 6 MiB',
    only: 'native',
    runs: 1,
    break: said(() => [{ role: 'user', content: 'a'.repeat(6_291_456) }]),
    service: 'Exceeded limit on max bytes to request body : 6291456',
    reason: 'reported of one model; check does not make an error of it',
  },
  {
    name: 'an input longer than the model takes',
    model: 'qwen-math-plus',
    runs: 1,
    break: said(() => [{ role: 'user', content: 'one two '.repeat(10_000) }]),
    service: 'Range of input length should be [1, 3072]',
    reason: 'check estimates tokens, and warns',
  },
  {
    name: 'a translation into a language without a name',
    model: 'qwen-mt-plus',
    break: given({ translation_options: { source_lang: 'auto', target_lang: '' } }),
    service: LANGUAGE,
    reason: 'which languages there are is not among the facts; check looks at the type alone',
  },
  {
    name: 'a JSON schema while thinking',
    model: 'qwen3-max',
    break: thinking({
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } },
    }),
    service: 'Json mode response is not supported when enable_thinking is true',
    reason:
      'documented of json_object; the simulator takes a schema for the same mode, check warns',
  },
];

/** Lines that break one rule each: allowed ones of each protocol that can, with the break put in. */
export function brokenLines({
  model = 'qwen-plus',
  only,
  runs = 2,
  break: breakRule,
}: Pick<Break, 'model' | 'only' | 'runs' | 'break'>): readonly Draft[] {
  const protocols: readonly Draft['protocol'][] = only === undefined ? ['native', 'chat'] : [only];
  return protocols.flatMap((protocol) =>
    fc.sample(allowedOf(model, protocol), { numRuns: runs, seed: 7 }).map(breakRule),
  );
}
