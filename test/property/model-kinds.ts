/**
 * What service.md says about some models, one for each kind of request, written out by hand: the
 * generator of valid requests must not know what the program's own tables say.
 */
export type ModelKind = {
  readonly model: string;
  readonly path: 'text-generation' | 'multimodal-generation';
  /** Which protocols serve it. */
  readonly serves: readonly ['native', 'chat'] | readonly ['native'] | readonly ['chat'];
  readonly thinking: 'none' | 'hybrid' | 'only';
  /** Thinking without being told to (rule 4 and the defaults of section 2.3). */
  readonly thinksByDefault: boolean;
  /** Rule 4: `always` answers only as a stream, `thinking` needs one while it thinks. */
  readonly needsStream: 'always' | 'thinking' | 'no';
  readonly says: 'text' | 'image' | 'audio' | 'translation' | 'research' | 'documents' | 'files';
  readonly maxTokens: number;
  /** Documented families of parameters beside those of every model. */
  readonly takes: ReadonlySet<
    | 'tools'
    | 'search'
    | 'n'
    | 'json'
    | 'schema'
    | 'logprobs'
    | 'effort'
    | 'completion'
    | 'input tokens'
    | 'code'
    | 'incremental only'
    | 'message only'
    | 'audio out'
  >;
};

const BOTH = ['native', 'chat'] as const;

export const MODEL_KINDS: readonly [ModelKind, ...ModelKind[]] = [
  {
    model: 'qwen-plus',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: false,
    needsStream: 'thinking',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['tools', 'search', 'n', 'json', 'schema']),
  },
  {
    model: 'qwen-plus-latest',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: false,
    needsStream: 'thinking',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['tools', 'search', 'n', 'json', 'input tokens']),
  },
  {
    model: 'qwen-max',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['tools', 'search', 'json']),
  },
  {
    model: 'qwen3-max-preview',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: false,
    needsStream: 'thinking',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['tools', 'search', 'n', 'json', 'code', 'message only']),
  },
  {
    model: 'qwen3-32b',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: true,
    needsStream: 'thinking',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['tools', 'n', 'json', 'logprobs', 'incremental only']),
  },
  {
    model: 'qwq-plus',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'only',
    thinksByDefault: true,
    needsStream: 'always',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(['search', 'incremental only', 'message only']),
  },
  {
    model: 'qwen-vl-max',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'image',
    maxTokens: 2048,
    takes: new Set(['json']),
  },
  {
    model: 'qwen3-vl-plus',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: false,
    needsStream: 'thinking',
    says: 'image',
    maxTokens: 8192,
    takes: new Set(['json', 'logprobs', 'message only']),
  },
  {
    model: 'qwen3.5-plus',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: true,
    needsStream: 'thinking',
    says: 'image',
    maxTokens: 8192,
    takes: new Set(['tools', 'search', 'n', 'json', 'completion']),
  },
  {
    model: 'qvq-max',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'only',
    thinksByDefault: true,
    needsStream: 'always',
    says: 'image',
    maxTokens: 8192,
    takes: new Set(['incremental only', 'message only']),
  },
  {
    model: 'qwen-vl-ocr-2025-11-20',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'image',
    maxTokens: 4096,
    takes: new Set(['logprobs']),
  },
  {
    model: 'qwen3-asr-flash',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'audio',
    maxTokens: 1000,
    takes: new Set(),
  },
  {
    model: 'qwen-audio-turbo',
    path: 'multimodal-generation',
    serves: ['native'],
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'audio',
    maxTokens: 1000,
    takes: new Set(),
  },
  {
    model: 'qwen3-omni-flash',
    path: 'multimodal-generation',
    serves: ['chat'],
    thinking: 'hybrid',
    thinksByDefault: false,
    needsStream: 'always',
    says: 'image',
    maxTokens: 8192,
    takes: new Set(['audio out']),
  },
  {
    model: 'qwen-mt-plus',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'translation',
    maxTokens: 2048,
    takes: new Set(),
  },
  {
    model: 'qwen-doc-turbo',
    path: 'text-generation',
    serves: ['native'],
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'documents',
    maxTokens: 8192,
    takes: new Set(),
  },
  {
    model: 'qwen-long',
    path: 'text-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'files',
    maxTokens: 8192,
    takes: new Set(['json']),
  },
  {
    model: 'qwen-deep-research',
    path: 'text-generation',
    serves: ['native'],
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'always',
    says: 'research',
    maxTokens: 8192,
    takes: new Set(),
  },
  {
    model: 'qwen3.8-max',
    path: 'multimodal-generation',
    serves: BOTH,
    thinking: 'hybrid',
    thinksByDefault: true,
    needsStream: 'thinking',
    says: 'image',
    maxTokens: 8192,
    takes: new Set(['tools', 'effort', 'completion']),
  },
];
