import dns from 'node:dns';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createSocketServer,
  type Server,
  type Socket,
} from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type CallResult,
  openTransport,
  type Transport,
  type TransportOptions,
} from '../src/call.ts';
import type { ApiFailure } from '../src/failure.ts';
import { dashscope } from '../src/protocols/dashscope.ts';
import type { HttpCall, HttpReply, StreamFold } from '../src/protocols/protocol.ts';
import { createFakeClock, type FakeClock, settleTurns } from './helpers/fake-clock.ts';
import { asked } from './helpers/asked.ts';
import { selfSigned } from './helpers/certificate.ts';

/** Guarantee 12. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;
const KEY = 'sk-0123456789abcdef0123';
const BODY = '{"model":"qwen-plus","input":{"messages":[{"role":"user","content":"你好"}]}}';
const CALL: HttpCall = {
  protocol: 'dashscope',
  path: '/services/aigc/text-generation/generation',
  headers: {},
  body: Buffer.from(BODY),
  stream: false,
};
const STREAMED: HttpCall = {
  ...CALL,
  stream: true,
  headers: { 'x-dashscope-sse': 'enable', accept: 'text/event-stream' },
};
const ANSWER =
  '{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"你好！"}}]},"usage":{"input_tokens":9,"output_tokens":3},"request_id":"r-1"}';
const FRAME = `data:${ANSWER.replace('"stop"', '"null"')}\n\n`;
const LAST_FRAME = `data:${ANSWER}\n\n`;

const toClose: (() => Promise<unknown> | void)[] = [];
let clock: FakeClock;
let before: string[] = [];

/**
 * Sockets, servers and names being looked up. Pipes and timers are the test runner's own: it sets one
 * for its report whenever it likes, while every timer of a transport is one of the fake clock.
 */
const resources = (): string[] =>
  process.getActiveResourcesInfo().filter((name) => /^(?:TCP|TLS|GetAddrInfo)/.test(name));

beforeEach(() => {
  clock = createFakeClock();
  before = resources();
});

afterEach(async () => {
  for (const close of toClose.splice(0).toReversed()) await close();
  await settleTurns(20);
  const left = resources();
  for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
  expect(left).toEqual([]);
  expect(clock.timers).toBe(0);
});

