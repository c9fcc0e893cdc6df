import { decodeReply, looksLikeStream } from './decode-reply.ts';
import { decodeStream } from './decode-stream.ts';
import type { Protocol } from './protocol.ts';
import { createStreamFold } from './stream-fold.ts';
import { streamsWholeText } from './whole-text-models.ts';

/**
 * The OpenAI-compatible protocol of Model Studio: chat completions, errors `{error: {code, type, message, param}}`, streams
 * of `data:` chunks ended by `[DONE]`.
 * Source: service contract section 4.5, documented and recorded replies of 2024 to 2026.
 */
export const openai: Protocol = {
  name: 'openai',
  decode(reply, asked) {
    return looksLikeStream(reply.body) ? decodeStream(openai, reply, asked) : decodeReply(reply);
  },
  fold(reply, { model, choices }) {
    return createStreamFold(reply, streamsWholeText(model) ? 'replace' : null, choices);
  },
};
