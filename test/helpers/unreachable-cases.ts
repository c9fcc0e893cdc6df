import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { onTestFinished } from 'vitest';
import { selfSigned } from './certificate.ts';

/** Where calls go, and through what: no byte of a request can get to the service. */
export type Way = { readonly origin: string; readonly proxy?: string };

export type UnreachableCase = {
  readonly name: string;
  /** Part of the reason that the user is told. */
  readonly says: RegExp;
  way(): Promise<Way>;
};

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens (any more). */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const onFirstBytes = (react: (socket: Socket) => void): Promise<number> =>
  listen(createServer((socket) => socket.once('data', () => react(socket))));

const overTls = (port: number): Way => ({ origin: `https://127.0.0.1:${port}` });

/** A service that must never see a call. */
const behind = (port: number): Way => ({
  origin: 'https://dashscope.invalid',
  proxy: `http://127.0.0.1:${port}`,
});

const tlsCases: readonly UnreachableCase[] = [
  {
    name: 'a certificate nobody vouches for',
    says: /self-signed.*NODE_EXTRA_CA_CERTS/,
    way: async () => overTls(await listen(createTlsServer(selfSigned('127.0.0.1')))),
  },
  {
    name: 'TLS 1.1 only',
    says: /^(?!.*[\dA-F]:error:).*(?:protocol|version)/s,
    way: async () => {
      const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
      return overTls(await listen(createTlsServer({ ...selfSigned('127.0.0.1'), ...options })));
    },
  },
  {
    name: 'plain HTTP where TLS is expected',
    says: /^(?!.*[\dA-F]:error:).*speaks no TLS/s,
    way: async () =>
      overTls(await onFirstBytes((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))),
  },
  {
    name: 'garbage in the handshake',
    says: /SSL|wrong version|packet/,
    way: async () => overTls(await onFirstBytes((socket) => socket.end(Buffer.alloc(300, 0xc3)))),
  },
  {
    name: 'the handshake is closed',
    says: /disconnected|closed|ECONNRESET/,
    way: async () => overTls(await onFirstBytes((socket) => socket.end())),
  },
  {
    name: 'the handshake is reset',
    says: /ECONNRESET|disconnected/,
    way: async () => overTls(await onFirstBytes((socket) => socket.resetAndDestroy())),
  },
  {
    name: 'the handshake never ends',
    says: /timeout|timed out/i,
    way: async () => overTls(await onFirstBytes(() => undefined)),
  },
];

const proxyCases: readonly UnreachableCase[] = [
  ...['403 Forbidden', '407 Proxy Authentication Required', '502 Bad Gateway', '302 Found'].map(
    (status): UnreachableCase => ({
      name: `the proxy says ${status}`,
      says: new RegExp(
        `opened no tunnel \\(HTTP ${status.slice(0, 3)}\\): .*${status.startsWith('407') ? 'USER:PASSWORD' : 'NO_PROXY'}`,
      ),
      way: async () =>
        behind(
          await onFirstBytes((socket) =>
            socket.end(`HTTP/1.1 ${status}\r\nlocation: http://127.0.0.1:1/\r\n\r\n`),
          ),
        ),
    }),
  ),
  {
    name: 'the proxy hangs up',
    says: /closed|hang up|ECONNRESET/,
    way: async () => behind(await onFirstBytes((socket) => socket.end())),
  },
  {
    name: 'the proxy resets',
    says: /ECONNRESET|closed/,
    way: async () => behind(await onFirstBytes((socket) => socket.resetAndDestroy())),
  },
  {
    name: 'the proxy does not speak HTTP',
    says: /Parse|Expected HTTP|closed|invalid/i,
    way: async () => behind(await onFirstBytes((socket) => socket.end('\u0005\u0000SOCKS'))),
  },
  {
    name: 'the proxy never says whether it opens the tunnel',
    says: /opened no tunnel within the time limit \(--connect-timeout\)/,
    way: async () => behind(await onFirstBytes(() => undefined)),
  },
  {
    name: 'the handshake through the tunnel never ends',
    // Not undici's 10 s, whatever was asked for.
    says: /timeout: 50ms/,
    way: async () =>
      behind(await onFirstBytes((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'))),
  },
  {
    name: 'nobody listens where the proxy should be',
    says: /no connection: the proxy \(HTTPS_PROXY or HTTP_PROXY\): connect ECONNREFUSED/,
    way: async () => behind(await closedPort()),
  },
  {
    name: 'the name of the proxy does not exist',
    says: /the proxy \(HTTPS_PROXY or HTTP_PROXY\): getaddrinfo ENOTFOUND no-such-proxy\.invalid: check/,
    way: () =>
      Promise.resolve({
        origin: 'https://dashscope.invalid',
        proxy: 'http://no-such-proxy.invalid:3128',
      }),
  },
];

/** Never sent, and so never billed: each is told, and nothing of it counts against a line. */
export const UNREACHABLE_CASES: readonly UnreachableCase[] = [
  {
    name: 'a refused connection',
    says: /ECONNREFUSED/,
    way: async () => ({ origin: `http://127.0.0.1:${await closedPort()}` }),
  },
  {
    name: 'a name that does not exist',
    says: /ENOTFOUND/,
    way: () => Promise.resolve({ origin: 'https://no-such-host.invalid' }),
  },
  ...tlsCases,
  ...proxyCases,
];