async function listen(server: Server | HttpServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  toClose.push(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    if (server.listening) await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that answers as the test says. */
function httpServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  return listen(
    createServer((request, response) => {
      request.resume();
      response.on('error', () => undefined);
      request.on('end', () => {
        handle(request, response);
      });
    }),
  );
}

/** A server that sees a whole request and then does what it likes with the socket. */
function rawServer(handle: (socket: Socket, request: string) => void): Promise<string> {
  return listen(
    createSocketServer((socket) => {
      let seen = '';
      socket.on('data', (chunk) => {
        seen += chunk.toString('utf8');
        if (seen.includes(BODY)) {
          const request = seen;
          seen = '';
          handle(socket, request);
        }
      });
    }),
  );
}

function transportTo(origin: string, fields: Partial<TransportOptions> = {}): Transport {
  const transport = openTransport({
    baseUrls: { dashscope: `${origin}/api/v1`, openai: `${origin}/compatible-mode/v1` },
    apiKey: KEY,
    connectionsMax: 4,
    timeoutMs: { whole: 330_000, streamed: 3_600_000 },
    idleTimeoutMs: 120_000,
    connectTimeoutMs: 10_000,
    workspace: undefined,
    proxy: null,
    clock,
    ...fields,
  });
  toClose.push(() => transport.close());
  return transport;
}

const fold = (reply: Omit<HttpReply, 'body'>): StreamFold =>
  dashscope.fold(reply, asked({ incremental: false, model: 'qwen-plus' }));

const send = (transport: Transport, call: HttpCall = CALL): Promise<CallResult> =>
  transport.send(call, fold);

function failureOf(result: CallResult): ApiFailure {
  if (result.kind !== 'failed') throw new Error(`it came to a ${result.kind}`);
  return result.failure;
}

describe('openTransport: replies', () => {
  test('a whole reply: status, headers and the very bytes', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'X-Request-Id': 'r-1',
        'Set-Cookie': ['a=1', 'b=2'],
      });
      response.write(ANSWER.slice(0, 30));
      response.end(ANSWER.slice(30));
    });
    const result = await send(transportTo(origin));
    if (result.kind !== 'reply') throw new Error(result.kind);
    expect(result.reply.statusCode).toBe(200);
    expect(result.reply.headers).toMatchObject({
      'content-type': 'application/json',
      'x-request-id': 'r-1',
      'set-cookie': 'a=1, b=2',
    });
    expect(result.reply.body.toString()).toBe(ANSWER);
  });

  test('what is sent: POST, path below the base URL, the key, the body byte for byte', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const origin = await listen(
      createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8');
        request.on('data', (chunk: string) => {
          body += chunk;
        });
        request.on('end', () => {
          seen.push({ request, body });
          response.end(ANSWER);
        });
      }),
    );
    await send(transportTo(origin, { workspace: 'ws-1' }), {
      ...CALL,
      headers: {
        'x-dashscope-datainspection': '{"input":"cip"}',
        authorization: 'Bearer sk-of-the-line',
        'x-dashscope-workspace': 'ws-of-the-line',
      },
    });
    await send(transportTo(origin), { ...CALL, protocol: 'openai', path: '/chat/completions' });
    expect(seen.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      'POST /api/v1/services/aigc/text-generation/generation',
      'POST /compatible-mode/v1/chat/completions',
    ]);
    expect(seen[0]?.request.headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'x-dashscope-datainspection': '{"input":"cip"}',
      'x-dashscope-workspace': 'ws-1',
      'content-length': String(CALL.body.length),
    });
    expect(seen[0]?.request.headers['accept-encoding']).toBeUndefined();
    expect(seen[1]?.request.headers['x-dashscope-workspace']).toBeUndefined();
    expect(seen.map(({ body }) => body)).toEqual([BODY, BODY]);
  });

  test('base URLs with a trailing slash or a port: joined once', async () => {
    const paths: (string | undefined)[] = [];
    const origin = await httpServer((request, response) => {
      paths.push(request.url);
      response.end(ANSWER);
    });
    await send(
      transportTo(origin, { baseUrls: { dashscope: `${origin}/api/v1/`, openai: origin } }),
    );
    expect(paths).toEqual(['/api/v1/services/aigc/text-generation/generation']);
  });

  test.each([400, 401, 404, 429, 500, 503])(
    'status %i: a reply, never an exception',
    async (statusCode) => {
      const origin = await httpServer((_request, response) => {
        response.writeHead(statusCode, { 'retry-after': '2' }).end('{"code":"X","message":"y"}');
      });
      expect(await send(transportTo(origin))).toMatchObject({
        kind: 'reply',
        reply: { statusCode, headers: { 'retry-after': '2' } },
      });
    },
  );

  test.each([301, 302, 307, 308])(
    '%i: not followed, neither the key nor the prompt goes there',
    async (statusCode) => {
      let elsewhere = 0;
      const other = await httpServer((_request, response) => {
        elsewhere += 1;
        response.end(ANSWER);
      });
      const origin = await httpServer((_request, response) => {
        response.writeHead(statusCode, { location: `${other}/api/v1` }).end();
      });
      const result = await send(transportTo(origin));
      expect(result).toMatchObject({ kind: 'reply', reply: { statusCode } });
      expect(elsewhere).toBe(0);
    },
  );

  test('a call is told to be sent once it has a connection, and never where it gets none', async () => {
    const told: string[] = [];
    const origin = await httpServer((_request, response) => {
      told.push('asked');
      response.end(ANSWER);
    });
    await transportTo(origin).send(CALL, fold, () => told.push('sent'));
    expect(told).toEqual(['sent', 'asked']);
    const server = createSocketServer();
    const gone = await listen(server);
    server.close();
    await once(server, 'close');
    await transportTo(gone).send(CALL, fold, () => told.push('sent'));
    expect(told).toEqual(['sent', 'asked']);
  });

  test('an answer behind 60 KB of headers: whole', async () => {
    const origin = await httpServer((_request, response) => {
      const policy = 'x'.repeat(15_000);
      response.writeHead(200, { 'set-cookie': Array.from({ length: 4 }, () => policy) });
      response.end(ANSWER);
    });
    const result = await send(transportTo(origin));
    expect(result.kind === 'reply' && result.reply.body.toString()).toBe(ANSWER);
  });

  test.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    // What older servers send under that name.
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['identity', (body: string) => Buffer.from(body)],
    // Said to be what it is not.
    ['gzip', (body: string) => Buffer.from(body)],
  ])(
    '%s that nobody asked for: the plain bytes, whole or as a stream',
    async (coding, compress) => {
      const origin = await httpServer((request, response) => {
        const type = request.headers.accept ?? 'application/json';
        response.writeHead(200, { 'content-type': type, 'content-encoding': coding });
        response.end(compress(type === 'application/json' ? ANSWER : FRAME + LAST_FRAME));
      });
      const transport = transportTo(origin);
      const whole = await send(transport);
      expect(whole.kind === 'reply' && whole.reply.body.toString()).toBe(ANSWER);
      const stream = await send(transport, STREAMED);
      const decoded =
        stream.kind === 'reply'
          ? dashscope.decode(stream.reply, asked())
          : stream.kind === 'stream' && stream.fold.end();
      expect(decoded).toMatchObject({ kind: 'answer', usage: { outputTokens: 3 } });
    },
  );

  test.each<[string, string, Buffer, RegExp]>([
    ['torn gzip', 'gzip', gzipSync(ANSWER).subarray(0, -1), /compressed \(gzip\).*unexpected end/],
    ['torn brotli', 'br', brotliCompressSync(ANSWER).subarray(0, -1), /compressed \(br\)/],
    [
      'an unknown coding',
      'zstd',
      gzipSync(ANSWER),
      /content-encoding: zstd\).*no call asks for: switch compression off/,
    ],
    ['two codings', 'gzip, zstd', gzipSync(ANSWER), /content-encoding: gzip, zstd\)/],
    [
      'more than the cap',
      'gzip',
      gzipSync(Buffer.concat([Buffer.alloc(REPLY_BYTES_MAX, 0x20), Buffer.from(ANSWER)])),
      /compressed \(gzip\).*larger than/,
    ],
  ])('%s: no answer, and no noise', async (_name, coding, body, says) => {
    let statusCode = 200;
    const origin = await httpServer((_request, response) => {
      response.writeHead(statusCode, { 'content-encoding': coding }).end(body);
    });
    const transport = transportTo(origin);
    for (const code of ['qbatch_bad_response', 'qbatch_http_503']) {
      const result = await send(transport);
      if (result.kind !== 'reply') throw new Error(result.kind);
      expect(dashscope.decode(result.reply, asked())).toMatchObject({
        kind: 'failure',
        failure: { code, message: expect.stringMatching(says) as unknown },
      });
      statusCode = 503;
    }
  });

  test('a compressed error: the code of the service', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(400, { 'content-encoding': 'gzip' });
      response.end(gzipSync('{"code":"InvalidParameter","message":"y"}'));
    });
    const result = await send(transportTo(origin));
    if (result.kind !== 'reply') throw new Error(result.kind);
    expect(dashscope.decode(result.reply, asked())).toMatchObject({
      failure: { code: 'InvalidParameter', statusCode: 400 },
    });
  });

  test('100 Continue and 103 before the answer: the answer', async () => {
    const origin = await rawServer((socket) => {
      socket.end(
        `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(ANSWER)}\r\n\r\n${ANSWER}`,
      );
    });
    expect(await send(transportTo(origin))).toMatchObject({
      kind: 'reply',
      reply: { statusCode: 200 },
    });
  });

  test('one call at a time on a connection, at most connectionsMax of them', async () => {
    let connections = 0;
    let asked = 0;
    let most = 0;
    const waiting: ServerResponse[] = [];
    const server = createServer((request, response) => {
      request.resume();
      asked += 1;
      waiting.push(response);
      most = Math.max(most, waiting.length);
      // One is answered as soon as two wait, so that a third would come if it could.
      if (waiting.length >= 2) waiting.shift()?.end(ANSWER);
      if (asked === 6) for (const last of waiting) last.end(ANSWER);
    });
    server.on('connection', () => {
      connections += 1;
    });
    const transport = transportTo(await listen(server), { connectionsMax: 2 });
    const results = await Promise.all(Array.from({ length: 6 }, () => send(transport)));
    expect(results.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'reply'));
    expect([most, connections]).toEqual([2, 2]);
    expect(transport.inFlight).toBe(0);
  });
});

