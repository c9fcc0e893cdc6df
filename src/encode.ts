import { scanObject } from './json/json-scan.ts';
import type { RawMember, RequestParts } from './input/request-parts.ts';
import type { Request } from './parse.ts';
import type { HttpCall } from './protocols/protocol.ts';
import type { RequestView } from './schemas/request-view.ts';
import { SSE_HEADERS } from './protocols/sse-headers.ts';
import { streamOptions } from './protocols/stream-options.ts';

/** Joins raw members into the text of one object. */
function objectText(members: readonly RawMember[]): string {
  let text = '{';
  for (const { key, raw } of members) {
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${raw}`;
  }
  return `${text}}`;
}

/** Prepends a system message to a raw, non-empty messages array. */
function withSystem(messages: string, system: string, inParts: boolean): string {
  const content = inParts ? `[{"text":${system}}]` : system;
  const rest = messages.slice(messages.indexOf('[') + 1);
  return `[{"role":"system","content":${content}},${rest}`;
}

/**
 * Wraps string contents as `[{"text": ...}]`, the documented form of the multimodal endpoint; everything else stays as
 * written.
 */
function withTextParts(messages: string): string {
  let text = '';
  let copied = 0;
  let at = messages.indexOf('{');
  while (at !== -1) {
    const scan = scanObject(messages, at);
    for (const { key, valueStart, valueEnd } of scan.members) {
      if (key !== 'content' || messages[valueStart] !== '"') continue;
      const content = messages.slice(valueStart, valueEnd);
      text += `${messages.slice(copied, valueStart)}[{"text":${content}}]`;
      copied = valueEnd;
    }
    at = messages.indexOf('{', scan.end);
  }
  return text + messages.slice(copied);
}

/** Raw text of the messages array as sent. */
function messagesText(request: Request, parts: RequestParts): string | null {
  const { view } = request;
  if (parts.messages === null) return null;
  const inParts = view.endpoint === 'multimodal-generation';
  const wrap = inParts && (view.shape === 'flat' || view.shape === 'prompt');
  const messages = wrap ? withTextParts(parts.messages) : parts.messages;
  // Native lines are sent as written, but this message was not written by the user.
  return parts.system === null ? messages : withSystem(messages, parts.system, inParts);
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
  // In the native protocol a header enables streaming; the SDK's argument of the same name is not sent.
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

/** A member of a streamed body: `stream: null` counts as unset, and usage is requested. */
function streamedMember(member: RawMember): RawMember {
  const { key, raw } = member;
  if (key === 'stream_options') return { key, raw: streamOptions(raw) };
  return key === 'stream' && raw === 'null' ? { key, raw: 'true' } : member;
}

function encodeChat(request: Request): string {
  const { view } = request;
  const parts = request.parts();
  const members: RawMember[] = [{ key: 'model', raw: parts.model }];
  const messages = messagesText(request, parts);
  if (messages !== null) members.push({ key: 'messages', raw: messages });
  for (const member of parts.parameters)
    members.push(view.stream ? streamedMember(member) : member);
  if (view.stream) {
    if (!has(members, 'stream')) members.push({ key: 'stream', raw: 'true' });
    if (!has(members, 'stream_options'))
      members.push({ key: 'stream_options', raw: streamOptions(undefined) });
  }
  return objectText(members);
}

/** Whether a protocol sends a request exactly as written: it adds nothing, and no option becomes a header. */
function isSentAsWritten({ protocol, stream, thinking, parameters }: RequestView): boolean {
  if (protocol === 'openai') return !stream;
  return thinking !== true && !Object.hasOwn(parameters, 'stream');
}

/** A copy of the bytes of a request that is sent as written; null for any other. */
function writtenBytes({ written, view, text, bytes }: Request): Buffer | null {
  if (written === null || !isSentAsWritten(view)) return null;
  let { start, end } = written;
  if (bytes.length !== text.length) {
    // Counts only what surrounds the request, which is short.
    start = Buffer.byteLength(text.slice(0, start), 'utf8');
    end = bytes.length - Buffer.byteLength(text.slice(end), 'utf8');
  }
  return Buffer.from(bytes.subarray(start, end));
}

/**
 * The HTTP call for a request. A request sent as written is copied byte for byte; for others the line's raw values are
 * spliced, never re-encoded. Nothing is added except what cli.md section 9 lists.
 */
export function encodeRequest(request: Request): HttpCall {
  const { view } = request;
  const written = writtenBytes(request);
  if (view.protocol === 'openai') {
    return {
      protocol: 'openai',
      path: '/chat/completions',
      headers: request.headers,
      body: written ?? Buffer.from(encodeChat(request), 'utf8'),
      stream: view.stream,
    };
  }
  return {
    protocol: 'dashscope',
    path: `/services/aigc/${view.endpoint}/generation`,
    headers: view.stream ? { ...request.headers, ...SSE_HEADERS } : request.headers,
    body: written ?? Buffer.from(encodeNative(request), 'utf8'),
    stream: view.stream,
  };
}
