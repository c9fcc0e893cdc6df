import { decodeReply, looksLikeStream } from './decode-reply.ts';
import type { Decoded, HttpReply, Protocol, StreamFold } from './protocol.ts';
import type { ReplyHead } from './reply-failure.ts';
import { createStreamFold } from './stream-fold.ts';
import { streamsWholeText } from './whole-text-models.ts';

/**
 * The OpenAI-compatible protocol of Model Studio: chat completions, errors `{error: {code, type,
 * message, param}}`, streams of `data:` chunks ended by `[DONE]`.
 * Source: service contract section 4.5, documented and recorded replies of 2024 to 2026.
 */
export const openai: Protocol = {
  name: 'openai',
  decode(reply) {
    return looksLikeStream(reply.body) ? decodeStream(reply) : decodeReply(reply);
  },
  fold: foldOpenai,
};

function foldOpenai(reply: ReplyHead, model: string): StreamFold {
  return createStreamFold(reply, streamsWholeText(model) ? 'replace' : null);
}

function decodeStream(reply: HttpReply): Decoded {
  const fold = foldOpenai(reply, '');
  fold.push(reply.body);
  return fold.end();
}