describe('openTransport: streams', () => {
  test('frames split at every byte: folded to the same answer', async () => {
    const bytes = Buffer.from(FRAME + LAST_FRAME);
    const origin = await rawServer((socket) => {
      socket.setNoDelay(true);
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream;charset=UTF-8\r\nconnection: close\r\n\r\n',
      );
      let at = 0;
      const next = (): void => {
        if (at >= bytes.length) socket.end();
        else {
          socket.write(bytes.subarray(at, at + 1));
          at += 1;
          setImmediate(next);
        }
      };
      next();
    });
    const result = await send(transportTo(origin), STREAMED);
    if (result.kind !== 'stream') throw new Error(result.kind);
    const decoded = result.fold.end();
    expect(decoded).toMatchObject({ kind: 'answer', usage: { inputTokens: 9, outputTokens: 3 } });
  });

  test('an error frame: the call is cut there, what came is the answer to decode', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(
        'event:error\ndata:{"code":"InternalError.Timeout","message":"An internal timeout error has occurred","request_id":"r-9"}\n\n',
      );
      // It never ends the stream.
    });
    const result = await send(transportTo(origin), STREAMED);
    if (result.kind !== 'stream') throw new Error(result.kind);
    expect(result.fold.end()).toMatchObject({
      kind: 'failure',
      failure: { code: 'InternalError.Timeout' },
    });
  });

  test('cut in the middle by a reset: failed, with the usage seen so far', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'r-2' });
      response.write(FRAME, () => {
        response.socket?.resetAndDestroy();
      });
    });
    expect(failureOf(await send(transportTo(origin), STREAMED))).toMatchObject({
      kind: 'network',
      statusCode: 200,
      requestId: 'r-2',
      neverSent: false,
      usage: { inputTokens: 9, outputTokens: 3 },
    });
  });

  test.each(['reset', 'left open'])('%s after its last frame: the answer', async (how) => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(FRAME + LAST_FRAME, () => {
        if (how === 'reset') response.socket?.resetAndDestroy();
      });
    });
    const result = await send(transportTo(origin, { idleTimeoutMs: 50 }), STREAMED);
    if (result.kind !== 'stream') throw new Error(result.kind);
    expect(result.fold.end()).toMatchObject({ kind: 'answer', usage: { outputTokens: 3 } });
  });

  test('dropped after its last frame: the answer, though the run was stopped', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(FRAME + LAST_FRAME);
    });
    const transport = transportTo(origin);
    const result = await new Promise<CallResult>((resolve) => {
      const watched = (reply: Omit<HttpReply, 'body'>): StreamFold => {
        const inner = fold(reply);
        const push = (chunk: Buffer): boolean => {
          const goesOn = inner.push(chunk);
          if (inner.isWhole()) setImmediate(() => transport.dropAll());
          return goesOn;
        };
        return { ...inner, push };
      };
      void transport.send(STREAMED, watched).then(resolve);
    });
    expect(result.kind).toBe('stream');
  });

  test('[DONE] and no end of the body: ended at the next look, on a connection of its own', async () => {
    const ports = new Set<number | undefined>();
    let seen: () => void = () => undefined;
    const origin = await httpServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${LAST_FRAME}data: [DONE]\n\n`, () => {
        seen();
      });
    });
    const transport = transportTo(origin, { connectionsMax: 1 });
    for (const nth of [1, 2]) {
      const written = new Promise<void>((resolve) => {
        seen = resolve;
      });
      const result = send(transport, STREAMED);
      await written;
      await settleTurns(20);
      await clock.advance(300);
      expect(await result).toMatchObject({ kind: 'stream' });
      expect(ports.size).toBe(nth);
    }
  });

  test('[DONE] and the end of the body a little later: the connection is kept', async () => {
    const ports = new Set<number | undefined>();
    const origin = await httpServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${LAST_FRAME}data: [DONE]\n\n`, () => {
        setImmediate(() => response.end());
      });
    });
    const transport = transportTo(origin, { connectionsMax: 1 });
    for (let nth = 0; nth < 3; nth += 1)
      expect(await send(transport, STREAMED)).toMatchObject({ kind: 'stream' });
    expect(ports.size).toBe(1);
  });

  test('ended cleanly without its last frame: the fold says so', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(FRAME);
    });
    const result = await send(transportTo(origin), STREAMED);
    if (result.kind !== 'stream') throw new Error(result.kind);
    expect(result.fold.end()).toMatchObject({
      kind: 'failure',
      failure: { code: 'qbatch_truncated_stream' },
    });
  });

  test('an error status with the type of a stream: a whole reply', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(429, { 'content-type': 'text/event-stream' });
      response.end('data:{"code":"Throttling.RateQuota","message":"slow down"}\n\n');
    });
    const result = await send(transportTo(origin), STREAMED);
    if (result.kind !== 'reply') throw new Error(result.kind);
    expect(dashscope.decode(result.reply, asked())).toMatchObject({
      kind: 'failure',
      failure: { code: 'Throttling.RateQuota', statusCode: 429 },
    });
  });
});

