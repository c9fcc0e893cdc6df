import fc from 'fast-check';

/*
 * Lines that the documentation allows, generated, in both protocols; nothing here asks the code
 * under test what is right.
 */

/** One request before it is dressed for a protocol. */
export type Draft = {
  readonly protocol: 'native' | 'chat';
  readonly model: string;
  /** Whether the native protocol serves the model with parts. */
  readonly isMultimodal: boolean;
  readonly messages: readonly Fields[];
  readonly parameters: Fields;
  /** Sent as a stream; a line that says so sends the header, or `stream` on the other endpoint. */
  readonly stream: boolean;
};

export type Fields = Readonly<Record<string, unknown>>;

const VERSION_1 = '/v1/chat/completions';
const NATIVE = '/api/v1/services/aigc';

/** The body that goes over the wire. */
export function bodyOf({ protocol, model, messages, parameters, stream }: Draft): Fields {
  if (protocol === 'native') return { model, input: { messages }, parameters };
  return { model, messages, ...parameters, ...(stream && { stream }) };
}

/** The path it goes to. */
export function pathOf({ protocol, isMultimodal }: Draft): string {
  if (protocol === 'chat') return `/compatible-mode${VERSION_1}`;
  const home = isMultimodal ? 'multimodal-generation' : 'text-generation';
  return `${NATIVE}/${home}/generation`;
}

/** The line of an input file that asks for it. */
export function lineOf(id: string, draft: Draft): Fields {
  const body = bodyOf(draft);
  if (draft.protocol === 'chat') return { custom_id: id, method: 'POST', url: VERSION_1, body };
  return {
    custom_id: id,
    ...body,
    ...(draft.stream && { headers: { 'X-DashScope-SSE': 'enable' } }),
  };
}

type Model = {
  readonly id: string;
  readonly isMultimodal?: true;
  readonly thinks?: 'hybrid' | 'only';
  readonly streams?: 'always' | 'thinking';
  readonly tools?: true;
  readonly searches?: true;
  readonly json?: true;
  readonly many?: true;
  readonly logprobs?: true;
  /** Documented parameters without which nothing comes. */
  readonly needs?: Fields;
  /** The medium that its message must hold. */
  readonly medium?: 'image' | 'audio';
  /** Not on this endpoint. */
  readonly without?: 'native' | 'chat';
};

/** Facts of models: text-generation reference (Nov 2025), model pages (Feb and Aug 2026). */
const MODELS: readonly Model[] = [
  { id: 'qwen-plus', thinks: 'hybrid', tools: true, searches: true, json: true, many: true },
  { id: 'qwen-max', tools: true, searches: true, json: true },
  {
    id: 'qwen3-max',
    thinks: 'hybrid',
    streams: 'thinking',
    tools: true,
    searches: true,
    json: true,
  },
  { id: 'qwen-turbo', thinks: 'hybrid', tools: true, searches: true, json: true },
  { id: 'qwq-plus', thinks: 'only', streams: 'always', tools: true },
  { id: 'qwen-long' },
  { id: 'qwen3-coder-plus', tools: true },
  { id: 'qwen3.7-plus', isMultimodal: true, thinks: 'hybrid', tools: true, json: true },
  { id: 'qwen3-vl-plus', isMultimodal: true, thinks: 'hybrid', medium: 'image', logprobs: true },
  { id: 'qwen-vl-max', isMultimodal: true, medium: 'image' },
  { id: 'qwen-audio-turbo', isMultimodal: true, medium: 'audio', without: 'chat' },
  {
    id: 'qwen-mt-plus',
    needs: { translation_options: { source_lang: 'auto', target_lang: 'English' } },
  },
];

const TOOL = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Current weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
};

const finite = (min: number, max: number): fc.Arbitrary<number> =>
  fc.double({ min, max, noNaN: true });

