import { isObject } from '../json/is-object.ts';
import { isUtf8 } from 'node:buffer';

import { compactValidJson } from '../json/compact-json.ts';
import type { ApiFailure } from '../failure.ts';
import { readUsage } from '../read-usage.ts';
import { saysUnfinished } from './finish-reason.ts';
import type { Decoded, HttpReply } from './protocol.ts';
import {
  badResponse,
  cutText,
  excerpt,
  hasErrorCode,
  hasErrorObject,
  requestIdOf,
  saysPartial,
  serviceFailure,
  statusFailure,
  textOf,
} from './reply-failure.ts';
import type { JsonFields } from './reply-failure.ts';
import { createSseParser } from './sse.ts';

/** A body's text and parsed value. */
type ParsedBody = { readonly text: string; readonly value: unknown };

/** How much of a redirect's target is shown. */
const LOCATION_CHARS = 200;

const OPEN_OBJECT = 0x7b;
/** How an event stream begins (as Latin-1, byte order mark included); no JSON and no web page does. */
const STREAM_START = /^(?:\u00EF\u00BB\u00BF)?\s*(?:data|event|id|retry)?:/;

/**
 * Decodes a complete reply of any status and either protocol: gateways answer native calls in the compatible shape and vice
 * versa. Never throws.
 *
 * An answer is a 2xx with a choice, a text or a message in it and nothing that marks it as partial or failed. A service's
 * error behind 200 is an `http` failure; a reply that is neither is `qbatch_bad_response`; 3xx and errors without a code of
 * their own are `qbatch_http_<status>`.
 */
export function decodeReply(reply: HttpReply): Decoded {
  const { statusCode } = reply;
  if (statusCode >= 200 && statusCode < 300) return decodeSuccess(reply);
  if (statusCode >= 300 && statusCode < 400) {
    const location = cutText(reply, reply.headers['location'] ?? '', LOCATION_CHARS);
    const target = location === '' ? '' : ` to ${location}`;
    return failed(statusFailure(reply, `HTTP ${statusCode}${target}: redirects are not followed`));
  }
  return failed(decodeError(reply));
}

/** Whether a body is an event stream, whatever its content type. */
export function looksLikeStream(body: Buffer): boolean {
  // Fast path: nearly every reply is an object.
  if (body[0] === OPEN_OBJECT) return false;
  return STREAM_START.test(body.toString('latin1', 0, 64));
}

function decodeSuccess(reply: HttpReply): Decoded {
  if (reply.body.length === 0) {
    return bad(reply, `HTTP ${reply.statusCode} with an empty body`);
  }
  if (!isUtf8(reply.body)) {
    return bad(reply, `the reply is not valid UTF-8: ${excerpt(reply, bodyText(reply.body))}`);
  }
  const parsed = parseBody(bodyText(reply.body));
  if (parsed === null) {
    return bad(reply, excerpt(reply, bodyText(reply.body)) || 'the reply is blank');
  }
  const { value, text } = parsed;
  const usage = isObject(value) ? readUsage(value['usage']) : null;
  if (isObject(value)) {
    if (hasErrorObject(value)) {
      return failed(serviceFailure(reply, reply.statusCode, parsed, usage));
    }
    const answer = answerState(value);
    // An error code with no answer or a partial one is an error; with a complete answer it means nothing (some gateways
    // write "Success").
    const isError = hasErrorCode(value) && (answer !== 'whole' || isEmpty(value));
    if (answer !== 'none' && !isError) {
      const requestId = requestIdOf(reply, value);
      const body = compactValidJson(text);
      if (answer === 'whole' && !saysPartial(reply)) {
        const bytes = body === text && !beginsWithMark(reply.body) ? reply.body : null;
        return { kind: 'answer', statusCode: reply.statusCode, requestId, body, bytes, usage };
      }
      const message = 'the service stopped before the answer was finished (partial response)';
      return failed(
        badResponse(reply, 'qbatch_partial_response', message, { requestId, body, usage }),
      );
    }
    if (isError) return failed(serviceFailure(reply, reply.statusCode, parsed, usage));
  }
  return failed(
    badResponse(reply, 'qbatch_bad_response', `no answer in the reply: ${excerpt(reply, text)}`, {
      requestId: requestIdOf(reply, value),
      body: compactValidJson(text),
      usage,
    }),
  );
}

