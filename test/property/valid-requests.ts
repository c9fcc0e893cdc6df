import type { Random } from '../helpers/random.ts';
import { chance, type Making } from './making.ts';
import { MODEL_KINDS, type ModelKind } from './model-kinds.ts';
import { isChat, Raw, type Draft, type DraftShape } from './request-draft.ts';
import { FEATURES } from './valid-features.ts';
import { validMessages } from './valid-messages.ts';

/**
 * Valid requests by chance: every parameter that service.md sections 2.3 to 3.3 document, in every
 * combination that its rules allow. Written from that page, not from the program's tables.
 */

const SHAPES: Readonly<Record<'native' | 'chat', readonly [DraftShape, ...DraftShape[]]>> = {
  native: ['native', 'native envelope', 'flat'],
  chat: ['chat envelope', 'flat chat'],
};

/** What the caller fixes; the rest is chance. */
export type Wish = {
  readonly model?: string;
  readonly shape?: DraftShape;
  /** Only parameters that no rule connects with others. */
  readonly plain?: boolean;
};

function kindFor(random: Random, wish: Wish): ModelKind {
  if (wish.model === undefined) return random.pick(MODEL_KINDS);
  const kind = MODEL_KINDS.find(({ model }) => model === wish.model);
  if (kind === undefined) throw new Error(`no kind for ${wish.model}`);
  return kind;
}

/** Any spelling of a number in [0, 2). */
const TEMPERATURES = ['0', '-0', '0.0', '0.70', '7e-1', '1.9999999999', '1.5E0', '0.123456789012'];
const TOP_PS = ['1', '1.0', '8e-1', '0.800', '1e-300', '0.0000001'];
const REPETITIONS = ['1.05', '1', '1e300', '0.00000000000000000001', '1.10'];
const PRESENCES = ['-2', '2', '-2.0', '0', '-0', '15e-1', '2.0e0'];
const SEEDS = ['0', '1234', '2147483647', '2147483648', '9007199254740993', '9223372036854775807'];

const raw = (random: Random, texts: readonly string[]): Raw =>
  new Raw(texts[random.between(0, texts.length - 1)] ?? '0');

/** `stop` in each of its four forms. */
function stopOf(random: Random): unknown {
  return random.pick<unknown>([
    '结束',
    ['。', 'END', '\u2028'],
    [37_763, 367],
    [[37_763, 367], [104_307]],
    [],
    null,
  ]);
}

/** Parameters of every model that no rule connects with another. */
function addPlain({ random, kind, draft }: Making): void {
  const { parameters } = draft;
  if (chance(random)) parameters['temperature'] = raw(random, TEMPERATURES);
  if (chance(random)) parameters['top_p'] = raw(random, TOP_PS);
  if (chance(random)) parameters['top_k'] = random.pick<unknown>([0, 20, 100, 101, null]);
  if (chance(random)) parameters['repetition_penalty'] = raw(random, REPETITIONS);
  if (chance(random)) parameters['presence_penalty'] = raw(random, PRESENCES);
  if (chance(random)) parameters['seed'] = raw(random, SEEDS);
  if (chance(random)) parameters['max_tokens'] = random.between(1, kind.maxTokens);
  if (chance(random)) parameters['stop'] = stopOf(random);
  if (chance(random, 8)) parameters['logit_bias'] = { '37763': -100, '367': new Raw('5e-1') };
}

/** Rule 4 and the defaults: what the draft says about thinking. */
function addThinking(making: Making): void {
  const { random, kind, draft } = making;
  if (kind.thinking === 'none') {
    if (chance(random, 4)) draft.parameters['enable_thinking'] = false;
    return;
  }
  making.thinks = kind.thinksByDefault;
  if (kind.thinking === 'only') {
    if (chance(random)) draft.parameters['enable_thinking'] = true;
  } else if (chance(random)) {
    making.thinks = chance(random);
    draft.parameters['enable_thinking'] = making.thinks;
  }
  if (chance(random, 3)) draft.parameters['preserve_thinking'] = chance(random);
  if (chance(random, 3)) draft.parameters['clear_thinking'] = chance(random);
  if (!making.thinks) return;
  // Rule 15: on Qwen3.8 one of the two.
  if (kind.takes.has('effort') && chance(random))
    draft.parameters['reasoning_effort'] = random.pick(['low', 'medium', 'high', 'xhigh', 'max']);
  else if (chance(random)) draft.parameters['thinking_budget'] = random.between(1, 4096);
}

