import { isObject } from '../json/is-object.ts';
import { compactValidJson } from '../json/compact-json.ts';
import type { ApiFailure } from '../failure.ts';
import { readUsage } from '../read-usage.ts';
import type { Usage } from '../usage.ts';
import { decodeReply } from './decode-reply.ts';
import { addFrame, answerText, hasBegun, isClosing, isFinished, newAnswer } from './frame-fold.ts';
import type { AnswerFold } from './frame-fold.ts';
import { heldBytes } from './held-bytes.ts';
import type { Decoded, StreamFold } from './protocol.ts';
import {
  badResponse,
  excerpt,
  hasErrorCode,
  hasErrorObject,
  requestIdOf,
  saysPartial,
  serviceFailure,
  textOf,
} from './reply-failure.ts';
import type { JsonFields, ReplyHead } from './reply-failure.ts';
import { createSseParser } from './sse.ts';
import type { SseEvent } from './sse.ts';
import { TextTooLongError } from './text-track.ts';
import type { TextMode } from './text-track.ts';

/** How much of a body without any event is kept, to decode it as an unstreamed reply. */
const UNSTREAMED_BYTES_MAX = 16 * 1024 * 1024;

type FoldState = {
  readonly head: ReplyHead;
  readonly answer: AnswerFold;
  /** The number of choices requested. */
  readonly choices: number;
  failure: ApiFailure | null;
  /** Bytes so far while no event has come: the body may be no event stream at all. */
  unstreamed: Buffer[];
  unstreamedBytes: number;
  events: number;
  requestId: string | null;
  usage: Usage | null;
  /** `[DONE]` came: nothing after it counts. */
  done: boolean;
  /** The latest frame was a closing one (`isClosing`). */
  closed: boolean;
  ending: boolean;
  /** The stream ended inside an event. */
  torn: boolean;
  /** The beginning of the first frame of neither protocol; null: none. */
  foreign: string | null;
};

/**
 * The fold of both protocols' streams; each frame shows by its shape which one it is. `mode` null: by the shape (native
 * `detect`, compatible `append`).
 *
 * `choices`: a stream that ends before this many have begun is truncated, unless it says `[DONE]`: then the service made
 * fewer than requested.
 *
 * A reply with a status other than 2xx, or without any event, is decoded as an unstreamed one. An error frame ends the fold
 * with the service's failure; a frame that is not JSON, bytes that are not UTF-8, an oversized event, or only events of
 * neither protocol with `qbatch_bad_response`; the end of the stream before a real finish reason with
 * `qbatch_truncated_stream`.
 */
export function createStreamFold(
  head: ReplyHead,
  mode: TextMode | null,
  choices: number,
): StreamFold {
  const state: FoldState = {
    head,
    answer: newAnswer(mode),
    choices,
    failure: null,
    unstreamed: [],
    unstreamedBytes: 0,
    events: 0,
    requestId: null,
    usage: null,
    done: false,
    closed: false,
    ending: false,
    torn: false,
    foreign: null,
  };
  const streamed = head.statusCode >= 200 && head.statusCode < 300;
  const parser = createSseParser((event) => {
    readEvent(state, event);
  });
  const checkParser = (): void => {
    const problem = parser.problem();
    if (problem !== null && !state.done) state.failure ??= broken(state, problem);
  };
  return {
    push(chunk) {
      if (state.failure !== null || state.done) return false;
      if (state.events === 0) keepUnstreamed(state, chunk);
      if (!streamed) return state.unstreamedBytes < UNSTREAMED_BYTES_MAX;
      parser.push(chunk);
      // A body without events is judged as a whole at its end: it may be an error page.
      if (state.events > 0 || state.unstreamedBytes >= UNSTREAMED_BYTES_MAX) checkParser();
      return state.failure === null && !state.done;
    },
    end() {
      if (state.failure === null && streamed) {
        state.ending = true;
        parser.end();
        if (state.events > 0) checkParser();
      }
      return decide(state);
    },
    isWhole() {
      if (state.failure !== null) return false;
      if (state.done) return isFinished(state.answer, 1);
      // A pending event may be an error frame.
      return state.closed && parser.pendingBytes() === 0;
    },
    heldBytes() {
      const unstreamed = state.events === 0 ? state.unstreamedBytes : 0;
      return heldBytes(state.answer) + parser.pendingBytes() + unstreamed;
    },
    hasBegun: () => hasBegun(state.answer),
    usageSoFar: () => state.usage,
  };
}

function keepUnstreamed(state: FoldState, chunk: Buffer): void {
  const room = UNSTREAMED_BYTES_MAX - state.unstreamedBytes;
  if (room <= 0) return;
  const kept = Buffer.from(chunk.subarray(0, room));
  state.unstreamed.push(kept);
  state.unstreamedBytes += kept.length;
}