describe('openTransport: no whole reply', () => {
  test('a server that resets each connection at its second call: one of its own is never used twice', async () => {
    const seen: string[] = [];
    const served = new Set<Socket>();
    const origin = await rawServer((socket, request) => {
      seen.push(/connection: (\S+)/i.exec(request)?.[1] ?? '');
      if (served.has(socket)) {
        socket.resetAndDestroy();
        return;
      }
      served.add(socket);
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(ANSWER)}\r\n\r\n`;
      socket.write(head + ANSWER);
    });
    const transport = transportTo(origin, { connectionsMax: 1 });
    const kinds: string[] = [];
    for (const call of [CALL, CALL, CALL]) kinds.push((await send(transport, call)).kind);
    expect(kinds).toEqual(['reply', 'failed', 'reply']);
    // The connection of the last call is kept, and the pool of these must not take it.
    const own: HttpCall = { ...CALL, ownConnection: true };
    for (const call of [own, own, own]) kinds.push((await send(transport, call)).kind);
    expect(kinds.slice(3)).toEqual(['reply', 'reply', 'reply']);
    expect(seen.slice(3)).toEqual(['close', 'close', 'close']);
    expect(served.size).toBe(5);
  });

  test('reset before the headers: possibly billed', async () => {
    const origin = await rawServer((socket) => {
      socket.resetAndDestroy();
    });
    expect(failureOf(await send(transportTo(origin)))).toMatchObject({
      kind: 'network',
      code: 'qbatch_connection_error',
      statusCode: null,
      neverSent: false,
    });
  });

  test('closed without a word: possibly billed', async () => {
    const origin = await rawServer((socket) => {
      socket.end();
    });
    expect(failureOf(await send(transportTo(origin)))).toMatchObject({
      kind: 'network',
      neverSent: false,
    });
  });

  test('reset after the headers: failed with what is known', async () => {
    const origin = await rawServer((socket) => {
      socket.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: r-3\r\ncontent-length: 500\r\n\r\n{"output":',
        () => {
          socket.resetAndDestroy();
        },
      );
    });
    expect(failureOf(await send(transportTo(origin)))).toMatchObject({
      kind: 'network',
      statusCode: 200,
      requestId: 'r-3',
      neverSent: false,
    });
  });

  test('shorter than its content-length: failed', async () => {
    const origin = await rawServer((socket) => {
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{"output":{}}',
      );
    });
    expect((await send(transportTo(origin))).kind).toBe('failed');
  });

  test('a chunked body cut in the middle: failed', async () => {
    const origin = await rawServer((socket) => {
      socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"out\r\n');
    });
    expect((await send(transportTo(origin))).kind).toBe('failed');
  });

  test('no HTTP at all: failed, possibly billed', async () => {
    const origin = await rawServer((socket) => {
      socket.end('SSH-2.0-OpenSSH_9.6\r\n');
    });
    expect(failureOf(await send(transportTo(origin)))).toMatchObject({ neverSent: false });
  });

  test('a body cut without a length to tell it: no answer is made of it', async () => {
    const origin = await rawServer((socket) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n${ANSWER.slice(0, 60)}`,
        () => {
          socket.end();
        },
      );
    });
    const result = await send(transportTo(origin));
    const decoded = result.kind === 'reply' ? dashscope.decode(result.reply, asked()) : result;
    expect(decoded.kind).not.toBe('answer');
  });

  test('a reply over the cap: cut, a bad response', async () => {
    const piece = Buffer.alloc(1024 * 1024, 0x20);
    let sent = 0;
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(piece)) sent += 1;
      };
      response.on('drain', more);
      more();
    });
    const failure = failureOf(await send(transportTo(origin)));
    expect(failure).toMatchObject({
      kind: 'bad-response',
      code: 'qbatch_bad_response',
      neverSent: false,
    });
    expect(failure.message).toContain(String(REPLY_BYTES_MAX));
    expect(sent * piece.length).toBeLessThan(REPLY_BYTES_MAX * 3);
  });

  test('refused connection: proven never sent', async () => {
    const server = createSocketServer();
    const origin = await listen(server);
    server.close();
    await once(server, 'close');
    expect(failureOf(await send(transportTo(origin)))).toMatchObject({
      kind: 'network',
      neverSent: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('a name that does not exist: proven never sent', async () => {
    // What a resolver says; a real one may take a minute to say it where there is no network.
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
      name: string,
      _options: unknown,
      done: (error: Error) => void,
    ) => {
      const text = `getaddrinfo ENOTFOUND ${name}`;
      setImmediate(done, Object.assign(new Error(text), { code: 'ENOTFOUND' }));
    }) as typeof dns.lookup);
    onTestFinished(() => {
      lookup.mockRestore();
    });
    const failure = failureOf(await send(transportTo('http://no-such-host.invalid')));
    expect(failure).toMatchObject({
      kind: 'network',
      neverSent: true,
      message: expect.stringContaining('ENOTFOUND'),
    });
  });

  test('TLS spoken to a plain server: proven never sent', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    expect(failureOf(await send(transportTo(origin.replace('http:', 'https:'))))).toMatchObject({
      kind: 'network',
      neverSent: true,
    });
  });
});