/**
 * Whether a body holds an answer, and a finished one. A finish reason of null or `"null"` means unfinished in both
 * protocols; a missing one counts as finished, since some replies have none, if the message holds anything at all.
 */
function answerState(value: JsonFields): 'whole' | 'partial' | 'none' {
  const output = isObject(value['output']) ? value['output'] : null;
  const choices = output?.['choices'] ?? value['choices'];
  if (Array.isArray(choices) && choices.length > 0) {
    const known: unknown[] = choices;
    if (!known.every(hasMessage)) return 'none';
    return known.some(isUnfinished) ? 'partial' : 'whole';
  }
  if (output === null) return 'none';
  if (typeof output['text'] === 'string') return isUnfinished(output) ? 'partial' : 'whole';
  return deepResearchState(output);
}

function hasMessage(choice: unknown): boolean {
  if (!isObject(choice) || !isObject(choice['message'])) return false;
  return 'finish_reason' in choice || Object.keys(choice['message']).some((key) => key !== 'role');
}

/** Whether an apparent answer (`answerState`) is empty: no text, no tool call. */
function isEmpty(value: JsonFields): boolean {
  const output = isObject(value['output']) ? value['output'] : {};
  const choices: unknown = output['choices'] ?? value['choices'];
  if (!Array.isArray(choices) || choices.length === 0) return output['text'] === '';
  return choices.every((choice) => {
    const message: unknown = isObject(choice) ? choice['message'] : null;
    const empty = (part: unknown): boolean =>
      part === undefined ||
      part === null ||
      part === '' ||
      (Array.isArray(part) && part.length === 0);
    return (
      isObject(message) &&
      Object.entries(message).every(([key, part]) => key === 'role' || empty(part))
    );
  });
}

function deepResearchState(output: JsonFields): 'whole' | 'partial' | 'none' {
  const message = output['message'];
  if (!isObject(message) || typeof message['content'] !== 'string') return 'none';
  const phase = textOf(message['phase']);
  return phase === null || (phase === 'answer' && message['status'] === 'finished')
    ? 'whole'
    : 'partial';
}

function isUnfinished(choice: unknown): boolean {
  if (!isObject(choice)) return false;
  const { finish_reason: reason } = choice;
  return reason === null || (typeof reason === 'string' && saysUnfinished(reason));
}

function decodeError(reply: HttpReply): ApiFailure {
  const text = bodyText(reply.body);
  const parsed = isUtf8(reply.body) ? (parseBody(text) ?? firstEvent(reply.body)) : null;
  if (parsed === null) {
    const message = excerpt(reply, text) || `HTTP ${reply.statusCode} with an empty body`;
    return statusFailure(reply, message);
  }
  const usage = isObject(parsed.value) ? readUsage(parsed.value['usage']) : null;
  return serviceFailure(reply, reply.statusCode, parsed, usage);
}

/**
 * The first JSON object in an event stream. The compatible endpoint answers a filtered streaming request with HTTP 400 and
 * a `data: {"error":...}` line (service contract section 5.5).
 */
function firstEvent(body: Buffer): ParsedBody | null {
  let first: ParsedBody | null = null;
  const parser = createSseParser(({ data }) => {
    const parsed = parseBody(data);
    if (first === null && parsed !== null && isObject(parsed.value)) first = parsed;
  });
  parser.push(body);
  parser.end();
  return first;
}

function bodyText(body: Buffer): string {
  return body.toString('utf8', beginsWithMark(body) ? 3 : 0);
}

/** Whether the body starts with a byte order mark. */
function beginsWithMark(body: Buffer): boolean {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
}

function parseBody(text: string): ParsedBody | null {
  try {
    const value: unknown = JSON.parse(text);
    return { text, value };
  } catch {
    return null;
  }
}

function bad(reply: HttpReply, message: string): Decoded {
  return failed(badResponse(reply, 'qbatch_bad_response', message));
}

function failed(failure: ApiFailure): Decoded {
  return { kind: 'failure', failure };
}
