import type { ApiFailure } from '../failure.ts';
import type { Usage } from '../usage.ts';

export type ProtocolName = 'dashscope' | 'openai';
export type Endpoint = 'text-generation' | 'multimodal-generation' | 'chat-completions';

/** One HTTP exchange to make. `path` is relative to the protocol's base URL and begins with `/`. */
export type HttpCall = {
  readonly protocol: ProtocolName;
  readonly path: string;
  /** Lower-case names; without `authorization`, which only `call.ts` adds. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as sent: kept once, from planning to the last retry. */
  readonly body: Buffer;
  readonly stream: boolean;
  /** Use a connection that no other call uses, before or after. */
  readonly ownConnection?: true;
  /** Default POST; a GET has no body. */
  readonly method?: 'GET';
};

/** A complete reply. `body` is the raw bytes, at most the cap; for a stream it is empty, as the fold has consumed the bytes. */
export type HttpReply = {
  readonly statusCode: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Removes the key from a text before it is truncated: half a key would not be recognized. */
  readonly redact?: (text: string) => string;
};

/** What the request asked for that the reply alone does not show. */
export type Asked = {
  readonly model: string;
  /**
   * The request's `incremental_output`: true, frames are appended; false, each replaces the previous; null, unspecified:
   * detected from the frames.
   */
  readonly incremental: boolean | null;
  /** Number of choices (`n`); from 1. */
  readonly choices: number;
};

/** An answer, or why there is none. */
export type Decoded =
  | {
      readonly kind: 'answer';
      readonly statusCode: number;
      readonly requestId: string | null;
      /** The reply as compact raw JSON text (see `compactJson`); streams folded. */
      readonly body: string;
      /** `body` in UTF-8 if the reply holds exactly that; null: it must be encoded. */
      readonly bytes: Buffer | null;
      readonly usage: Usage | null;
    }
  | { readonly kind: 'failure'; readonly failure: ApiFailure };

/**
 * Folds an event stream into one reply as it arrives, so that memory holds the folded answer and not the frames. `push`
 * takes bytes split anywhere (even inside a UTF-8 character) and returns false once nothing more is wanted (an error frame
 * or `[DONE]` came); `end` is called once, at the clean end of the body or if `isWhole`, and decides.
 */
export type StreamFold = {
  push(chunk: Buffer): boolean;
  end(): Decoded;
  /** True if the answer is complete, however the connection ends. */
  isWhole(): boolean;
  /** True once part of the answer itself has come: an error before that is a refusal. */
  hasBegun(): boolean;
  /** Approximate memory use; walks all it holds, so not for every piece. */
  heldBytes(): number;
  /** Usage seen so far: what a cut-off stream may have been billed. */
  usageSoFar(): Usage | null;
};

export type Protocol = {
  readonly name: ProtocolName;
  /** Decodes a complete reply of any status; an event stream under another content type is folded. Never throws. */
  decode(reply: HttpReply, asked: Asked): Decoded;
  /** A fold for a reply with content type `text/event-stream`. */
  fold(reply: Omit<HttpReply, 'body'>, asked: Asked): StreamFold;
};
