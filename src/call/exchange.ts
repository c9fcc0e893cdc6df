import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { type ApiFailure, KIND_CODES } from '../failure.ts';
import { connectionReason, errorCode, isTlsAlert } from './connection-reason.ts';
import { isCompressed, plainBody } from './plain-body.ts';
import type { HttpReply, StreamFold } from '../protocols/protocol.ts';
import type { ReplyReader, ReplyRoom } from './reply-room.ts';

/** Largest accepted reply; for a stream, the most that its fold may hold (guarantee 12). */
const REPLY_BYTES_MAX: number = 64 * 1024 * 1024;
/**
 * Most bytes of one stream's frames. If each frame repeats the text so far they grow with the square of the answer: 65,536
 * tokens of 4 bytes, one per frame, are 8 GiB. This is twice that.
 */
const FRAMES_BYTES_MAX: number = 16 * 1024 * 1024 * 1024;
/** A fold is asked for its size each time this many more bytes of frames have come; an ordinary stream ends before. */
const FOLD_LOOK_BYTES = 64 * 1024;
/** Or, if that is more, this part of its last size: answering takes a pass over all of it. */
const FOLD_LOOK_PART = 1 / 8;

/** The result of one call: a whole reply, a stream folded to its clean end, or a failure. */
export type CallResult = (
  | { readonly kind: 'reply'; readonly reply: HttpReply }
  | { readonly kind: 'stream'; readonly fold: StreamFold }
  | { readonly kind: 'failed'; readonly failure: ApiFailure }
) & {
  /** Memory budget held until it is released; none if omitted. */
  readonly heldBytes?: number;
};

type Ending = 'timeout' | 'idle' | 'interrupted' | 'too-big' | 'fold-done';

/** Each header as one string. Nearly always they all are, and the object is returned as is. */
function toHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return areTexts(headers) ? headers : joined(headers);
}

function areTexts(headers: IncomingHttpHeaders): headers is Record<string, string> {
  for (const name in headers) if (typeof headers[name] !== 'string') return false;
  return true;
}

