import { decodeReply, looksLikeStream } from './decode-reply.ts';
import type { Decoded, HttpReply, Protocol, StreamFold } from './protocol.ts';
import type { ReplyHead } from './reply-failure.ts';
import { createStreamFold } from './stream-fold.ts';
import { streamsWholeText } from './whole-text-models.ts';

/** What the request said about its stream. */
export type DashscopeFoldOptions = {
  /** The request's `incremental_output`; null where it does not say: found out from the frames. */
  readonly incremental: boolean | null;
  /** Some models repeat the whole text whatever was asked. */
  readonly model?: string;
};

/**
 * The native DashScope protocol: `{output, usage, request_id}`, errors `{code, message,
 * request_id}`, streams of `id`/`event`/`data` frames with the status in a comment line.
 * Source: service contract section 4, recorded replies of 2024 to 2026.
 */
export const dashscope: Protocol = {
  name: 'dashscope',
  decode(reply) {
    return looksLikeStream(reply.body) ? decodeStream(reply) : decodeReply(reply);
  },
  fold: (reply, model) => foldDashscope(reply, { incremental: null, model }),
};

/**
 * A fold of a native stream that knows the request's `incremental_output`: true, frames are
 * appended; false, each replaces the one before; null, told apart by the frames themselves.
 */
export function foldDashscope(reply: ReplyHead, options: DashscopeFoldOptions): StreamFold {
  if (streamsWholeText(options.model ?? '')) return createStreamFold(reply, 'replace');
  if (options.incremental === null) return createStreamFold(reply, null);
  return createStreamFold(reply, options.incremental ? 'append' : 'replace');
}

function decodeStream(reply: HttpReply): Decoded {
  const fold = foldDashscope(reply, { incremental: null });
  fold.push(reply.body);
  return fold.end();
}