describe('openTransport: time', () => {
  /** A server that takes requests and says nothing. */
  async function silentServer() {
    const requests: ServerResponse[] = [];
    let seen: () => void = () => undefined;
    const origin = await httpServer((_request, response) => {
      requests.push(response);
      seen();
    });
    return {
      origin,
      requests,
      reached: (count: number): Promise<void> =>
        new Promise((resolve) => {
          seen = () => {
            if (requests.length >= count) resolve();
          };
          seen();
        }),
    };
  }

  test('no reply: cut at the time limit, possibly billed', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport);
    await server.reached(1);
    await clock.advance(4999);
    expect(transport.inFlight).toBe(1);
    await clock.advance(300);
    expect(failureOf(await result)).toMatchObject({
      kind: 'timeout',
      code: 'qbatch_timeout',
      neverSent: false,
      message: expect.stringContaining('--timeout'),
    });
    expect(transport.inFlight).toBe(0);
  });

  test('a stream has a limit of its own', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport, STREAMED);
    await server.reached(1);
    await clock.advance(59_000);
    expect(transport.inFlight).toBe(1);
    await clock.advance(1300);
    expect(failureOf(await result).kind).toBe('timeout');
  });

  test('X-DashScope-Wait-Timeout: that much longer', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport, { ...CALL, headers: { 'x-dashscope-wait-timeout': '20' } });
    await server.reached(1);
    await clock.advance(24_000);
    expect(transport.inFlight).toBe(1);
    await clock.advance(1300);
    expect(failureOf(await result).kind).toBe('timeout');
  });

  test.each(['-3600', 'soon', ''])(
    'X-DashScope-Wait-Timeout %j: no shorter than without it',
    async (value) => {
      const server = await silentServer();
      const transport = transportTo(server.origin, {
        timeoutMs: { whole: 5000, streamed: 60_000 },
      });
      const result = send(transport, { ...CALL, headers: { 'x-dashscope-wait-timeout': value } });
      await server.reached(1);
      await clock.advance(4500);
      expect(transport.inFlight).toBe(1);
      await clock.advance(1000);
      expect(failureOf(await result).kind).toBe('timeout');
    },
  );

  test('an absurd X-DashScope-Wait-Timeout: an hour longer at the most', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport, {
      ...CALL,
      headers: { 'x-dashscope-wait-timeout': '999999999999' },
    });
    await server.reached(1);
    while (transport.inFlight > 0 && clock.monotonicMs() < 3_700_000) clock.step();
    expect(failureOf(await result).kind).toBe('timeout');
  });

  test('a reply that drips for ever: cut at the time limit', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport);
    await server.reached(1);
    const [response] = server.requests;
    response?.writeHead(200, { 'content-type': 'application/json' });
    for (let second = 0; second < 6; second += 1) {
      response?.write(' ');
      await clock.advance(1000);
    }
    expect(failureOf(await result)).toMatchObject({ kind: 'timeout', statusCode: 200 });
  });

  test('a stream that stalls: --idle-timeout, told as a timeout', async () => {
    const origin = await httpServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(FRAME);
    });
    const failure = failureOf(await send(transportTo(origin, { idleTimeoutMs: 1 }), STREAMED));
    expect(failure).toMatchObject({
      kind: 'timeout',
      code: 'qbatch_timeout',
      neverSent: false,
      usage: { outputTokens: 3 },
    });
    expect(failure.message).toContain('--idle-timeout');
  });

  test('still waiting for a connection at the time limit: never sent', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, {
      connectionsMax: 1,
      timeoutMs: { whole: 5000, streamed: 60_000 },
    });
    const streamed = send(transport, STREAMED);
    await server.reached(1);
    const queued = send(transport);
    await clock.advance(5300);
    expect(failureOf(await queued)).toMatchObject({ kind: 'timeout', neverSent: true });
    transport.dropAll();
    expect(failureOf(await streamed)).toMatchObject({ kind: 'interrupted', neverSent: false });
    expect(server.requests).toHaveLength(1);
  });

  test('dropAll: every call ends as interrupted; a queued one is never sent', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { connectionsMax: 2 });
    const calls = Array.from({ length: 3 }, () => send(transport));
    await server.reached(2);
    transport.dropAll();
    const failures = (await Promise.all(calls)).map(failureOf);
    expect(failures.map(({ kind, code }) => `${kind} ${code}`)).toEqual(
      Array.from({ length: 3 }, () => 'interrupted qbatch_interrupted'),
    );
    expect(failures.map(({ neverSent }) => neverSent).toSorted()).toEqual([false, false, true]);
    expect(transport.inFlight).toBe(0);
  });

  test('dropUnsent: calls without a connection alone; they are never sent', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { connectionsMax: 2 });
    const sent = [send(transport), send(transport)];
    await server.reached(2);
    const queued = send(transport);
    transport.dropUnsent();
    expect(failureOf(await queued)).toMatchObject({ kind: 'interrupted', neverSent: true });
    expect(transport.inFlight).toBe(2);
    for (const request of server.requests) request.end(ANSWER);
    for (const call of sent) expect((await call).kind).toBe('reply');
    expect(server.requests).toHaveLength(2);
  });

  test.each<[string, (mute: string) => [origin: string, fields: Partial<TransportOptions>]]>([
    ['the service', (mute) => [mute.replace('http:', 'https:'), {}]],
    ['a proxy', (mute) => ['https://dashscope.invalid', { proxy: { https: mute } }]],
    [
      'a proxy over TLS',
      (mute) => [
        'https://dashscope.invalid',
        { proxy: { https: mute.replace('http:', 'https:') } },
      ],
    ],
  ])('close while a connection to %s is being made: it is cut', async (_what, towards) => {
    const mute = createSocketServer();
    const [origin, fields] = towards(await listen(mute));
    const transport = transportTo(origin, { ...fields, connectTimeoutMs: 600_000 });
    const taken = once(mute, 'connection');
    const call = send(transport);
    const [socket] = (await taken) as [Socket];
    const cut = once(socket.resume(), 'close');
    transport.dropUnsent();
    await call;
    await transport.close();
    await cut;
  });

  test('close with calls in flight: they end, and nothing stays open', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin);
    const call = send(transport);
    await server.reached(1);
    await transport.close();
    expect((await call).kind).toBe('failed');
    expect(clock.timers).toBe(0);
  });

  test('a process that stood still: replies that came meanwhile are read, not cut off', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 4000, streamed: 60_000 } });
    const results = [send(transport), send(transport)];
    await server.reached(2);
    // One has most of its time left, the other (begun as it) has it run out just before the pause is over.
    await clock.advance(1500);
    const [first, second] = server.requests;
    first?.end(ANSWER);
    clock.standStill(7000);
    clock.step();
    expect((await results[0])?.kind).toBe('reply');
    await clock.advance(2100);
    second?.end(ANSWER);
    clock.standStill(100_000);
    clock.step();
    expect((await results[1])?.kind).toBe('reply');
  });

  test('a process that stood still: calls without a reply are cut at their limit of running time', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const results = [send(transport)];
    await server.reached(1);
    await clock.advance(3000);
    clock.standStill(3_600_000);
    // Begun after the pause, before anybody has looked at the clock.
    results.push(send(transport));
    clock.step();
    await server.reached(2);
    await clock.advance(1400);
    expect(transport.inFlight).toBe(2);
    await clock.advance(700);
    expect(transport.inFlight).toBe(1);
    await clock.advance(3300);
    expect((await Promise.all(results)).map((result) => failureOf(result).kind)).toEqual([
      'timeout',
      'timeout',
    ]);
  });

  test('looks that are a second late each time: a call is cut at its limit', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport);
    await server.reached(1);
    // Five of 1,250 ms are 6,250.
    for (let look = 0; look < 5; look += 1) {
      clock.standStill(1250);
      clock.step();
    }
    expect(failureOf(await result).kind).toBe('timeout');
  });

  test('looks that are late each time: a call is cut all the same', async () => {
    const server = await silentServer();
    const transport = transportTo(server.origin, { timeoutMs: { whole: 5000, streamed: 60_000 } });
    const result = send(transport);
    await server.reached(1);
    for (let look = 0; look < 22; look += 1) {
      clock.standStill(10_000);
      clock.step();
    }
    expect(failureOf(await result).kind).toBe('timeout');
  });

  test('no calls: no deadline timer', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    const transport = transportTo(origin);
    await send(transport);
    await clock.advance(300);
    expect(clock.timers).toBe(0);
  });
});

