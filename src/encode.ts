import { scanObject } from './json/json-scan.ts';
import type { RawMember, RequestParts } from './input/request-parts.ts';
import type { Request } from './parse.ts';
import type { HttpCall } from './protocols/protocol.ts';
import { SSE_HEADERS } from './protocols/sse-headers.ts';
import { streamOptions } from './stream-options.ts';

/** Raw members to the text of one object. */
function objectText(members: readonly RawMember[]): string {
  let text = '{';
  for (const { key, raw } of members) {
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${raw}`;
  }
  return `${text}}`;
}

/** Puts a system message in front of a raw, non-empty messages array. */
function withSystem(messages: string, system: string, wrap: boolean): string {
  const content = wrap ? `[{"text":${system}}]` : system;
  const rest = messages.slice(messages.indexOf('[') + 1);
  return `[{"role":"system","content":${content}},${rest}`;
}

/** Wraps string contents as `[{"text": ...}]`, the multimodal endpoint's documented form. */
function withTextParts(messages: string): string {
  let text = '[';
  let at = messages.indexOf('{');
  while (at !== -1) {
    const scan = scanObject(messages, at);
    const members = scan.members.map(({ key, valueStart, valueEnd }) => {
      const raw = messages.slice(valueStart, valueEnd);
      return { key, raw: key === 'content' && raw.startsWith('"') ? `[{"text":${raw}}]` : raw };
    });
    text += `${text.length === 1 ? '' : ','}${objectText(members)}`;
    at = messages.indexOf('{', scan.end);
  }
  return `${text}]`;
}

/** Raw text of the messages array as it is sent. */
function messagesText(request: Request, parts: RequestParts): string | null {
  const { view } = request;
  if (parts.messages === null) return null;
  const wrap =
    view.endpoint === 'multimodal-generation' && (view.shape === 'flat' || view.shape === 'prompt');
  const messages = wrap ? withTextParts(parts.messages) : parts.messages;
  return parts.system === null ? messages : withSystem(messages, parts.system, wrap);
}

function has(members: readonly RawMember[], key: string): boolean {
  return members.some((member) => member.key === key);
}

function encodeNative(request: Request): string {
  const { view } = request;
  const parts = request.parts();
  const messages = messagesText(request, parts);
  const input: RawMember[] =
    messages === null ? [...parts.input] : [{ key: 'messages', raw: messages }, ...parts.input];
  // Natively the header switches the stream on; the SDK's argument of the same name is not sent.
  const parameters = parts.parameters.filter(({ key }) => key !== 'stream');
  if (view.thinking === true) {
    if (!has(parameters, 'incremental_output'))
      parameters.push({ key: 'incremental_output', raw: 'true' });
    if (!has(parameters, 'result_format'))
      parameters.push({ key: 'result_format', raw: '"message"' });
  }
  const members: RawMember[] = [
    { key: 'model', raw: parts.model },
    { key: 'input', raw: objectText(input) },
  ];
  if (parameters.length > 0 || parts.hasParameters)
    members.push({ key: 'parameters', raw: objectText(parameters) });
  members.push(...parts.extra);
  return objectText(members);
}

/** What a streamed body says in another place: its options, and a `stream: null` that says nothing. */
function isStreamSwitch({ key, raw }: RawMember): boolean {
  return key === 'stream_options' || (key === 'stream' && raw === 'null');
}

function encodeChat(request: Request): string {
  const { view } = request;
  const parts = request.parts();
  const members: RawMember[] = [{ key: 'model', raw: parts.model }];
  const messages = messagesText(request, parts);
  if (messages !== null) members.push({ key: 'messages', raw: messages });
  for (const member of parts.parameters) {
    if (!view.stream || !isStreamSwitch(member)) members.push(member);
  }
  if (view.stream) {
    if (!has(members, 'stream')) members.push({ key: 'stream', raw: 'true' });
    const given = parts.parameters.find(({ key }) => key === 'stream_options')?.raw;
    members.push({ key: 'stream_options', raw: streamOptions(given) });
  }
  return objectText(members);
}

/**
 * The HTTP call of a request. Values are the line's raw text, spliced and never re-encoded; nothing
 * is added but what cli.md section 9 names.
 */
export function encodeRequest(request: Request): HttpCall {
  const { view } = request;
  if (view.protocol === 'openai') {
    return {
      protocol: 'openai',
      path: '/chat/completions',
      headers: request.headers,
      body: encodeChat(request),
      stream: view.stream,
    };
  }
  return {
    protocol: 'dashscope',
    path: `/services/aigc/${view.endpoint}/generation`,
    headers: view.stream ? { ...request.headers, ...SSE_HEADERS } : request.headers,
    body: encodeNative(request),
    stream: view.stream,
  };
}
