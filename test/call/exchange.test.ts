import { gzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { type CallResult, Exchange } from '../../src/call/exchange.ts';
import { dashscope } from '../../src/protocols/dashscope.ts';
import type { HttpReply, StreamFold } from '../../src/protocols/protocol.ts';
import { ReplyRoom } from '../../src/call/reply-room.ts';
import { asked } from '../helpers/asked.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Guarantee 12. */
const REPLY_BYTES_MAX = 64 * MIB;
/** Twice what 65,536 tokens of 4 bytes come to, a frame for each of them with the text so far. */
const FRAMES_BYTES_MAX = 16 * KIB * MIB;

/** A streamed reply without a network: pieces are handed in, `result` is what it came to. */
function streamedReply(
  openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold,
  headers: Readonly<Record<string, string>> = {},
) {
  const room = new ReplyRoom();
  const at: { result: CallResult | null; taken: number } = { result: null, taken: 0 };
  const take = room.take.bind(room);
  const grow = room.grow.bind(room);
  room.grow = (bytes) => {
    at.taken += bytes;
    grow(bytes);
  };
  room.take = (reader, bytes) => {
    at.taken += bytes;
    take(reader, bytes);
  };
  const exchange = new Exchange(1, room, {
    openFold,
    resolve: () => undefined,
    finish(_exchange, result) {
      at.result ??= result;
    },
  });
  const controller = {
    pause: () => undefined,
    resume: () => undefined,
    abort(error: Error) {
      exchange.onResponseError(null, error);
    },
  } as unknown as Dispatcher.DispatchController;
  exchange.onRequestStart(controller);
  exchange.onResponseStart(controller, 200, {
    'content-type': 'text/event-stream',
    ...headers,
  });
  return Object.assign(at, {
    push: (piece: Buffer) => {
      exchange.onResponseData(controller, piece);
    },
    end: () => {
      exchange.onResponseEnd();
    },
  });
}

const frame = (content: string, reason: string): Buffer =>
  Buffer.from(
    `data:${JSON.stringify({ output: { choices: [{ message: { content }, finish_reason: reason }] } })}\n\n`,
  );

test('frames that repeat the text so far, more of them than a reply may have bytes: the answer', () => {
  const reply = streamedReply((head) => dashscope.fold(head, asked({ incremental: false })));
  const text = '一二三四五六七八'.repeat(8 * KIB);
  const step = 90;
  let bytes = 0;
  for (let length = step; length < text.length; length += step) {
    const piece = frame(text.slice(0, length), 'null');
    bytes += piece.length;
    reply.push(piece);
  }
  reply.push(frame(text, 'stop'));
  reply.end();
  expect(bytes).toBeGreaterThan(REPLY_BYTES_MAX);
  if (reply.result?.kind !== 'stream') throw new Error(JSON.stringify(reply.result));
  expect(JSON.stringify(reply.result.fold.end())).toContain(text);
  // What it takes up is the text (two bytes a character), not the frames.
  expect(reply.taken).toBeGreaterThan(text.length);
  expect(reply.taken).toBeLessThan(text.length * 3);
});

test('a compressed reply that comes to more than 8 MiB: refused, with the reason', () => {
  const reply = streamedReply(() => ({}) as StreamFold, { 'content-encoding': 'gzip' });
  reply.push(gzipSync(Buffer.alloc(9 * MIB, ' ')));
  reply.end();
  if (reply.result?.kind !== 'reply') throw new Error(JSON.stringify(reply.result));
  expect(reply.result.reply.body.toString()).toContain('the reply is compressed (gzip)');
  expect(reply.taken).toBeLessThan(MIB);
});

test.each(['utf-8', 'none', 'identity', ''])(
  'a content-encoding that is none (%s): a stream is folded as it comes',
  (coding) => {
    const reply = streamedReply((head) => dashscope.fold(head, asked({ incremental: true })), {
      'content-encoding': coding,
    });
    reply.push(frame('好', 'stop'));
    reply.end();
    expect(reply.result?.kind).toBe('stream');
  },
);

test('a compressed reply: what it takes up is its plain bytes', () => {
  const openFold = (): StreamFold => {
    throw new Error('not to be folded while it comes');
  };
  const reply = streamedReply(openFold, { 'content-encoding': 'gzip' });
  const plain = Buffer.alloc(MIB, 'data: ');
  reply.push(gzipSync(plain));
  reply.end();
  if (reply.result?.kind !== 'reply') throw new Error(JSON.stringify(reply.result));
  expect(reply.result.reply.body.equals(plain)).toBe(true);
  expect(reply.result.heldBytes).toBe(MIB);
  expect(reply.taken).toBe(MIB);
});

test('pieces without end: cut where the fold holds more than a reply may be', () => {
  const reply = streamedReply((head) => dashscope.fold(head, asked({ incremental: true })));
  const piece = frame('x'.repeat(MIB), 'null');
  let pushed = 0;
  while (reply.result === null) {
    reply.push(piece);
    pushed += 1;
  }
  expect(reply.result).toMatchObject({
    kind: 'failed',
    failure: {
      code: 'qbatch_bad_response',
      message: `the reply is larger than ${REPLY_BYTES_MAX} bytes`,
    },
  });
  expect((pushed * MIB) / REPLY_BYTES_MAX).toBeGreaterThanOrEqual(1);
  expect((pushed * MIB) / REPLY_BYTES_MAX).toBeLessThan(1.25);
});

test('frames without end that add nothing: cut at the bound of all frames', () => {
  const none = {
    push: () => true,
    isWhole: () => false,
    hasBegun: () => false,
    heldBytes: () => 0,
  };
  const reply = streamedReply(() => ({
    ...none,
    end: () => {
      throw new Error('not to be asked');
    },
    usageSoFar: () => null,
  }));
  const piece = Buffer.alloc(16 * MIB);
  let pushed = 0;
  while (reply.result === null) {
    reply.push(piece);
    pushed += 1;
  }
  expect(pushed).toBe(FRAMES_BYTES_MAX / piece.length + 1);
  expect(reply.result).toMatchObject({
    failure: { message: `the frames of the stream are more than ${FRAMES_BYTES_MAX} bytes` },
  });
});

test('a stream of ordinary length: nobody asks its fold what it holds', () => {
  let looks = 0;
  const reply = streamedReply((head) => {
    const inner = dashscope.fold(head, asked({ incremental: true }));
    const heldBytes = (): number => {
      looks += 1;
      return inner.heldBytes();
    };
    return { ...inner, heldBytes };
  });
  for (let nth = 0; nth < 500; nth += 1) reply.push(frame('好的', 'null'));
  expect([looks, reply.taken]).toEqual([0, 0]);
  for (let nth = 0; nth < 500; nth += 1) reply.push(frame('好'.repeat(10 * KIB), 'null'));
  expect(looks).toBeGreaterThan(10);
  expect(looks).toBeLessThan(100);
});
