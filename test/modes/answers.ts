import { expect } from 'vitest';

/*
 * The bodies that the modes are answered with, as the reference and recorded responses have them:
 * what must be there, whatever else is. A streamed answer has the body of an unstreamed one.
 */

type Fields = Readonly<Record<string, unknown>>;

const TEXT: unknown = expect.stringMatching(/\S/);
const NUMBER: unknown = expect.any(Number);
const JSON_OBJECT: unknown = expect.toSatisfy(isJsonObject);

const NATIVE_USAGE = { input_tokens: NUMBER, output_tokens: NUMBER, total_tokens: NUMBER };
const CHAT_USAGE = { prompt_tokens: NUMBER, completion_tokens: NUMBER, total_tokens: NUMBER };

function isJsonObject(text: unknown): boolean {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** A choice; `message` in place of or beside a plain text, `choice` beside the message. */
function choice(message: Fields = {}, beside: Fields = {}): Fields {
  return {
    finish_reason: 'stop',
    ...beside,
    message: { role: 'assistant', content: TEXT, ...message },
  };
}

function native(choices: readonly Fields[], usage: Fields = {}, output: Fields = {}): Fields {
  return {
    output: { choices, ...output },
    usage: { ...NATIVE_USAGE, ...usage },
    request_id: TEXT,
  };
}

function chat(choices: readonly Fields[], usage: Fields = {}): Fields {
  return {
    id: expect.stringMatching(/^chatcmpl-/),
    object: 'chat.completion',
    created: NUMBER,
    model: TEXT,
    choices: choices.map((one, index) => ({ index, logprobs: null, ...one })),
    usage: { ...CHAT_USAGE, ...usage },
  };
}

const PARTS = { content: [{ text: TEXT }] };

/** The text, and the size that a picture was scaled to: beside it, or in a part of its own. */
const SIZED_PARTS: unknown = expect.toSatisfy(isSized);

function isSized(value: unknown): boolean {
  const parts = Array.isArray(value) ? (value as readonly Fields[]) : [];
  const sizes = parts.flatMap(({ image_hw: size }) => (size === undefined ? [] : [size]));
  const [first] = (sizes[0] ?? []) as readonly unknown[];
  const texts = parts.filter(({ text }) => typeof text === 'string' && text.trim() !== '');
  return texts.length === 1 && sizes.length === 1 && isNumbers(first, 2);
}

/** Native multimodal: content in parts, and the tokens of the medium; older models give no total. */
function seen(medium: 'image' | 'video' | 'audio', message: Fields = {}): Fields {
  return {
    ...native([choice({ ...PARTS, ...message })]),
    usage: { input_tokens: NUMBER, output_tokens: NUMBER, [`${medium}_tokens`]: NUMBER },
  };
}

/** Native speech recognition: seconds; the documented sample has no sums of tokens. */
function heard(message: Fields): Fields {
  return { ...native([choice({ ...PARTS, ...message })]), usage: { seconds: NUMBER } };
}

function seenInChat(medium: 'image' | 'video' | 'audio'): Fields {
  return chat([choice()], { prompt_tokens_details: { [`${medium}_tokens`]: NUMBER } });
}

function ocr(part: Fields): Fields {
  return native([choice({ content: [{ text: TEXT, ...part }] })], { image_tokens: NUMBER });
}

const EIGHT_NUMBERS: unknown = expect.toSatisfy((value) => isNumbers(value, 8));
const FIVE_NUMBERS: unknown = expect.toSatisfy((value) => isNumbers(value, 5));

function isNumbers(value: unknown, length: number): boolean {
  return (
    Array.isArray(value) &&
    value.length === length &&
    value.every((item) => typeof item === 'number')
  );
}

const WORDS: unknown = expect.arrayContaining([
  { text: TEXT, location: EIGHT_NUMBERS, rotate_rect: FIVE_NUMBERS },
]);

/** A report or, in `deepResearch`, what came with it. */
function research(deepResearch: Fields): Fields {
  return {
    output: {
      message: {
        role: 'assistant',
        phase: 'answer',
        status: 'finished',
        content: TEXT,
        extra: { deep_research: deepResearch },
      },
    },
    // Recorded: no total.
    usage: { input_tokens: NUMBER, output_tokens: NUMBER },
    request_id: TEXT,
  };
}

const REFERENCES = {
  references: [{ index_number: 1, title: TEXT, url: TEXT, icon: '', description: TEXT }],
};

const THOUGHT = { reasoning_content: TEXT };
const THOUGHT_USAGE = { output_tokens_details: { reasoning_tokens: NUMBER } };
const THOUGHT_CHAT_USAGE = { completion_tokens_details: { reasoning_tokens: NUMBER } };

const CODE = {
  tool_info: [{ type: 'code_interpreter', code_interpreter: { code: TEXT } }],
};
const CODE_USAGE = { ...THOUGHT_USAGE, plugins: { code_interpreter: { count: NUMBER } } };

const WEATHER = { name: 'get_current_weather', arguments: JSON_OBJECT };
const TIME = { name: 'get_current_time', arguments: JSON_OBJECT };

/** A choice that calls tools. A call that was forced is recorded to end with `stop`, natively. */
function calls(functions: readonly Fields[], finishReason = 'tool_calls'): Fields {
  const called = functions.map((named, index) => ({
    index,
    id: expect.stringMatching(/^call_/),
    type: 'function',
    function: named,
  }));
  return choice({ content: '', tool_calls: called }, { finish_reason: finishReason });
}

const LOGPROBS = {
  logprobs: {
    content: expect.toSatisfy(isLogprobs),
  },
};

function isLogprobs(value: unknown): boolean {
  const isEntry = (entry: unknown): boolean => {
    const { token, bytes, logprob } = entry as Fields;
    return (
      typeof token === 'string' &&
      Buffer.from(bytes as number[]).toString('utf8') === token &&
      Number(logprob) <= 0
    );
  };
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => isEntry(entry) && (entry.top_logprobs as unknown[]).every(isEntry))
  );
}

