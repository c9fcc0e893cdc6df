import { applyDefaults, type Shaped } from './apply-defaults.ts';
import { invalidRequest } from './invalid-request.ts';
import { urlTarget } from './line-url.ts';
import { isProblem, type OpenObject, openMember, rawOf } from './open-object.ts';
import type { Problem } from '../problem.ts';
import type { LineAround, LineDefaults, LineDraft, RawMember } from './request-parts.ts';
import { shown } from '../schemas/findings.ts';
import type { LineShape } from '../schemas/request-view.ts';

const SHAPE_KEYS: readonly (readonly [string, LineShape])[] = [
  ['body', 'envelope'],
  ['input', 'native'],
  ['messages', 'flat'],
  ['prompt', 'prompt'],
];

/** Top-level members that are qbatch's own and never sent. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'custom_id',
  'headers',
  'metadata',
  'method',
  'url',
]);

function unshaped(...problems: Problem[]): Shaped {
  return { kind: 'unshaped', problems };
}

function membersBut(object: OpenObject, but: (key: string) => boolean): RawMember[] {
  const members: RawMember[] = [];
  for (const { key, valueStart, valueEnd } of object.members) {
    if (!but(key)) members.push({ key, raw: object.text.slice(valueStart, valueEnd) });
  }
  return members;
}

function valuesBut(
  value: Readonly<Record<string, unknown>>,
  but: (key: string) => boolean,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key in value) {
    if (but(key)) continue;
    if (key === '__proto__')
      Object.defineProperty(kept, key, { value: value[key], enumerable: true });
    else kept[key] = value[key];
  }
  return kept;
}

function isMessages(key: string): boolean {
  return key === 'messages';
}

function isModelOrMessages(key: string): boolean {
  return key === 'model' || key === 'messages';
}

function isNative(key: string): boolean {
  return key === 'model' || key === 'input' || key === 'parameters';
}

function isNativeOrOwn(key: string): boolean {
  return isNative(key) || OWN_KEYS.has(key);
}

function isFlatOwn(key: string): boolean {
  return isModelOrMessages(key) || key === 'prompt' || OWN_KEYS.has(key);
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({});
const NO_OBJECT: OpenObject = { value: NONE, text: '{}', members: [], span: { start: 0, end: 2 } };
const NO_PROBLEMS: readonly Problem[] = Object.freeze([]);

const FLAT_PATHS = { messages: '', parameters: '', input: '' } as const;
const BODY_PATHS = { messages: 'body.', parameters: 'body.', input: 'body.' } as const;
const NATIVE_PATHS = { messages: 'input.', parameters: 'parameters.', input: 'input.' } as const;
const BODY_NATIVE_PATHS = {
  messages: 'body.input.',
  parameters: 'body.parameters.',
  input: 'body.input.',
} as const;

type Drafted = LineDraft | readonly Problem[];

function isDraft(drafted: Drafted): drafted is LineDraft {
  return !Array.isArray(drafted);
}

const KEYS_SHOWN_MAX = 5;
const KEY_CHARACTERS_MAX = 30;

/** The first keys of a line, if any, so that a typo can be seen. */
function keysOf(value: Readonly<Record<string, unknown>>): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return '';
  const some = keys
    .slice(0, KEYS_SHOWN_MAX)
    .map((key) => JSON.stringify(key.slice(0, KEY_CHARACTERS_MAX)));
  return `: the line has ${some.join(', ')}${keys.length > KEYS_SHOWN_MAX ? ', ...' : ''}`;
}

/**
 * Classifies a line as one of the four shapes of cli.md section 2, applies the command line's defaults, and splits it into
 * parsed values (for the checks) and raw text (for the request).
 */
export function shapeLine(line: OpenObject, defaults: LineDefaults, around: LineAround): Shaped {
  const { value } = line;
  let shape: LineShape | undefined;
  let count = 0;
  for (const [key, candidate] of SHAPE_KEYS) {
    if (!Object.hasOwn(value, key)) continue;
    shape ??= candidate;
    count += 1;
  }
  if (shape === undefined) {
    // Every output line has these, and no input line does.
    if (Object.hasOwn(value, 'response') && Object.hasOwn(value, 'error')) {
      return unshaped(
        invalidRequest(
          '',
          'the line is from an output file (it has "response" and "error"); run the input of that job',
        ),
      );
    }
    return unshaped(
      invalidRequest(
        '',
        `none of body, input, messages or prompt is given${keysOf(value)}; see the four line shapes in the README`,
      ),
    );
  }
  if (count > 1) {
    const given = SHAPE_KEYS.flatMap(([key]) => (Object.hasOwn(value, key) ? [key] : []));
    return unshaped(
      invalidRequest(
        '',
        `${given.join(' and ')} are given together; a line has exactly one of body, input, messages, prompt`,
      ),
    );
  }
  if (shape !== 'envelope') {
    for (const key of ['url', 'method']) {
      if (!Object.hasOwn(value, key)) continue;
      return unshaped(invalidRequest(key, `${key} belongs to lines with a body; leave it out`));
    }
  }
  const drafted =
    shape === 'envelope'
      ? draftEnvelope(line)
      : shape === 'native'
        ? draftNative(line, line, '')
        : draftFlat(line, shape, defaults);
  return isDraft(drafted) ? applyDefaults(drafted, defaults, around) : unshaped(...drafted);
}

