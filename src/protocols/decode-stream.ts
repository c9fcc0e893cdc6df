import type { Asked, Decoded, HttpReply, Protocol } from './protocol.ts';

/** Folds an event stream received whole, under another content type. */
export function decodeStream(protocol: Protocol, reply: HttpReply, asked: Asked): Decoded {
  const fold = protocol.fold(reply, asked);
  fold.push(reply.body);
  return fold.end();
}
