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

/**
 * The failure for an error the service told in JSON (`value`, with its raw `text`), of whatever
 * shape: `{code, message}`, `{error: {code, type, message, param}}`, `{error: "..."}`. A code that
 * is no string says no more than the status and is passed over. `statusCode` may come from an
 * error frame and differ from the reply's.
 */
export function serviceFailure(
  head: ReplyHead,
  statusCode: number,
  error: { readonly value: unknown; readonly text: string },
  usage: Usage | null,
): ApiFailure {
  const fields: JsonFields = isObject(error.value) ? error.value : {};
  const inner: JsonFields = isObject(fields['error']) ? fields['error'] : {};
  const code = textOf(fields['code']) ?? textOf(inner['code']) ?? textOf(inner['type']);
  const message = textOf(fields['message']) ?? textOf(inner['message']) ?? textOf(fields['error']);
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
