import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach } from 'vitest';
import { answerBody, answerFrames, asksForStream, type SeenCall } from './counting-server.ts';

/** A call as the service saw it; `streamed`: it asks for events. */
export type FaultCall = SeenCall & { readonly streamed: boolean };

/**
 * What a scripted server does to a connection, one after the other: bytes are written, `turn` lets
 * them leave in a packet of their own, `flood` writes the same bytes until the client hangs up, `drip`
 * a few bytes now and then until it does. `fin`: our side says that it is finished, and goes on
 * reading; `reset`: the connection is cut. After the last step it stays open.
 */
export type Step =
  | string
  | Buffer
  | { readonly act: 'fin' | 'reset' | 'turn' }
  | { readonly flood: Buffer }
  | { readonly drip: string };

export const FIN: Step = { act: 'fin' };
export const RESET: Step = { act: 'reset' };
export const TURN: Step = { act: 'turn' };

/** What the server does about one call; null: answers it. */
export type FaultScript = (call: FaultCall) => readonly Step[] | null;

export type FaultServer = {
  readonly origin: string;
  readonly calls: readonly FaultCall[];
  script: FaultScript;
  /** Steps for a call whose body has not been read, by its `x-dashscope-workspace`; null: wait for the body. */
  early: (mark: string) => readonly Step[] | null;
  /** Connections that were opened so far. */
  readonly connections: number;
  close(): Promise<void>;
};

const DRIP_MS = 20;

/** A whole reply around a body. */
export function httpReply(
  body: string | Buffer,
  fields: { readonly status?: string; readonly headers?: readonly string[] } = {},
): Buffer {
  const { status = '200 OK', headers = ['content-type: application/json'] } = fields;
  const bytes = Buffer.from(body);
  const head = [`HTTP/1.1 ${status}`, ...headers, `content-length: ${bytes.length}`, '', ''];
  return Buffer.concat([Buffer.from(head.join('\r\n')), bytes]);
}

/** Bytes as one chunk of a chunked body. */
export function chunk(bytes: string | Buffer): Buffer {
  const data = Buffer.from(bytes);
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

export const EVENT_STREAM = 'content-type: text/event-stream';

/** The head of a reply whose body comes in chunks. */
export function chunkedHead(type: string): string {
  return `HTTP/1.1 200 OK\r\n${type}\r\ntransfer-encoding: chunked\r\n\r\n`;
}

/** What the service would have answered: JSON, or the frames of a stream. */
export function wholeBody(call: FaultCall): string {
  return call.streamed ? answerFrames(call).join('') : JSON.stringify(answerBody(call));
}

export function typeOf(call: FaultCall): string {
  return call.streamed ? EVENT_STREAM : 'content-type: application/json';
}

/** The reply without a fault. */
export function wholeReply(call: FaultCall): Buffer {
  return httpReply(wholeBody(call), { headers: [typeOf(call)] });
}

const servers = new Set<FaultServer>();

/** Closes the servers of this test, so that what is still open afterwards was left by a run. */
export async function closeFaultServers(): Promise<void> {
  for (const server of servers) await server.close();
  servers.clear();
}

afterEach(closeFaultServers);

/** A request as far as it has come. */
type Pending = {
  readonly head: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyStart: number;
  readonly bodyBytes: number;
};

function readHead(bytes: Buffer): Pending | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return null;
  const head = bytes.toString('latin1', 0, end);
  const headers = Object.fromEntries(
    head
      .split('\r\n')
      .slice(1)
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
  );
  return { head, headers, bodyStart: end + 4, bodyBytes: Number(headers['content-length'] ?? 0) };
}

function callOf(pending: Pending, body: string, calls: readonly FaultCall[]): FaultCall {
  const id = /\[#([^\]]+)\]/.exec(body)?.[1] ?? 'unknown';
  const path = pending.head.split(' ')[1] ?? '';
  const protocol = path.includes('/services/') ? 'dashscope' : 'openai';
  const json = JSON.parse(body) as Record<string, unknown>;
  const nth = calls.filter((call) => call.id === id).length + 1;
  const seen: SeenCall = { id, nth, protocol, path, headers: pending.headers, body, json };
  return { ...seen, streamed: asksForStream(seen) };
}

/** Writes until the client has hung up. */
function keepWriting(socket: Socket, step: { flood: Buffer } | { drip: string }): void {
  if ('drip' in step) {
    const timer = setInterval(() => socket.write(step.drip), DRIP_MS);
    socket.on('close', () => {
      clearInterval(timer);
    });
    return;
  }
  const more = (): void => {
    while (!socket.destroyed && socket.write(step.flood));
  };
  socket.on('drain', more);
  more();
}

async function play(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'string' || Buffer.isBuffer(step)) {
      if (socket.writable) socket.write(step);
    } else if ('act' in step) await act(socket, step.act);
    else keepWriting(socket, step);
  }
}

async function act(socket: Socket, what: 'fin' | 'reset' | 'turn'): Promise<void> {
  if (what === 'fin') socket.end();
  else if (what === 'reset') socket.resetAndDestroy();
  else {
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
}

/** A service that speaks HTTP only as well as its script does. Keeps connections, one request at a time. */
export async function startFaultServer(): Promise<FaultServer> {
  const calls: FaultCall[] = [];
  const sockets = new Set<Socket>();
  const state = { connections: 0 };
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    state.connections += 1;
    sockets.add(socket);
    let bytes: Buffer = Buffer.alloc(0);
    let early = false;
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('end', () => socket.end());
    socket.on('data', (data) => {
      if (early) return;
      bytes = Buffer.concat([bytes, data]);
      const pending = readHead(bytes);
      if (pending === null) return;
      const steps = service.early(pending.headers['x-dashscope-workspace'] ?? '');
      if (steps !== null) {
        early = true;
        void play(socket, steps);
        return;
      }
      const end = pending.bodyStart + pending.bodyBytes;
      if (bytes.length < end) return;
      const call = callOf(pending, bytes.toString('utf8', pending.bodyStart, end), calls);
      bytes = bytes.subarray(end);
      calls.push(call);
      void play(socket, service.script(call) ?? [wholeReply(call)]);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const service: FaultServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    script: () => null,
    early: () => null,
    get connections() {
      return state.connections;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  servers.add(service);
  return service;
}
