import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';
const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 10_000;

/** The response for a path: a media type, a text (null: none yet), and a policy if it is a page. */
export type Resource = {
  readonly type: string;
  readonly policy?: string;
  text(): string | null;
};

export type DashboardServer = { readonly url: string; close(): Promise<void> };

type Answer = { readonly status: number; readonly resource?: Resource };

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

function isEqual(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * The response to a request. Only requests with the token, addressed to this machine's own name (against DNS rebinding),
 * not from another site's page, and read-only, get more than an error.
 */
function answerOf(
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  at: {
    readonly port: number;
    readonly token: string;
    readonly resources: ReadonlyMap<string, Resource>;
  },
): Answer {
  const { host, origin } = request.headers;
  const names = [`${LOOPBACK}:${at.port}`, `localhost:${at.port}`];
  if (host === undefined || !names.includes(host)) return { status: 403 };
  if (origin !== undefined && origin !== `http://${host}`) return { status: 403 };
  if (
    !['same-origin', 'none', undefined].includes(
      String(request.headers['sec-fetch-site'] ?? 'none'),
    )
  )
    return { status: 403 };
  const [path = ''] = (request.url ?? '').split('?');
  const [, token = '', name, ...rest] = path.split('/');
  const resource = rest.length === 0 && name !== undefined ? at.resources.get(name) : undefined;
  if (!isEqual(token, at.token) || resource === undefined) return { status: 404 };
  if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405 };
  return { status: 200, resource };
}

function send(response: ServerResponse, { status, resource }: Answer): void {
  const text = resource === undefined ? null : resource.text();
  if (resource === undefined || text === null) {
    response.writeHead(status === 200 ? 404 : status, { ...HEADERS, 'content-type': 'text/plain' });
    response.end();
    return;
  }
  const body = Buffer.from(text, 'utf8');
  response.writeHead(status, {
    ...HEADERS,
    'content-type': `${resource.type}; charset=utf-8`,
    'content-length': body.length,
    ...(resource.policy !== undefined && { 'content-security-policy': resource.policy }),
  });
  response.end(body);
}

/** Serves texts, read-only, on this machine only, below a secret path. Does not keep the process alive. */
export async function serveDashboard(
  token: string,
  resources: ReadonlyMap<string, Resource>,
): Promise<DashboardServer> {
  let port = 0;
  const server = createServer({ requestTimeout: REQUEST_MS_MAX }, (request, response) => {
    send(response, answerOf(request, { port, token, resources }));
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, resolve);
  });
  server.on('error', () => undefined);
  server.on('clientError', (_, socket) => {
    socket.destroy();
  });
  server.unref();
  ({ port } = server.address() as AddressInfo);
  return {
    url: `http://${LOOPBACK}:${port}/${token}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
