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

/** A text model that does nothing special, with what is said of it. */
function kind(row: Pick<ModelKind, 'model'> & Partial<ModelKind>): ModelKind {
  return {
    path: 'text-generation',
    serves: BOTH,
    thinking: 'none',
    thinksByDefault: false,
    needsStream: 'no',
    says: 'text',
    maxTokens: 8192,
    takes: new Set(),
    ...row,
  };
}

const SEES = { path: 'multimodal-generation', says: 'image' } as const;
const HEARS = { path: 'multimodal-generation', says: 'audio' } as const;
/** Thinks when told to, and needs a stream for it. */
const HYBRID = { thinking: 'hybrid', needsStream: 'thinking' } as const;
/** Always thinks, and answers only as a stream. */
const THINKER = { thinking: 'only', thinksByDefault: true, needsStream: 'always' } as const;

export const MODEL_KINDS: readonly [ModelKind, ...ModelKind[]] = [
  kind({
    model: 'qwen-plus',
    ...HYBRID,
    takes: new Set(['tools', 'search', 'n', 'json', 'schema']),
  }),
  kind({
    model: 'qwen-plus-latest',
    ...HYBRID,
    takes: new Set(['tools', 'search', 'n', 'json', 'input tokens']),
  }),
  kind({ model: 'qwen-max', takes: new Set(['tools', 'search', 'json']) }),
  kind({
    model: 'qwen3-max-preview',
    ...HYBRID,
    takes: new Set(['tools', 'search', 'n', 'json', 'code', 'message only']),
  }),
  kind({
    model: 'qwen3-32b',
    ...HYBRID,
    thinksByDefault: true,
    takes: new Set(['tools', 'n', 'json', 'logprobs', 'incremental only']),
  }),
  kind({
    model: 'qwq-plus',
    ...THINKER,
    takes: new Set(['search', 'incremental only', 'message only']),
  }),
  kind({ model: 'qwen-vl-max', ...SEES, maxTokens: 2048, takes: new Set(['json']) }),
  kind({
    model: 'qwen3-vl-plus',
    ...SEES,
    ...HYBRID,
    takes: new Set(['json', 'logprobs', 'message only']),
  }),
  kind({
    model: 'qwen3.5-plus',
    ...SEES,
    ...HYBRID,
    thinksByDefault: true,
    takes: new Set(['tools', 'search', 'n', 'json', 'completion']),
  }),
  kind({
    model: 'qvq-max',
    ...SEES,
    ...THINKER,
    takes: new Set(['incremental only', 'message only']),
  }),
  kind({ model: 'qwen-vl-ocr-2025-11-20', ...SEES, maxTokens: 4096, takes: new Set(['logprobs']) }),
  kind({ model: 'qwen3-asr-flash', ...HEARS, maxTokens: 1000 }),
  kind({ model: 'qwen-audio-turbo', ...HEARS, serves: ['native'], maxTokens: 1000 }),
  kind({
    model: 'qwen3-omni-flash',
    ...SEES,
    serves: ['chat'],
    thinking: 'hybrid',
    needsStream: 'always',
    takes: new Set(['audio out']),
  }),
  kind({ model: 'qwen-mt-plus', says: 'translation', maxTokens: 2048 }),
  kind({ model: 'qwen-doc-turbo', serves: ['native'], says: 'documents' }),
  kind({ model: 'qwen-long', says: 'files', takes: new Set(['json']) }),
  kind({
    model: 'qwen-deep-research',
    serves: ['native'],
    needsStream: 'always',
    says: 'research',
  }),
  kind({
    model: 'qwen3.8-max',
    ...SEES,
    ...HYBRID,
    thinksByDefault: true,
    takes: new Set(['tools', 'effort', 'completion']),
  }),
];
