import { seededRandom, type Random } from '../helpers/random.ts';

/** A JSON text that is to stand in the line as it is written here: `7e-1`, `-0`, `{"a":1,"a":2}`. */
export class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** How a line says its request (cli.md section 2). */
export type DraftShape = 'native' | 'native envelope' | 'chat envelope' | 'flat' | 'flat chat';

/**
 * A request before it is written down: values that a generator chose and that a mutator may change.
 * Values may hold `Raw` texts. `messages` undefined: the line has none.
 */
export type Draft = {
  shape: DraftShape;
  model: unknown;
  path: 'text-generation' | 'multimodal-generation';
  messages: unknown;
  /** Members of a native `input` beside `messages`. */
  input: Record<string, unknown>;
  parameters: Record<string, unknown>;
  /** Native: members beside `model`, `input` and `parameters`. */
  extra: Record<string, unknown>;
  headers: unknown;
  metadata: unknown;
  /** Decides how values are spelled: white space, escapes. */
  readonly seed: number;
};

/** What a request has to look like when it arrives: raw texts by name, in their order. */
export type Sent = {
  readonly path: string;
  readonly model: string;
  readonly messages: string | null;
  readonly input: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  readonly extra: ReadonlyMap<string, string>;
  readonly headers: Readonly<Record<string, string>>;
};

/** A draft written down: the line, and what has to arrive. */
export type Written = { readonly text: string; readonly sent: Sent };

export const isChat = (draft: Draft): boolean =>
  draft.shape === 'chat envelope' || draft.shape === 'flat chat';

/** White space that JSON allows between two tokens of one line. */
function space(random: Random): string {
  return random.pick(['', '', '', '', ' ', '  ', '\t']);
}

/** A character as `\\u` escapes, one or two. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** A string as JSON text, some characters written as escapes. */
function spellString(value: string, random: Random): string {
  if (random.between(0, 3) > 0) return JSON.stringify(value);
  let text = '"';
  for (const character of value) {
    const mustEscape = character < ' ' || character === '"' || character === '\\';
    text += mustEscape || random.between(0, 4) === 0 ? escaped(character) : character;
  }
  return `${text}"`;
}

/** A value as JSON text: keys in their order, white space and escapes as chance has it. */
function spell(value: unknown, random: Random): string {
  if (value instanceof Raw) return value.text;
  if (typeof value === 'string') return spellString(value, random);
  if (Array.isArray(value)) {
    const items = value.map((item) => space(random) + spell(item, random) + space(random));
    return `[${items.join(',')}]`;
  }
  if (typeof value === 'object' && value !== null)
    return spellMembers(spellAll(value as Record<string, unknown>, random), random);
  return JSON.stringify(value);
}

function spellAll(members: Readonly<Record<string, unknown>>, random: Random): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(members))
    if (value !== undefined) texts.set(name, spell(value, random));
  return texts;
}

function spellMembers(members: ReadonlyMap<string, string>, random: Random): string {
  const texts = [...members].map(
    ([name, raw]) =>
      `${space(random)}${JSON.stringify(name)}${space(random)}:${space(random)}${raw}${space(random)}`,
  );
  return `{${texts.join(',')}}`;
}

function withMember(name: string, raw: string | null): readonly (readonly [string, string])[] {
  return raw === null ? [] : [[name, raw]];
}

/** The body or the line around it, by shape. */
function lineMembers(draft: Draft, sent: Sent, random: Random): Map<string, string> {
  const model = withMember('model', sent.model);
  const messages = withMember('messages', sent.messages);
  if (draft.shape === 'flat' || draft.shape === 'flat chat')
    return new Map([...model, ...messages, ...sent.parameters]);
  if (draft.shape === 'chat envelope') {
    const body = new Map([...model, ...messages, ...sent.parameters]);
    return new Map([
      ['method', '"POST"'],
      ['url', '"/v1/chat/completions"'],
      ['body', spellMembers(body, random)],
    ]);
  }
  const parameters =
    sent.parameters.size === 0
      ? []
      : withMember('parameters', spellMembers(sent.parameters, random));
  const input = spellMembers(new Map([...messages, ...sent.input]), random);
  const native = new Map([...model, ['input', input] as const, ...parameters, ...sent.extra]);
  if (draft.shape === 'native') return native;
  return new Map([
    ['url', JSON.stringify(`/services/aigc/${draft.path}/generation`)],
    ['body', spellMembers(native, random)],
  ]);
}

/** Writes a draft as one line; the same draft gives the same line. */
export function writeDraft(draft: Draft, id: string): Written {
  const random = seededRandom(draft.seed);
  const headers = draft.headers;
  const sent: Sent = {
    path: isChat(draft)
      ? '/compatible-mode/v1/chat/completions'
      : `/api/v1/services/aigc/${draft.path}/generation`,
    model: spell(draft.model, random),
    messages: draft.messages === undefined ? null : spell(draft.messages, random),
    input: spellAll(draft.input, random),
    parameters: spellAll(draft.parameters, random),
    extra: spellAll(draft.extra, random),
    headers: (headers ?? {}) as Record<string, string>,
  };
  const around = new Map<string, string>([['custom_id', spell(id, random)]]);
  if (headers !== undefined) around.set('headers', spell(headers, random));
  if (draft.metadata !== undefined) around.set('metadata', spell(draft.metadata, random));
  const members = new Map([...around, ...lineMembers(draft, sent, random)]);
  return { text: spellMembers(members, random), sent };
}