function draftEnvelope(line: OpenObject): Drafted {
  const { method, url } = line.value;
  if (method !== undefined && method !== 'POST')
    return [invalidRequest('method', `method is ${shown(method)}; only "POST" is possible`)];
  if (typeof url !== 'string') {
    return [
      invalidRequest(
        'url',
        'a line with a body needs a url: "/v1/chat/completions" or a native path such as "/api/v1/services/aigc/text-generation/generation"',
      ),
    ];
  }
  const body = openMember(line, 'body', 'body');
  if (isProblem(body)) return [body];
  const problems: Problem[] = [];
  for (const { key } of line.members) {
    if (key !== 'body' && !OWN_KEYS.has(key)) {
      problems.push({
        severity: 'warning',
        path: key,
        code: 'qbatch_unknown_parameter',
        message: `${key} beside body is not part of the batch format and is not sent`,
      });
    }
  }
  const target = urlTarget(url);
  if (target.kind === 'refused') return [invalidRequest('url', target.reason)];
  if (target.kind === 'native') {
    const drafted = draftNative(line, body, 'body.');
    return isDraft(drafted)
      ? { ...drafted, shape: 'envelope', endpoint: target.endpoint, problems, body: body.span }
      : drafted;
  }
  const own = isModelOrMessages;
  return {
    shape: 'envelope',
    protocol: 'openai',
    endpoint: 'chat-completions',
    model: body.value['model'],
    messages: body.value['messages'],
    input: NONE,
    parameters: valuesBut(body.value, own),
    extra: NONE,
    holder: body,
    paths: BODY_PATHS,
    problems,
    body: body.span,
    raw: () => ({
      model: rawOf(body, 'model'),
      messages: rawOf(body, 'messages') ?? null,
      input: [],
      parameters: membersBut(body, own),
      hasParameters: false,
      extra: [],
    }),
  };
}

function draftNative(line: OpenObject, holder: OpenObject, prefix: string): Drafted {
  const input = openMember(holder, 'input', `${prefix}input`);
  if (isProblem(input)) return [input];
  const parameters = Object.hasOwn(holder.value, 'parameters')
    ? openMember(holder, 'parameters', `${prefix}parameters`)
    : NO_OBJECT;
  if (isProblem(parameters)) return [parameters];
  const own = holder === line ? isNativeOrOwn : isNative;
  const hasExtra = holder.members.some(({ key }) => !own(key));
  return {
    shape: 'native',
    protocol: 'dashscope',
    endpoint: null,
    model: holder.value['model'],
    messages: input.value['messages'],
    input: valuesBut(input.value, isMessages),
    parameters: parameters.value,
    extra: hasExtra ? valuesBut(holder.value, own) : NONE,
    holder: parameters,
    paths: prefix === '' ? NATIVE_PATHS : BODY_NATIVE_PATHS,
    problems: NO_PROBLEMS,
    body: null,
    raw: () => ({
      model: rawOf(holder, 'model'),
      messages: rawOf(input, 'messages') ?? null,
      input: membersBut(input, isMessages),
      parameters: membersBut(parameters, () => false),
      hasParameters: parameters !== NO_OBJECT,
      extra: membersBut(holder, own),
    }),
  };
}

function draftFlat(line: OpenObject, shape: 'flat' | 'prompt', defaults: LineDefaults): Drafted {
  let messages = line.value['messages'];
  if (shape === 'prompt') {
    const prompt = line.value['prompt'];
    if (typeof prompt !== 'string' || prompt === '')
      return [invalidRequest('prompt', 'prompt must be a non-empty string')];
    messages = [{ role: 'user', content: prompt }];
  }
  return {
    shape,
    protocol: defaults.protocol === 'openai' ? 'openai' : 'dashscope',
    endpoint: defaults.protocol === 'openai' ? 'chat-completions' : null,
    model: line.value['model'],
    messages,
    input: NONE,
    parameters: valuesBut(line.value, isFlatOwn),
    extra: NONE,
    holder: line,
    paths: FLAT_PATHS,
    problems: NO_PROBLEMS,
    body: null,
    raw: () => ({
      model: rawOf(line, 'model'),
      messages:
        shape === 'prompt'
          ? `[{"role":"user","content":${rawOf(line, 'prompt') ?? '""'}}]`
          : (rawOf(line, 'messages') ?? null),
      input: [],
      parameters: membersBut(line, isFlatOwn),
      hasParameters: false,
      extra: [],
    }),
  };
}
