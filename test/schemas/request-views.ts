import type { ModelProfile } from '../../src/models/model-profile.ts';
import type { Problem } from '../../src/problem.ts';
import { checkRequest } from '../../src/schemas/check-request.ts';
import type { RequestView } from '../../src/schemas/request-view.ts';

/** A plain text model that is documented to do everything, so that only what a test names can be wrong. */
const ABLE: ModelProfile = {
  id: 'qwen-plus',
  canonicalId: 'qwen-plus',
  known: true,
  near: null,
  thinking: 'hybrid',
  thinkingDefault: false,
  streamOnly: 'no',
  nativeEndpoint: 'text-generation',
  inputModalities: ['text'],
  outputModalities: ['text'],
  tools: true,
  nMax: 4,
  logprobs: true,
  jsonObject: 'non-thinking only',
  jsonSchema: 'non-thinking only',
  webSearch: true,
  batchChat: true,
  limitsSure: true,
  contextWindow: 131_072,
  maxInput: 129_024,
  maxOutput: 32_768,
  maxThinking: 81_920,
  maxInputThinking: null,
  maxOutputThinking: null,
};

/** What the model list says about a few models that the rules treat in their own way. */
const PROFILES: Readonly<Record<string, Partial<ModelProfile>>> = {
  'qwen-vl-max': {
    thinking: 'none',
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'image', 'video'],
    jsonObject: true,
    maxOutput: 8192,
  },
  'qwen-vl-ocr': {
    thinking: 'none',
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'image'],
    maxOutput: 8192,
  },
  'qwen3-asr-flash': {
    thinking: 'none',
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'audio'],
  },
  'qwen3-vl-plus': {
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'image', 'video'],
  },
  'qwen3.6-plus': {
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'image', 'video'],
    thinkingDefault: true,
  },
  'qvq-max': {
    thinking: 'only',
    thinkingDefault: true,
    streamOnly: 'always',
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'image'],
  },
  'qwen-audio-turbo': {
    thinking: 'none',
    nativeEndpoint: 'multimodal-generation',
    inputModalities: ['text', 'audio'],
  },
  'qwen-max': { thinking: 'none', maxOutput: 8192 },
  'qwen-mt-plus': { thinking: 'none', tools: false, nMax: 1 },
  'qwen-doc-turbo': { thinking: 'none', maxOutput: null },
  'qwen-deep-research': { thinking: 'none', streamOnly: 'always' },
  'qwen3-8b': { thinkingDefault: true, streamOnly: 'thinking' },
  'qwq-plus': { thinking: 'only', thinkingDefault: true, streamOnly: 'always' },
  'deepseek-v4-pro': { thinkingDefault: null, streamOnly: null, jsonObject: null, nMax: 1 },
  'kimi-k2-thinking': { thinking: 'only', thinkingDefault: true, jsonObject: true },
};

const UNKNOWN: ModelProfile = {
  ...ABLE,
  known: false,
  thinking: null,
  thinkingDefault: null,
  streamOnly: null,
  nativeEndpoint: null,
  inputModalities: null,
  outputModalities: null,
  tools: null,
  nMax: null,
  logprobs: null,
  jsonObject: null,
  jsonSchema: null,
  webSearch: null,
  batchChat: null,
  maxOutput: null,
  maxThinking: null,
};

export type ViewParts = {
  readonly model?: string;
  readonly profile?: Partial<ModelProfile>;
  readonly openai?: boolean;
  readonly unknown?: boolean;
  readonly streamAsked?: boolean | null;
  readonly batchChat?: boolean;
  /** Raw texts of parameters, where the number alone does not say it. */
  readonly raw?: Readonly<Record<string, string>>;
} & Partial<
  Pick<
    RequestView,
    'extra' | 'headers' | 'input' | 'messages' | 'parameters' | 'endpoint' | 'shape'
  >
>;

/** A question in both languages, as a user would put it. */
export const QUESTION: readonly unknown[] = [
  { role: 'system', content: 'You are a helpful assistant.' },
  { role: 'user', content: '请用两句话介绍杭州的西湖。' },
];

export const WEATHER_TOOL: unknown = {
  type: 'function',
  function: {
    name: 'get_current_weather',
    description: '获取现在的天气',
    parameters: {
      type: 'object',
      properties: { location: { type: 'string' } },
      required: ['location'],
    },
  },
};

/** The view that parsing gives for such a line: native unless `openai`. */
export function viewOf(parts: ViewParts = {}): RequestView {
  const model = parts.model ?? 'qwen-plus';
  const base = parts.unknown === true ? UNKNOWN : ABLE;
  const profile: ModelProfile = {
    ...base,
    ...PROFILES[model],
    canonicalId: model,
    ...parts.profile,
    id: model,
  };
  const parameters = parts.parameters ?? {};
  const asked = parameters['enable_thinking'];
  const byDefault = profile.thinking === 'none' ? false : profile.thinkingDefault;
  const explicit = typeof asked === 'boolean' ? asked : byDefault;
  const thinking = profile.thinking === 'only' ? true : explicit;
  const given = typeof parameters['stream'] === 'boolean' ? parameters['stream'] : null;
  const streamAsked = parts.streamAsked ?? given;
  const native = parts.openai !== true;
  // Another vendor's model that is asked for no pieces is asked for no stream either.
  const whole =
    native &&
    profile.known &&
    !/^q(?:wen|wq|vq)/.test(model) &&
    parameters['incremental_output'] === false;
  return {
    shape: parts.shape ?? (native ? 'native' : 'envelope'),
    protocol: native ? 'dashscope' : 'openai',
    endpoint:
      parts.endpoint ??
      (native ? (profile.nativeEndpoint ?? 'text-generation') : 'chat-completions'),
    model,
    profile,
    batchChat: parts.batchChat ?? false,
    input: parts.input ?? {},
    messages: 'messages' in parts ? parts.messages : QUESTION,
    parameters,
    extra: parts.extra ?? {},
    headers: parts.headers ?? {},
    rawParameter: (name) => parts.raw?.[name],
    // About what the line has, in UTF-8.
    bytes: Buffer.byteLength(JSON.stringify([parts.messages, parameters]) ?? ''),
    stream: streamAsked ?? (profile.streamOnly === 'always' || (thinking === true && !whole)),
    streamAsked,
    thinking,
    paths: native
      ? { messages: 'input.', parameters: 'parameters.', input: 'input.' }
      : { messages: 'body.', parameters: 'body.', input: 'body.' },
  };
}

/** The problems of a line with these parts. */
export function problemsOf(parts: ViewParts = {}): Problem[] {
  return checkRequest(viewOf(parts));
}

/** `severity path` of each problem, in order. */
export function outline(parts: ViewParts = {}): string[] {
  return problemsOf(parts).map(({ severity, path }) => `${severity} ${path}`);
}
