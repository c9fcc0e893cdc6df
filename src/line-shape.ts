import { applyDefaults, type Shaped } from './apply-defaults.ts';
import { invalidRequest } from './invalid-request.ts';
import { isProblem, type OpenObject, openNested } from './open-object.ts';
import type { Problem } from './problem.ts';
import type { Endpoint } from './protocols/protocol.ts';
import type { LineDefaults, LineDraft, RawMember } from './request-parts.ts';
import type { LineShape } from './schemas/request-view.ts';

const SHAPE_KEYS: readonly (readonly [string, LineShape])[] = [
  ['body', 'envelope'],
  ['input', 'native'],
  ['messages', 'flat'],
  ['prompt', 'prompt'],
];

/** Top-level members that are qbatch's own and never sent. */
const OWN_KEYS: ReadonlySet<string> = new Set(['custom_id', 'headers', 'metadata', 'method', 'url']);

const CHAT_URLS: ReadonlySet<string> = new Set([
  '/v1/chat/completions',
  '/chat/completions',
  '/compatible-mode/v1/chat/completions',
]);
const NATIVE_URL = /^(?:\/api\/v1)?\/services\/aigc\/(text-generation|multimodal-generation)\/generation$/;

/** Other endpoints of batch files, and why they are refused. */
const REFUSED_URLS: readonly (readonly [RegExp, string])[] = [
  [/\/embeddings$/, 'embeddings are not chat calls; qbatch runs chat completions and native generation'],
  [/\/responses$/, 'the Responses API is not supported; write the line for /v1/chat/completions'],
  [/\/ds-test$/, 'ds-test is a test endpoint of the vendor batch service; rehearse with --simulate instead'],
];

function unshaped(...problems: Problem[]): Shaped {
  return { kind: 'unshaped', problems };
}

function membersBut(raw: ReadonlyMap<string, string>, but: (key: string) => boolean): RawMember[] {
  const members: RawMember[] = [];
  for (const [key, text] of raw) if (!but(key)) members.push({ key, raw: text });
  return members;
}

function valuesBut(value: Readonly<Record<string, unknown>>, but: (key: string) => boolean): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (but(key)) continue;
    if (key === '__proto__') Object.defineProperty(kept, key, { value: value[key], enumerable: true });
    else kept[key] = value[key];
  }
  return kept;
}

const NONE: Readonly<Record<string, unknown>> = Object.freeze({});

type Drafted = LineDraft | readonly Problem[];

function isDraft(drafted: Drafted): drafted is LineDraft {
  return !Array.isArray(drafted);
}

/**
 * Sorts a line into one of the four shapes of cli.md section 2, folds in the command line's
 * defaults, and splits it into parsed values (for the checks) and raw text (for the request).
 */
export function shapeLine(line: OpenObject, defaults: LineDefaults, streamHeader: boolean | null): Shaped {
  const shapes = SHAPE_KEYS.filter(([key]) => line.raw.has(key));
  const first = shapes[0];
  if (first === undefined) {
    return unshaped(invalidRequest('', 'none of body, input, messages or prompt is given; see the four line shapes in the README'));
  }
  if (shapes.length > 1) {
    const keys = shapes.map(([key]) => key).join(' and ');
    return unshaped(invalidRequest('', `${keys} are given together; a line has exactly one of body, input, messages, prompt`));
  }
  const [, shape] = first;
  if (shape !== 'envelope') {
    for (const key of ['url', 'method']) {
      if (line.raw.has(key)) return unshaped(invalidRequest(key, `${key} belongs to lines with a body; leave it out`));
    }
  }
  const drafted = shape === 'envelope' ? draftEnvelope(line) : shape === 'native' ? draftNative(line, line, '') : draftFlat(line, shape, defaults);
  return isDraft(drafted) ? applyDefaults(drafted, defaults, streamHeader) : unshaped(...drafted);
}

