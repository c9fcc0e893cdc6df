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
  /** The bytes as they are sent: kept once, from planning to the last retry. */
  readonly body: Buffer;
  readonly stream: boolean;
  /** Over a connection that no other call has used, or will. */
  readonly ownConnection?: true;
  /** POST where left out; a GET has no body. */
  readonly method?: 'GET';
};

/**
 * What came back, whole. `body` is the raw bytes, at most the cap. For a stream the fold has
 * consumed the bytes already and `body` is empty.
 */
export type HttpReply = {
  readonly statusCode: number;
  /** Lower-case names; repeated ones joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Takes the key out of a text before it is cut: half a key would not be known again. */
  readonly redact?: (text: string) => string;
};

/** What the request asked for, as far as the reply alone does not tell it. */
export type Asked = {
  readonly model: string;
  /**
   * The request's `incremental_output`: true, frames are appended; false, each replaces the one
   * before; null, it does not say: told apart by the frames themselves.
   */
  readonly incremental: boolean | null;
  /** How many choices (`n`); from 1. */
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
      /** `body` in UTF-8 where the reply holds just that; null: it has to be encoded. */
      readonly bytes: Buffer | null;
      readonly usage: Usage | null;
    }
  | { readonly kind: 'failure'; readonly failure: ApiFailure };

/**
 * Folds an event stream into one reply while it arrives, so that memory holds the folded answer
 * and not the frames. `push` takes bytes split anywhere (inside a UTF-8 character too) and returns
 * false once nothing more is wanted (an error frame or `[DONE]` came); `end` is called once, at the
 * clean end of the body or where `isWhole`, and decides.
 */
export type StreamFold = {
  push(chunk: Buffer): boolean;
  end(): Decoded;
  /** True where the answer has come whole, however the connection ends. */
  isWhole(): boolean;
  /** True once a part of the answer itself has come: an error that comes before is a refusal. */
  hasBegun(): boolean;
  /** About what it takes up in memory; goes through all that it holds, so not for every piece. */
  heldBytes(): number;
  /** Usage seen so far: what a cut stream may have been billed. */
  usageSoFar(): Usage | null;
};

export type Protocol = {
  readonly name: ProtocolName;
  /** Decodes a whole reply, any status; one that is an event stream under another name is folded. Never throws. */
  decode(reply: HttpReply, asked: Asked): Decoded;
  /** A fold for a reply whose content-type is `text/event-stream`. */
  fold(reply: Omit<HttpReply, 'body'>, asked: Asked): StreamFold;
};
