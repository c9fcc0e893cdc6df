import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openTransport } from '../../src/call.ts';
import { createFakeClock } from '../helpers/fake-clock.ts';

const REPLY = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';
const CALL = {
  protocol: 'dashscope',
  path: '/x',
  headers: {},
  body: Buffer.from('{}'),
  stream: false,
} as const;

/** A service that says nothing of how long it keeps a connection that is not in use. */
async function startServer() {
  const sockets: { closed: Promise<void> }[] = [];
  const server = createServer((socket) => {
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    sockets.push({ closed });
    socket.on('data', (bytes) => {
      if (bytes.toString().endsWith('{}')) socket.write(REPLY);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return { sockets, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test.each([
  { idleMs: 3900, connections: 1 },
  // uvicorn (vLLM and the like) closes them after five seconds, without a word before.
  { idleMs: 4900, connections: 2 },
])(
  'a connection that was idle for $idleMs ms: $connections for two calls',
  async ({ idleMs, connections }) => {
    const { sockets, origin } = await startServer();
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
    const send = async () => {
      const result = await transport.send(CALL, () => {
        throw new Error('no stream was sent');
      });
      transport.release(result);
      expect(result.kind).toBe('reply');
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    await send();
    // Only then is the connection free again.
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(idleMs);
    if (connections === 2) await sockets[0]?.closed;
    await send();
    expect(sockets).toHaveLength(connections);
    vi.useRealTimers();
    await transport.close();
  },
);