function joined(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

/** A call in progress: undici's handler, the deadline, and the bytes so far. */
export class Exchange implements Dispatcher.DispatchHandler, ReplyReader {
  deadlineMs: number;
  /** Memory budget held in the `ReplyRoom`. */
  heldBytes = 0;
  /** Delivers the result to the caller. */
  readonly resolve: (result: CallResult) => void;
  private readonly onSent: (() => void) | undefined;
  private readonly openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold;
  private readonly finish: (exchange: Exchange, result: CallResult) => void;
  private readonly room: ReplyRoom;
  private controller: Dispatcher.DispatchController | null = null;
  /** Undici calls `onRequestStart` only on an open connection: no byte can have left before (DNS, connect, TLS, queue). */
  isSent = false;
  private ending: Ending | null = null;
  private head: Omit<HttpReply, 'body'> | null = null;
  private fold: StreamFold | null = null;
  private chunks: Buffer[] = [];
  private bytes = 0;
  /** The fold's size when last asked, and how many bytes of frames had come by then. */
  private folded = { bytes: 0, at: 0 };

  constructor(
    deadlineMs: number,
    room: ReplyRoom,
    on: {
      openFold(reply: Omit<HttpReply, 'body'>): StreamFold;
      onSent?: (() => void) | undefined;
      resolve(result: CallResult): void;
      /** May be called more than once: the first counts. */
      finish(exchange: Exchange, result: CallResult): void;
    },
  ) {
    this.deadlineMs = deadlineMs;
    this.room = room;
    this.openFold = on.openFold;
    this.onSent = on.onSent;
    this.resolve = on.resolve;
    this.finish = on.finish;
  }

  pause(): void {
    this.controller?.pause();
  }

  /** Not within another reply's callback: undici's parser is not reentrant. */
  resume(): void {
    queueMicrotask(() => {
      this.controller?.resume();
    });
  }

  /** Ends the call from our side; the first reason counts. */
  drop(ending: Ending): void {
    if (this.ending !== null) return;
    this.ending = ending;
    if (this.controller === null) this.finish(this, this.failed(new Error(ending)));
    else this.controller.abort(new Error(ending));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.isSent = true;
    if (this.ending !== null) controller.abort(new Error(this.ending));
    else this.onSent?.();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 1xx is informational; the answer is still to come.
    if (statusCode < 200) return;
    this.head = { statusCode, headers: toHeaders(headers) };
    const type = this.head.headers['content-type'] ?? '';
    // A compressed stream is read once it is complete, like any other compressed reply.
    const isStream = type.startsWith('text/event-stream') && !isCompressed(this.head.headers);
    if (statusCode === 200 && isStream) this.fold = this.openFold(this.head);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.fold === null) this.chunks.push(chunk);
    else if (!this.fold.push(chunk)) this.endStream(this.fold);
    const held = this.fold === null ? this.bytes : this.foldedBytes(this.fold);
    if (held > REPLY_BYTES_MAX || this.bytes > FRAMES_BYTES_MAX) this.drop('too-big');
    if (this.ending !== null) return;
    const more = held - this.heldBytes;
    if (more <= 0) return;
    this.heldBytes += more;
    this.room.take(this, more);
  }

  onResponseEnd(): void {
    if (this.ending !== null) return;
    if (this.fold !== null)
      this.finish(this, { kind: 'stream', fold: this.fold, heldBytes: this.heldBytes });
    else if (this.head !== null) {
      const body = this.wholeBody(this.head);
      this.finish(this, {
        kind: 'reply',
        reply: { statusCode: this.head.statusCode, headers: this.head.headers, body },
        heldBytes: this.heldBytes,
      });
    } else this.finish(this, this.failed(new Error('the connection closed without a reply')));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    // A complete answer is kept however the connection ended.
    if (this.fold !== null && (this.ending === 'fold-done' || this.fold.isWhole()))
      this.finish(this, { kind: 'stream', fold: this.fold, heldBytes: this.heldBytes });
    else this.finish(this, this.failed(error));
  }

  private wholeBody({ headers }: Omit<HttpReply, 'body'>): Buffer {
    const [first] = this.chunks;
    const bytes =
      this.chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.chunks);
    if (!isCompressed(headers)) return bytes;
    const body = plainBody(bytes, headers['content-encoding'] ?? '');
    const more = Math.max(0, body.length - this.heldBytes);
    this.heldBytes += more;
    this.room.grow(more);
    return body;
  }

  private foldedBytes(fold: StreamFold): number {
    const { bytes, at } = this.folded;
    if (this.bytes - at >= Math.max(FOLD_LOOK_BYTES, bytes * FOLD_LOOK_PART))
      this.folded = { bytes: fold.heldBytes(), at: this.bytes };
    return this.folded.bytes;
  }

  /**
   * The fold wants no more. After a stream that signalled its end, the rest of the body, usually a few bytes, has until the
   * next deadline check: then the connection can be kept alive. After an error, or if bytes keep coming, it is closed.
   */
  private endStream(fold: StreamFold): void {
    if (fold.isWhole() && this.deadlineMs > 0) this.deadlineMs = 0;
    else this.drop('fold-done');
  }

  private failed(error: unknown): CallResult {
    const code = errorCode(error);
    const kind = this.kindOf(code);
    return {
      kind: 'failed',
      heldBytes: this.heldBytes,
      failure: {
        kind,
        statusCode: this.head?.statusCode ?? null,
        code: KIND_CODES[kind],
        message: this.reason(error, code),
        param: null,
        requestId: this.head?.headers['x-request-id'] ?? null,
        retryAfterMs: null,
        neverSent: !this.isSent || isTlsAlert(error),
        body: null,
        usage: this.fold?.usageSoFar() ?? null,
      },
    };
  }

  /** `code`: undici's or Node's, of the error that ended the call. */
  private kindOf(code: string): keyof typeof KIND_CODES {
    if (this.ending === 'interrupted') return 'interrupted';
    if (this.ending === 'too-big') return 'bad-response';
    const isTimeout = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT';
    return this.ending === 'timeout' || isTimeout ? 'timeout' : 'network';
  }

  private reason(error: unknown, code: string): string {
    if (this.ending === 'interrupted') return 'the call was dropped when the run was stopped';
    if (this.ending === 'timeout') return 'no whole reply within the time limit (--timeout)';
    if (this.ending === 'too-big') {
      return this.bytes > FRAMES_BYTES_MAX
        ? `the frames of the stream are more than ${FRAMES_BYTES_MAX} bytes`
        : `the reply is larger than ${REPLY_BYTES_MAX} bytes`;
    }
    if (code === 'UND_ERR_HEADERS_TIMEOUT')
      return 'no reply began within the time limit (--timeout)';
    if (code === 'UND_ERR_BODY_TIMEOUT') return 'the reply stalled (--idle-timeout)';
    return `${this.isSent ? 'the connection failed' : 'no connection'}: ${connectionReason(error)}`;
  }
}