function draftEnvelope(line: OpenObject): Drafted {
  const { method, url } = line.value;
  if (method !== undefined && method !== 'POST') return [invalidRequest('method', `method is ${JSON.stringify(method)}; only "POST" is possible`)];
  if (typeof url !== 'string') {
    return [invalidRequest('url', 'a line with a body needs a url: "/v1/chat/completions" or a native path such as "/api/v1/services/aigc/text-generation/generation"')];
  }
  const body = openNested(line.value['body'], line.raw.get('body'), 'body');
  if (isProblem(body)) return [body];
  const problems: Problem[] = [];
  for (const key of line.raw.keys()) {
    if (key !== 'body' && !OWN_KEYS.has(key)) {
      problems.push({ severity: 'warning', path: key, code: 'qbatch_unknown_parameter', message: `${key} beside body is not part of the batch format and is not sent` });
    }
  }
  const native = NATIVE_URL.exec(url);
  if (native !== null) {
    const drafted = draftNative(line, body, 'body.');
    return isDraft(drafted) ? { ...drafted, shape: 'envelope', endpoint: native[1] as Endpoint, problems } : drafted;
  }
  if (!CHAT_URLS.has(url)) return [invalidRequest('url', refusedUrl(url))];
  const own = (key: string): boolean => key === 'model' || key === 'messages';
  return {
    shape: 'envelope',
    protocol: 'openai',
    endpoint: 'chat-completions',
    model: body.value['model'],
    modelRaw: body.raw.get('model'),
    messages: body.value['messages'],
    messagesRaw: body.raw.get('messages') ?? null,
    input: NONE,
    inputRaw: [],
    parameters: valuesBut(body.value, own),
    parametersRaw: membersBut(body.raw, own),
    extra: [],
    paths: { messages: 'body.', parameters: 'body.', input: 'body.' },
    problems,
  };
}

function refusedUrl(url: string): string {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(url)) {
    return `url names a host (${JSON.stringify(url)}); give a path: the key only ever goes to the configured base URL`;
  }
  const reason = REFUSED_URLS.find(([pattern]) => pattern.test(url))?.[1];
  return reason ?? `url is ${JSON.stringify(url)}; use "/v1/chat/completions" or a native generation path`;
}

function draftNative(line: OpenObject, holder: OpenObject, prefix: string): Drafted {
  const input = openNested(holder.value['input'], holder.raw.get('input'), `${prefix}input`);
  if (isProblem(input)) return [input];
  const given = holder.raw.get('parameters');
  const parameters = given === undefined ? { value: NONE, raw: new Map<string, string>() } : openNested(holder.value['parameters'], given, `${prefix}parameters`);
  if (isProblem(parameters)) return [parameters];
  const extra = membersBut(holder.raw, (key) => key === 'model' || key === 'input' || key === 'parameters' || (holder === line && OWN_KEYS.has(key)));
  const isMessages = (key: string): boolean => key === 'messages';
  return {
    shape: 'native',
    protocol: 'dashscope',
    endpoint: null,
    model: holder.value['model'],
    modelRaw: holder.raw.get('model'),
    messages: input.value['messages'],
    messagesRaw: input.raw.get('messages') ?? null,
    input: valuesBut(input.value, isMessages),
    inputRaw: membersBut(input.raw, isMessages),
    parameters: parameters.value,
    parametersRaw: membersBut(parameters.raw, () => false),
    extra,
    paths: { messages: `${prefix}input.`, parameters: `${prefix}parameters.`, input: `${prefix}input.` },
    problems: extra.map(({ key }) => unknownTopLevel(`${prefix}${key}`, key)),
  };
}

function unknownTopLevel(path: string, key: string): Problem {
  const known = key === 'output_format' ? 'is sent at the top level, as one of the two documented places' : 'is not a documented top-level member of a request; it is sent as it is (parameters belong into "parameters")';
  return { severity: key === 'output_format' ? 'note' : 'warning', path, code: 'qbatch_unknown_parameter', message: `${key} ${known}` };
}

function draftFlat(line: OpenObject, shape: 'flat' | 'prompt', defaults: LineDefaults): Drafted {
  const own = (key: string): boolean => key === 'model' || key === 'messages' || key === 'prompt' || OWN_KEYS.has(key);
  let messages = line.value['messages'];
  let messagesRaw = line.raw.get('messages') ?? null;
  if (shape === 'prompt') {
    const prompt = line.value['prompt'];
    if (typeof prompt !== 'string' || prompt === '') return [invalidRequest('prompt', 'prompt must be a non-empty string')];
    messages = [{ role: 'user', content: prompt }];
    messagesRaw = `[{"role":"user","content":${line.raw.get('prompt') ?? '""'}}]`;
  }
  return {
    shape,
    protocol: defaults.protocol === 'openai' ? 'openai' : 'dashscope',
    endpoint: defaults.protocol === 'openai' ? 'chat-completions' : null,
    model: line.value['model'],
    modelRaw: line.raw.get('model'),
    messages,
    messagesRaw,
    input: NONE,
    inputRaw: [],
    parameters: valuesBut(line.value, own),
    parametersRaw: membersBut(line.raw, own),
    extra: [],
    paths: { messages: '', parameters: '', input: '' },
    problems: [],
  };
}