/** Section 2.1 and rule 4: how a stream is asked for, or not. */
function addStream(making: Making): void {
  const { random, kind, draft } = making;
  const needed = kind.needsStream === 'always' || (making.thinks && kind.needsStream !== 'no');
  making.streams = needed;
  const asked = chance(random, 3);
  if (!asked && (needed || chance(random))) return;
  making.streams ||= asked;
  if (isChat(draft) || chance(random)) draft.parameters['stream'] = making.streams;
  else if (making.streams) draft.headers = { ...headersOf(draft), 'X-DashScope-SSE': 'enable' };
  if (!isChat(draft) || !making.streams) return;
  if (chance(random))
    draft.parameters['stream_options'] = random.pick<unknown>([{ include_usage: true }, null, {}]);
}

function headersOf(draft: Draft): Record<string, string> {
  return (draft.headers ?? {}) as Record<string, string>;
}

/** `result_format` and `incremental_output`: rules 1 and 5 and section 2.3. */
function addFormat(making: Making): void {
  const { random, kind, draft, thinks } = making;
  if (isChat(draft)) return;
  const bound = thinks || kind.takes.has('message only') || draft.parameters['tools'] !== undefined;
  if (draft.parameters['tools'] !== undefined || chance(random))
    draft.parameters['result_format'] = bound || chance(random) ? 'message' : 'text';
  if (!chance(random)) return;
  const must = thinks || kind.takes.has('incremental only');
  draft.parameters['incremental_output'] = must || chance(random);
}

function addHeaders({ random, kind, draft }: Making): void {
  const headers = headersOf(draft);
  if (kind.says === 'text' && chance(random, 4))
    headers['X-DashScope-DataInspection'] = '{"input": "cip", "output": "cip"}';
  if (chance(random, 4)) headers['x-dashscope-oSSresourceResolve'] = 'enable';
  if (chance(random, 4)) headers['X-DashScope-WorkSpace'] = 'llm-a1b2c3';
  if (chance(random, 4)) headers['X-DashScope-Wait-Timeout'] = random.pick(['0', '3', '120']);
  if (Object.keys(headers).length > 0) draft.headers = headers;
  if (chance(random, 4)) draft.metadata = { 团队: '客服', run: '2026-11' };
}

/** Puts the parameters into an order of their own. */
function shuffle({ random, draft }: Making): void {
  const entries = Object.entries(draft.parameters);
  for (let last = entries.length - 1; last > 0; last -= 1) {
    const other = random.between(0, last);
    const [a, b] = [entries[last], entries[other]];
    if (a === undefined || b === undefined) continue;
    entries[last] = b;
    entries[other] = a;
  }
  draft.parameters = Object.fromEntries(entries);
}

/** One valid request, marked with `id` in its messages. */
export function validRequest(random: Random, id: string, wish: Wish = {}): Draft {
  const kind = kindFor(random, wish);
  const protocol = random.pick(kind.serves);
  const draft: Draft = {
    shape: wish.shape ?? random.pick(SHAPES[protocol]),
    model: kind.model,
    path: kind.path,
    messages: undefined,
    input: {},
    parameters: {},
    extra: {},
    headers: undefined,
    metadata: undefined,
    seed: random.between(0, 2 ** 31),
  };
  const making: Making = { random, kind, draft, thinks: false, streams: false, json: false };
  addPlain(making);
  if (wish.plain !== true) {
    addThinking(making);
    addStream(making);
    for (const add of FEATURES) add(making);
    addFormat(making);
    addHeaders(making);
  }
  draft.messages = validMessages(making, id);
  shuffle(making);
  return draft;
}
