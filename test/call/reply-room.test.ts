import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openTransport } from '../../src/call.ts';
import { ReplyRoom, type ReplyReader } from '../../src/call/reply-room.ts';
import { seededRandom } from '../helpers/random.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const COMMIT_EVERY = 40;
const MIB = 1024 * 1024;

/** A reply that comes in pieces, and is read while its reader is not paused. */
class Reading implements ReplyReader {
  paused = false;
  held = 0;
  left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }
}

test('many replies at once: held together to the most and one reply more, and every one is read to its end', () => {
  const random = seededRandom(7);
  const piece = 64;
  const room = new ReplyRoom(10_000 * piece);
  const readings = Array.from({ length: 200 }, () => new Reading(random.between(1, 1_000) * piece));
  let open = [...readings];
  const ended: Reading[] = [];
  let heldMost = 0;
  for (let turn = 0; open.length > 0; turn += 1) {
    expect(
      ended.length > 0 || open.some(({ paused }) => !paused),
      `someone reads on in turn ${turn}, or a commit will make room`,
    ).toBe(true);
    for (const reading of open) {
      if (reading.paused) continue;
      reading.left -= piece;
      reading.held += piece;
      room.take(reading, piece);
      if (reading.left <= 0) {
        room.end(reading, reading.held);
        ended.push(reading);
      }
    }
    open = open.filter(({ left }) => left > 0);
    heldMost = Math.max(
      heldMost,
      [...open, ...ended].reduce((sum, { held }) => sum + held, 0),
    );
    // What has ended is committed a few turns later, all of it at once.
    if (turn % COMMIT_EVERY === 0) for (const { held } of ended.splice(0)) room.free(held);
  }
  // One piece each arrives before a reader knows that it is to wait.
  expect(heldMost).toBeLessThanOrEqual((10_000 + 1_000 + 200) * piece);
  expect(heldMost).toBeGreaterThan(9_000 * piece);
});

/** One reader has filled the room and goes on, two wait. */
function fullRoom() {
  const room = new ReplyRoom(10);
  const [first, second, third] = [new Reading(0), new Reading(0), new Reading(0)] as const;
  room.take(first, 11);
  room.take(second, 1);
  room.take(third, 1);
  expect([first.paused, second.paused, third.paused]).toEqual([false, true, true]);
  return { room, first, second, third };
}

test('a reader that leaves while it waits is not woken any more, and others are', () => {
  const { room, first, second, third } = fullRoom();
  room.end(second, 1);
  room.free(1);
  expect(second.paused).toBe(true);
  room.end(first, 11);
  room.free(11);
  expect(third.paused).toBe(false);
});

test('a reply that has ended takes up room until it is committed; meanwhile nobody has to go on beyond the most', () => {
  const { room, first, second, third } = fullRoom();
  const fourth = new Reading(0);
  room.end(first, 11);
  room.take(fourth, 1);
  expect([second.paused, third.paused, fourth.paused]).toEqual([true, true, true]);
  room.free(11);
  expect([second.paused, third.paused, fourth.paused]).toEqual([false, true, true]);
});

test('replies of 300 MiB in all, none of which ends before all have begun: all come whole', async () => {
  const waiting: ServerResponse[] = [];
  const body = Buffer.alloc(60 * MIB, 'x');
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length });
    response.flushHeaders();
    waiting.push(response);
    if (waiting.length < 5) return;
    for (const one of waiting) one.end(body);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const transport = openTransport({
    baseUrls: { dashscope: origin, openai: origin },
    apiKey: 'sk-0123456789abcdef0123',
    connectionsMax: 10,
    timeoutMs: { whole: 60_000, streamed: 60_000 },
    idleTimeoutMs: 60_000,
    connectTimeoutMs: 10_000,
    workspace: undefined,
    proxy: null,
    clock: createFakeClock(),
  });
  const call = {
    protocol: 'dashscope',
    path: '/x',
    headers: {},
    body: Buffer.from('{}'),
    stream: false,
  } as const;
  const lengths = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const result = await transport.send(call, () => {
        throw new Error('no stream was sent');
      });
      // Else its bytes would stand in the way of the others.
      transport.release(result);
      return result.kind === 'reply' ? result.reply.body.length : result;
    }),
  );
  await transport.close();
  expect(lengths).toEqual(Array.from({ length: 5 }, () => body.length));
});