const EXTRA = { extra_tool_info: [{ tool: TEXT, result: TEXT }] };
const searched = (more: Fields = {}): Fields => ({
  search_info: {
    ...more,
    search_results: expect.arrayContaining([
      expect.objectContaining({ index: 1, title: TEXT, url: TEXT, site_name: TEXT }),
    ]),
  },
});
const SEARCH_USAGE = { plugins: { search: { count: NUMBER, strategy: 'turbo' } } };

const SPOKEN = { annotations: [{ type: 'audio_info', language: 'zh', emotion: TEXT }] };

const indexed = (count: number): Fields[] =>
  Array.from({ length: count }, (_, index) => choice({}, { index }));

const TEXT_FORMAT = {
  output: { text: TEXT, finish_reason: 'stop' },
  usage: NATIVE_USAGE,
  request_id: TEXT,
};

const SHAPES: readonly (readonly [ids: string, body: Fields])[] = [
  ['text-message text-every-sampling-parameter text-flat text-native-envelope', native([choice()])],
  ['text-format text-prompt-and-history text-prompt-shape', TEXT_FORMAT],
  ['text-chat text-chat-every-sampling-parameter', chat([choice()])],
  ['stream-header stream-argument', native([choice()])],
  ['stream-text-format', TEXT_FORMAT],
  ['stream-picture', seen('image')],
  ['stream-chat stream-chat-usage-unsaid', chat([choice()])],
  ['cumulative-said cumulative-by-default', native([choice()])],
  ['cumulative-text-format', TEXT_FORMAT],
  ['cumulative-translation-chat', chat([choice()])],
  ['image-url image-temporary-storage image-flat', seen('image')],
  ['image-data-uri', seen('image', { content: SIZED_PARTS })],
  ['image-chat', seenInChat('image')],
  ['video-file video-frames', seen('video')],
  ['video-file-chat video-frames-chat', seenInChat('video')],
  ['audio-url', seen('audio')],
  ['audio-omni-chat', seenInChat('audio')],
  ['search-with-sources', native([choice()], SEARCH_USAGE, searched(EXTRA))],
  ['search-first-in-stream', native([choice()], SEARCH_USAGE, searched())],
  ['search-chat', chat([choice()])],
  ['tool-forced', native([calls([WEATHER], 'stop')])],
  ['tool-auto-of-two tool-stream-cumulative', native([calls([TIME])])],
  ['tool-none', native([choice()])],
  ['tool-chat', chat([calls([WEATHER])])],
  ['tools-parallel tools-parallel-stream', native([calls([TIME, WEATHER])])],
  ['tools-parallel-chat tools-parallel-chat-stream', chat([calls([TIME, WEATHER])])],
  ['tool-results', native([choice()])],
  ['tool-results-with-picture', seen('image', THOUGHT)],
  ['tool-results-chat', chat([choice()])],
  ['ocr-advanced', ocr({ ocr_result: { words_info: WORDS } })],
  [
    'ocr-key-information',
    ocr({
      ocr_result: {
        kv_result: {
          销售方名称: expect.any(String),
          购买方名称: expect.any(String),
          不含税价: expect.any(String),
          明细: expect.anything(),
        },
      },
    }),
  ],
  ['ocr-text ocr-document ocr-table ocr-formula ocr-languages ocr-prompt', ocr({})],
  ['ocr-prompt-chat', seenInChat('image')],
  [
    'research-report research-summary research-summary-beside research-without-question',
    research(REFERENCES),
  ],
  ['long-file long-two-files', native([choice()])],
  ['long-file-chat', chat([choice()])],
  [
    'document-urls document-urls-unstreamed document-slides',
    native([choice()], { cached_tokens: NUMBER }),
  ],
  ['partial', native([choice()])],
  ['partial-chat', chat([choice()])],
  [
    'thinking thinking-all-unsaid thinking-unstreamed thinking-only',
    native([choice(THOUGHT)], THOUGHT_USAGE),
  ],
  ['code-interpreter', native([choice(THOUGHT)], CODE_USAGE, CODE)],
  ['thinking-off', native([choice()])],
  ['thinking-picture thinking-only-picture', seen('image', THOUGHT)],
  [
    'thinking-chat thinking-only-chat code-interpreter-chat',
    chat([choice(THOUGHT)], THOUGHT_CHAT_USAGE),
  ],
  ['json-object json-schema', native([choice({ content: JSON_OBJECT })])],
  ['json-object-chat json-schema-chat', chat([choice({ content: JSON_OBJECT })])],
  ['logprobs logprobs-stream logprobs-cumulative', native([choice({}, LOGPROBS)])],
  ['logprobs-chat', chat([choice({}, LOGPROBS)])],
  ['choices', native(indexed(3))],
  ['choices-stream choices-cumulative', native(indexed(2))],
  ['choices-chat choices-chat-stream', chat(indexed(2))],
  ['translation translation-stream', native([choice()], {}, { model_name: TEXT })],
  ['translation-chat translation-chat-stream', chat([choice()])],
  ['speech speech-stream', heard(SPOKEN)],
  ['speech-chat speech-chat-stream', chat([choice(SPOKEN)], { seconds: NUMBER })],
  ['inspection inspection-stream', native([choice()])],
  ['inspection-chat', chat([choice()])],
];

/** The body that each line of the examples is answered with, by `custom_id`. */
export const ANSWERS: ReadonlyMap<string, Fields> = new Map(
  SHAPES.flatMap(([ids, body]) => ids.split(' ').map((id): [string, Fields] => [id, body])),
);

/** Lines whose answers say the same, for they ask the same: the way it comes makes no difference. */
export const SAME_ANSWERS: readonly (readonly string[])[] = [
  ['text-message', 'text-chat', 'stream-argument', 'stream-chat', 'cumulative-said'],
  ['translation', 'translation-chat', 'cumulative-translation-chat'],
  ['tools-parallel', 'tools-parallel-stream', 'tools-parallel-chat', 'tools-parallel-chat-stream'],
  ['choices-stream', 'choices-cumulative', 'choices-chat', 'choices-chat-stream'],
  ['tool-auto-of-two', 'tool-stream-cumulative'],
  ['speech-stream', 'speech-chat', 'speech-chat-stream'],
  ['logprobs', 'logprobs-cumulative', 'logprobs-chat'],
  ['video-file', 'video-file-chat'],
  ['json-schema', 'json-schema-chat'],
];