function decide(state: FoldState): Decoded {
  const { head, requestId, usage } = state;
  if (state.failure !== null) return failed(state.failure);
  if (state.events === 0) return decodeReply({ ...head, body: Buffer.concat(state.unstreamed) });
  if (state.torn || !isFinished(state.answer, state.done ? 1 : state.choices)) {
    const found = { requestId, usage };
    const isForeign = state.answer.shape === null && !state.torn;
    const code = isForeign ? 'qbatch_bad_response' : 'qbatch_truncated_stream';
    return failed(badResponse(head, code, truncation(state), found));
  }
  const text = unlessTooLong(state, () => answerText(state.answer));
  if (state.failure !== null) return failed(state.failure);
  const body = compactValidJson(text ?? '');
  if (saysPartial(head)) {
    const message = 'the service stopped before the answer was finished (partial response)';
    const found = { requestId, body, usage };
    return failed(badResponse(head, 'qbatch_partial_response', message, found));
  }
  return {
    kind: 'answer',
    statusCode: head.statusCode,
    requestId: requestId ?? requestIdOf(head, null),
    body,
    bytes: null,
    usage,
  };
}

function truncation({ answer, choices, events, torn, foreign }: FoldState): string {
  const ended = `the stream ended after ${events} ${events === 1 ? 'event' : 'events'}`;
  if (!torn && answer.shape === null)
    return `${ended}, none of them a part of an answer${foreign === null ? '' : `: ${foreign}`}`;
  if (!torn && choices > 1 && isFinished(answer, 1)) {
    return `${ended} with ${answer.choices.size} of ${choices} choices`;
  }
  return `${ended} without a finish reason`;
}

function readEvent(state: FoldState, event: SseEvent): void {
  if (state.failure !== null || state.done) return;
  state.events += 1;
  state.unstreamed = [];
  for (const text of jsonTexts(event.data)) {
    if (state.failure !== null || state.done) return;
    readFrame(state, event, text);
  }
}

/**
 * The JSON texts of an event's data: usually one. If blank lines were lost in transit, several events arrive as the data
 * lines of one; then each line is one.
 */
function jsonTexts(data: string): readonly string[] {
  return data.includes('\n') && parseFrame(data) === null ? data.split('\n') : [data];
}

function readFrame(state: FoldState, event: SseEvent, text: string): void {
  if (text.trim() === '[DONE]') {
    state.done = true;
    return;
  }
  // An empty event is a keep-alive.
  if (text.trim() === '') return;
  const value = parseFrame(text);
  if (value === null) {
    if (state.ending) state.torn = true;
    else
      state.failure = broken(
        state,
        `an event of the stream is no JSON object: ${excerpt(state.head, text)}`,
      );
    return;
  }
  state.requestId = textOf(value['request_id']) ?? state.requestId;
  const usage = readUsage(value['usage']);
  state.usage = usage ?? state.usage;
  if (isErrorFrame(event, value)) {
    const statusCode = event.statusCode ?? state.head.statusCode;
    const failure = serviceFailure(state.head, statusCode, { value, text }, state.usage);
    const begun = hasBegun(state.answer) ? { hadBegun: true } : {};
    state.failure = { ...failure, ...begun, requestId: failure.requestId ?? state.requestId };
    return;
  }
  const counts = usage !== null;
  unlessTooLong(state, () => {
    addFrame(state.answer, text, counts);
    state.closed = isClosing(state.answer, { value, counts }, state.choices);
  });
  if (state.answer.shape === null) state.foreign ??= excerpt(state.head, text);
}

/** Runs `take`; null if the texts exceed what a reply may hold, which ends the fold. */
function unlessTooLong<T>(state: FoldState, take: () => T): T | null {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof TextTooLongError)) throw error;
    state.failure = broken(state, error.message);
    return null;
  }
}

function isErrorFrame(event: SseEvent, value: JsonFields): boolean {
  if (event.event === 'error' || (event.statusCode ?? 200) >= 400) return true;
  if (hasErrorObject(value)) return true;
  return hasErrorCode(value) && isNothing(value['choices']) && isBlank(value['output']);
}

/** No output, or one whose members are all null or empty (how the Python SDK recognizes an error). */
function isBlank(output: unknown): boolean {
  return !isObject(output) || Object.values(output).every(isNothing);
}

function isNothing(value: unknown): boolean {
  return (value ?? '') === '' || (Array.isArray(value) && value.length === 0);
}

function parseFrame(text: string): JsonFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function broken(state: FoldState, message: string): ApiFailure {
  const { head, requestId, usage } = state;
  return badResponse(head, 'qbatch_bad_response', message, { requestId, usage });
}

function failed(failure: ApiFailure): Decoded {
  return { kind: 'failure', failure };
}
