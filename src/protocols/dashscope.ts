import { decodeReply, looksLikeStream } from './decode-reply.ts';
import { decodeStream } from './decode-stream.ts';
import type { Protocol } from './protocol.ts';
import { createStreamFold } from './stream-fold.ts';
import { streamsWholeText } from './whole-text-models.ts';

/**
 * The native DashScope protocol: `{output, usage, request_id}`, errors `{code, message, request_id}`, streams of
 * `id`/`event`/`data` frames with the status in a comment line. Some models repeat the whole text in every frame whatever
 * was requested.
 * Source: service contract section 4, recorded replies of 2024 to 2026.
 */
export const dashscope: Protocol = {
  name: 'dashscope',
  decode(reply, asked) {
    return looksLikeStream(reply.body) ? decodeStream(dashscope, reply, asked) : decodeReply(reply);
  },
  fold(reply, asked) {
    const { model, incremental } = asked;
    if (streamsWholeText(model)) return createStreamFold(reply, 'replace', asked.choices);
    const mode = incremental === null ? null : incremental ? 'append' : 'replace';
    return createStreamFold(reply, mode, asked.choices);
  },
};
