import { isObject } from '../json/is-object.ts';
import type { ApiFailure } from '../failure.ts';
import type { Usage } from '../usage.ts';
import { compactValidJson, printable } from '../json/compact-json.ts';
import type { HttpReply } from './protocol.ts';

/** Status and headers of a reply, without its body. */
export type ReplyHead = Omit<HttpReply, 'body'>;

/** An object out of `JSON.parse`. */
export type JsonFields = Readonly<Record<string, unknown>>;

/** How much of a reply that is no answer goes into the message (cli.md section 3). */
const EXCERPT_CHARS = 500;
/** The service's own messages and codes are far shorter; the bound keeps a hostile one out of the terminal. */
const MESSAGE_CHARS_MAX = 10_000;
const CODE_CHARS_MAX = 200;

const RETRY_AFTER_MAX_MS = 60_000;
const SECONDS = /^\d+(?:\.\d+)?$/;
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** A non-empty string, half characters replaced (files and ledger hold none), or null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.toWellFormed() : null;
}

/** At most so much of a text from the service, without the key and made safe to show. */
export function cutText(head: ReplyHead, text: string, limitChars: number): string {
  return printable(head.redact?.(text) ?? text, limitChars);
}

/** The first 500 characters of a reply, without the key and made safe to show. */
export function excerpt(head: ReplyHead, text: string): string {
  return cutText(head, text, EXCERPT_CHARS);
}

/** The request id: the body's, else the `x-request-id` header's, else null. */
export function requestIdOf(head: ReplyHead, value: unknown): string | null {
  const own = isObject(value) ? textOf(value['request_id']) : null;
  return own ?? textOf(head.headers['x-request-id']);
}

/**
 * True where a parsed body carries the service's error: natively a non-empty `code`, compatibly a
 * non-null `error`. A body with an answer beside a `code` is for the caller to tell apart.
 */
export function hasErrorCode(value: JsonFields): boolean {
  return textOf(value['code']) !== null || hasErrorObject(value);
}

/** True where `error` is an object or a text: never found beside a good answer. */
export function hasErrorObject(value: JsonFields): boolean {
  return isObject(value['error']) || textOf(value['error']) !== null;
}

/** A status as gateways write it where a code should stand: LiteLLM as a text. */
const NUMBER = /^\d+$/;

/** A text that names what went wrong: no number, and not Python's None, which LiteLLM writes for a type that it does not know. */
function nameOf(value: unknown): string | null {
  const text = textOf(value);
  return text === null || text === 'None' || NUMBER.test(text) ? null : text;
}

/**
 * The name of an error. vLLM before 0.10 and SGLang have its `type` beside `object: "error"`. A number says no more than
 * the status: it counts where it is a text and there is no name.
 */
function codeOf(fields: JsonFields, inner: JsonFields): string | null {
  const type = fields['object'] === 'error' ? fields['type'] : null;
  const names = [fields['code'], inner['code'], inner['type'], type].map(nameOf);
  const name = names.find((found) => found !== null);
  const numbers = [fields['code'], inner['code']].map(textOf);
  return name ?? numbers.find((found) => found !== null && NUMBER.test(found)) ?? null;
}

/** What an error says. LiteLLM 1.61 has an object with the text where the text should stand: issue 8821 of BerriAI/litellm (2025-02). */
function messageOf(fields: JsonFields, inner: JsonFields): string | null {
  const own = inner['message'];
  const told = isObject(own) ? own['error'] : own;
  return textOf(fields['message']) ?? textOf(told) ?? textOf(fields['error']);
}

/**
 * The status that an error behind HTTP 200 names as its code, a number or the text of one; null where it names none. A stream
 * has its status before the server knows whether it takes the request: SGLang with a full queue answers 200 and a frame
 * with 503 in it, vLLM one with 400. Source: issues 9812 of can1357/oh-my-pi and 28175 of sgl-project/sglang (2026-08).
 */
function statusInside(fields: JsonFields, inner: JsonFields): number | null {
  const code = inner['code'] ?? fields['code'];
  const status = typeof code === 'string' && NUMBER.test(code) ? Number(code) : code;
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) < 600
    ? Number(status)
    : null;
}