test('plain http to a port of TLS that says so: proven never sent, and https is named', async () => {
  const server = createSocketServer((socket) => {
    // Fatal alert, protocol version: as a server says it that reads HTTP for a handshake.
    socket.once('data', () => socket.end(Buffer.from([0x15, 3, 1, 0, 2, 2, 70])));
  });
  const failure = failureOf(await send(transportTo(await listen(server))));
  expect(failure).toMatchObject({ kind: 'network', neverSent: true });
  expect(failure.message).toContain('https:// in --base-url');
});

test('what is neither HTTP nor TLS: nobody knows what became of the call', async () => {
  const server = createSocketServer((socket) => {
    socket.once('data', () => socket.end('SSH-2.0-OpenSSH_9.6\r\n'));
  });
  const failure = failureOf(await send(transportTo(await listen(server))));
  expect(failure).toMatchObject({ kind: 'network', neverSent: false });
});

describe('openTransport: proxies', () => {
  test('HTTP_PROXY: calls go through it; a host named by NO_PROXY does not', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    proxy.on('request', (request: IncomingMessage, response: ServerResponse) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume();
      response.writeHead(502).end();
    });
    const http = await listen(proxy);
    await send(transportTo(origin, { proxy: { http } }));
    expect(asked).toHaveLength(1);
    expect(await send(transportTo(origin, { proxy: { http, no: '127.0.0.1' } }))).toMatchObject({
      kind: 'reply',
      reply: { statusCode: 200 },
    });
    expect(asked).toHaveLength(1);
  });

  test('plain http to this machine: through a proxy on this machine, to none on another', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    // A proxy that nobody can reach: an address for documentation (RFC 5737).
    const http = 'http://192.0.2.1:3128';
    const transport = transportTo(origin, { proxy: { http }, connectTimeoutMs: 50 });
    expect(await send(transport)).toMatchObject({ kind: 'reply', reply: { statusCode: 200 } });
  });

  test('a range of NO_PROXY: an address in it is reached without a proxy', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    const http = 'http://127.0.0.1:9';
    const transport = transportTo(origin, { proxy: { http, no: '127.0.0.0/8' } });
    expect(await send(transport)).toMatchObject({ kind: 'reply', reply: { statusCode: 200 } });
  });

  test('a user without a password: told to the proxy', async () => {
    const told: (string | undefined)[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      told.push(request.headers['proxy-authorization']);
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    const https = (await listen(proxy)).replace('//', '//user@');
    await send(transportTo('https://dashscope.invalid', { proxy: { https } }));
    expect(told).toEqual([`Basic ${Buffer.from('user:').toString('base64')}`]);
  });

  test('a proxy over TLS that is an address: nobody is warned of its name', async () => {
    const { cert, key } = selfSigned('127.0.0.1');
    const proxy = createTlsServer({ cert, key }, (socket) => socket.end());
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning.message);
    };
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    const https = (await listen(proxy)).replace('http:', 'https:');
    const failure = failureOf(
      await send(transportTo('https://dashscope.invalid', { proxy: { https } })),
    );
    // The certificate is signed by nobody: TLS came that far.
    expect(failure.message).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings).toEqual([]);
  });

  test('calls over connections of their own: each has a tunnel of its own too', async () => {
    const origin = await httpServer((_request, response) => {
      response.end(ANSWER);
    });
    let tunnels = 0;
    const proxy = createServer();
    proxy.on('connect', (_request: IncomingMessage, socket: Socket) => {
      tunnels += 1;
      const onward = connect(Number(new URL(origin).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    const transport = transportTo(origin, { proxy: { http: await listen(proxy) } });
    for (const call of [1, 2, 3].map((): HttpCall => ({ ...CALL, ownConnection: true })))
      expect(await send(transport, call)).toMatchObject({ kind: 'reply' });
    expect(tunnels).toBe(3);
  });

  test.each(['http', 'https'])(
    'a proxy that refuses the connection, for %s: proven never sent',
    async (scheme) => {
      const server = createSocketServer();
      const gone = await listen(server);
      server.close();
      await once(server, 'close');
      const result = await send(
        transportTo(`${scheme}://127.0.0.1:9`, { proxy: { http: gone, https: gone } }),
      );
      expect(failureOf(result)).toMatchObject({ kind: 'network', neverSent: true });
    },
  );

  test('a proxy that refuses the tunnel: proven never sent', async () => {
    const proxy = createServer();
    proxy.on('connect', (_request: IncomingMessage, socket: Socket) => {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
    const http = await listen(proxy);
    const result = await send(transportTo('https://dashscope.invalid', { proxy: { https: http } }));
    expect(failureOf(result)).toMatchObject({ kind: 'network', neverSent: true });
  });
});