/** Parameters that every model takes, in their documented ranges, the ends included. */
const ORDINARY = fc.record(
  {
    temperature: finite(0, 1.99),
    top_p: finite(0.01, 1),
    top_k: fc.nat(1000),
    repetition_penalty: finite(0.01, 2),
    presence_penalty: finite(-2, 2),
    seed: fc.nat(2 ** 31 - 1),
    max_tokens: fc.integer({ min: 1, max: 512 }),
    stop: fc.oneof(
      fc.string(),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.array(fc.nat(), { maxLength: 3 }),
      fc.array(fc.array(fc.nat(), { maxLength: 2 }), { maxLength: 2 }),
    ),
  },
  { requiredKeys: [] },
);

type Extra = 'none' | 'think' | 'tools' | 'search' | 'json' | 'many' | 'logprobs';

/** What the extra adds; the message says the word json where it must. */
function extraFor(extra: Extra, model: Model): Fields {
  const thinks = model.thinks === 'hybrid' ? { enable_thinking: extra === 'think' } : {};
  if (extra === 'think' && model.thinks !== undefined) return { ...thinks, thinking_budget: 20 };
  if (extra === 'tools' && model.tools === true)
    return { ...thinks, tools: [TOOL], tool_choice: 'auto', parallel_tool_calls: true };
  if (extra === 'search' && model.searches === true)
    return { ...thinks, enable_search: true, search_options: { forced_search: true } };
  if (extra === 'json' && model.json === true)
    return { ...thinks, response_format: { type: 'json_object' } };
  if (extra === 'many' && model.many === true) return { ...thinks, n: 3 };
  if (extra === 'logprobs' && model.logprobs === true)
    return { ...thinks, logprobs: true, top_logprobs: 2 };
  return thinks;
}

const ADDRESS = { image: 'https://example.com/dog.jpeg', audio: 'https://example.com/hi.mp3' };

function contentFor(model: Model, protocol: Draft['protocol'], text: string): unknown {
  const url = model.medium === undefined ? undefined : ADDRESS[model.medium];
  if (protocol === 'chat') {
    if (url === undefined) return text;
    return [
      { type: 'image_url', image_url: { url } },
      { type: 'text', text },
    ];
  }
  if (model.isMultimodal !== true) return text;
  return [...(model.medium === undefined ? [] : [{ [model.medium]: url }]), { text }];
}

function draft(model: Model, protocol: Draft['protocol'], extra: Extra, ordinary: Fields): Draft {
  const more = { ...model.needs, ...extraFor(extra, model) };
  const thinking = model.thinks === 'only' || more['enable_thinking'] === true;
  const stream = model.streams === 'always' || (thinking && model.streams === 'thinking');
  const format =
    protocol === 'native' && model.isMultimodal !== true ? { result_format: 'message' } : {};
  const incremental = protocol === 'native' && stream ? { incremental_output: true } : {};
  const text = 'Name three rivers, as json.';
  return {
    protocol,
    model: model.id,
    isMultimodal: model.isMultimodal === true,
    messages: [{ role: 'user', content: contentFor(model, protocol, text) }],
    parameters: { ...ordinary, ...more, ...format, ...incremental },
    stream,
  };
}

/** Lines that all the documented rules allow. */
export const ALLOWED: fc.Arbitrary<Draft> = fc
  .tuple(
    fc.constantFrom(...MODELS),
    fc.constantFrom<Draft['protocol'][]>('native', 'chat'),
    fc.constantFrom<Extra[]>('none', 'think', 'tools', 'search', 'json', 'many', 'logprobs'),
    ORDINARY,
  )
  .filter(([model, protocol]) => model.without !== protocol)
  .map(([model, protocol, extra, ordinary]) => draft(model, protocol, extra, ordinary));

/** Allowed lines of one model without any extra: what a single broken rule is put into. */
export function allowedOf(id: string, protocol: Draft['protocol']): fc.Arbitrary<Draft> {
  const model = MODELS.find((one) => one.id === id) ?? { id };
  return ORDINARY.map((ordinary) => draft(model, protocol, 'none', ordinary));
}