/**
 * The failure for an error the service told in JSON (`value`, with its raw `text`), of whatever
 * shape: `{code, message}`, `{error: {code, type, message, param}}`, `{error: "..."}`,
 * `{object: "error", type, message}`. `replyStatus` may come from an error frame and differ from the
 * reply's; behind a 2xx the status that the error itself names counts.
 */
export function serviceFailure(
  head: ReplyHead,
  replyStatus: number,
  error: { readonly value: unknown; readonly text: string },
  usage: Usage | null,
): ApiFailure {
  const fields: JsonFields = isObject(error.value) ? error.value : {};
  const inner: JsonFields = isObject(fields['error']) ? fields['error'] : {};
  const inside = replyStatus < 300 ? statusInside(fields, inner) : null;
  const statusCode = inside ?? replyStatus;
  const code = codeOf(fields, inner);
  const message = messageOf(fields, inner);
  const param = textOf(inner['param']) ?? textOf(fields['param']);
  return {
    kind: 'http',
    statusCode,
    code: cutText(head, code ?? '', CODE_CHARS_MAX) || `qbatch_http_${statusCode}`,
    message: cutText(head, message ?? '', MESSAGE_CHARS_MAX) || excerpt(head, error.text),
    // The service writes Python's None for "no parameter" in some replies.
    param: param === null || param === 'None' ? null : cutText(head, param, CODE_CHARS_MAX),
    requestId: requestIdOf(head, error.value),
    retryAfterMs: retryAfterMs(head),
    neverSent: false,
    body: compactValidJson(error.text),
    usage,
    // 4xx and 503 say that it was refused; another error of a server that had begun a reply came after it was taken.
    ...(inside !== null && inside >= 500 && inside !== 503 ? { hadBegun: true } : {}),
  };
}

/** The failure for an HTTP status that says it all: no JSON came with it, or none is wanted (3xx). */
export function statusFailure(
  head: ReplyHead,
  message: string,
  body: string | null = null,
): ApiFailure {
  return {
    kind: 'http',
    statusCode: head.statusCode,
    code: `qbatch_http_${head.statusCode}`,
    message,
    param: null,
    requestId: requestIdOf(head, null),
    retryAfterMs: retryAfterMs(head),
    neverSent: false,
    body,
    usage: null,
  };
}

/** Codes for a reply that is no (whole) answer. */
export type BadResponseCode =
  | 'qbatch_bad_response'
  | 'qbatch_partial_response'
  | 'qbatch_truncated_stream';

/** The failure for a reply that is no answer; `found` is whatever it did hold. */
export function badResponse(
  head: ReplyHead,
  code: BadResponseCode,
  message: string,
  found: {
    readonly requestId?: string | null;
    readonly body?: string | null;
    readonly usage?: Usage | null;
  } = {},
): ApiFailure {
  return {
    kind: 'bad-response',
    statusCode: head.statusCode,
    code,
    message,
    param: null,
    requestId: found.requestId ?? requestIdOf(head, null),
    retryAfterMs: retryAfterMs(head),
    neverSent: false,
    body: found.body ?? null,
    usage: found.usage ?? null,
    ...(code === 'qbatch_partial_response' && saysPartial(head) ? { metTimeLimit: true } : {}),
  };
}

/**
 * True where the service stopped generating before it was done and answered 200 with what it had.
 * Source: stored copies of the official vision page (180 s limit); service contract section 4.7.
 */
export function saysPartial(head: ReplyHead): boolean {
  return head.headers['x-dashscope-partialresponse']?.trim().toLowerCase() === 'true';
}

/**
 * `Retry-After` in milliseconds, clamped to 60,000; null where absent or nonsense. A date counts
 * from the reply's own `Date` header, so that the two clocks need not agree.
 */
function retryAfterMs(head: ReplyHead): number | null {
  const value = head.headers['retry-after']?.trim() ?? '';
  if (SECONDS.test(value)) return Math.min(Math.ceil(Number(value) * 1000), RETRY_AFTER_MAX_MS);
  const now = head.headers['date']?.trim() ?? '';
  if (!HTTP_DATE.test(value) || !HTTP_DATE.test(now)) return null;
  const waitMs = Date.parse(value) - Date.parse(now);
  if (Number.isNaN(waitMs)) return null;
  return Math.min(Math.max(waitMs, 0), RETRY_AFTER_MAX_MS);
}
