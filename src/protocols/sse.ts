import { isUtf8 } from 'node:buffer';

/** One event of a stream: its fields, and the status from a `:HTTP_STATUS/400` comment. */
export type SseEvent = {
  readonly event: string | null;
  /** From the native protocol's comment line; null if there is none. */
  readonly statusCode: number | null;
  /** The data lines joined by a line feed. */
  readonly data: string;
};

/**
 * A parser for one `text/event-stream` body. `push` takes bytes split anywhere and returns false once the stream is
 * unreadable (`problem` says why); `end` delivers an unterminated last line or event.
 */
export type SseParser = {
  push(chunk: Buffer): boolean;
  end(): void;
  /** Bytes of an unfinished event; 0 between events. */
  pendingBytes(): number;
  /** Why the bytes cannot be parsed, for messages; null: no problem. */
  problem(): string | null;
};

/** A larger event is refused: the largest real ones carry audio, some hundred kilobytes. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** Up to here, a line end is found fastest byte by byte. */
const NEAR_BYTES = 512;
/** Beyond, by a search for each kind of line end; bounded, since a body may be one chunk and lack one kind. */
const FAR_BYTES = 16 * 1024;
const STATUS_COMMENT = /^:\s*HTTP_STATUS\/(\d{3})\b/;

type ParserState = {
  readonly deliver: (event: SseEvent) => void;
  readonly eventBytesMax: number;
  /** Bytes of the unfinished line from earlier chunks. */
  pending: Buffer[];
  /** Bytes of the event so far, the pending line included. */
  eventBytes: number;
  /** The last byte was a carriage return: a line feed now belongs to it. */
  afterReturn: boolean;
  firstLine: boolean;
  event: string | null;
  statusCode: number | null;
  data: string[];
  problem: string | null;
};

/**
 * Creates the parser. Lines end with LF, CRLF or CR; events with a blank line, or with the next `id:` line if blank lines
 * were lost in transit (seen in recordings of 2025). A byte order mark is skipped. Bytes that are not UTF-8, and an event
 * larger than `eventBytesMax`, are problems.
 *
 * Source: WHATWG HTML, section 9.2; the status comment: recorded Model Studio streams, 2024 to 2026.
 */
export function createSseParser(
  deliver: (event: SseEvent) => void,
  eventBytesMax: number = EVENT_BYTES_MAX,
): SseParser {
  const state: ParserState = {
    deliver,
    eventBytesMax,
    pending: [],
    eventBytes: 0,
    afterReturn: false,
    firstLine: true,
    event: null,
    statusCode: null,
    data: [],
    problem: null,
  };
  return {
    push(chunk) {
      if (state.problem === null) readChunk(state, chunk);
      return state.problem === null;
    },
    end() {
      if (state.problem === null && state.pending.length > 0) endLine(state, Buffer.alloc(0));
      if (state.problem === null) endEvent(state);
    },
    pendingBytes: () => state.eventBytes,
    problem: () => state.problem,
  };
}

function readChunk(state: ParserState, chunk: Buffer): void {
  let lineStart = 0;
  if (state.afterReturn && chunk.length > 0) {
    if (chunk[0] === LINE_FEED) lineStart = 1;
    state.afterReturn = false;
  }
  for (;;) {
    const at = lineEndIn(chunk, lineStart);
    if (at === chunk.length) break;
    endLine(state, chunk.subarray(lineStart, at));
    if (state.problem !== null) return;
    lineStart = at + 1;
    if (chunk[at] === LINE_FEED) continue;
    if (lineStart === chunk.length) state.afterReturn = true;
    else if (chunk[lineStart] === LINE_FEED) lineStart += 1;
  }
  if (lineStart < chunk.length) {
    // Copied: the chunk may be reused or may keep a large buffer alive.
    state.pending.push(Buffer.from(chunk.subarray(lineStart)));
    countBytes(state, chunk.length - lineStart);
  }
}

/** The end of the line that continues at `from`; the chunk's length if not in it. */
function lineEndIn(chunk: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, chunk.length);
  for (let at = from; at < near; at += 1) {
    if (chunk[at] === LINE_FEED || chunk[at] === CARRIAGE_RETURN) return at;
  }
  for (let start = near; start < chunk.length; start += FAR_BYTES) {
    const part = chunk.subarray(start, start + FAR_BYTES);
    const feed = part.indexOf(LINE_FEED);
    const end = feed === -1 ? part.length : feed;
    const before = part.subarray(0, end).indexOf(CARRIAGE_RETURN);
    if (before !== -1) return start + before;
    if (feed !== -1) return start + feed;
  }
  return chunk.length;
}

function countBytes(state: ParserState, bytes: number): void {
  state.eventBytes += bytes;
  if (state.eventBytes > state.eventBytesMax) {
    state.problem = `one event of the stream is bigger than ${state.eventBytesMax} bytes`;
  }
}

function endLine(state: ParserState, rest: Buffer): void {
  countBytes(state, rest.length);
  let line = rest;
  if (state.pending.length > 0) {
    line = Buffer.concat([...state.pending, rest]);
    state.pending = [];
  }
  if (!isUtf8(line)) state.problem = 'the stream is not valid UTF-8';
  if (state.problem !== null) return;
  let text = line.toString('utf8');
  if (state.firstLine) {
    state.firstLine = false;
    if (text.startsWith('\uFEFF')) text = text.slice(1);
  }
  readLine(state, text);
}

function readLine(state: ParserState, line: string): void {
  if (line === '') {
    endEvent(state);
    return;
  }
  const colon = line.indexOf(':');
  if (colon === 0) {
    const status = STATUS_COMMENT.exec(line)?.[1];
    if (status !== undefined) state.statusCode = Number(status);
    return;
  }
  const field = colon === -1 ? line : line.slice(0, colon);
  const valueStart = line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1;
  const value = colon === -1 ? '' : line.slice(valueStart);
  if (field === 'data') state.data.push(value);
  else if (field === 'event') state.event = value;
  else if (field === 'id' && state.data.length > 0) {
    endEvent(state);
    // The line belongs to the next event, which has begun.
    state.eventBytes = line.length;
  }
}

function endEvent(state: ParserState): void {
  const { event, statusCode, data } = state;
  state.event = null;
  state.statusCode = null;
  state.data = [];
  state.eventBytes = 0;
  if (data.length > 0) state.deliver({ event, statusCode, data: data.join('\n') });
}
