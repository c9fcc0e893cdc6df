import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import { EXIT, QbatchError } from '../errors.ts';
import type { SimulatorSpec } from '../settings.ts';
import { decide } from './decide.ts';
import type { SimulatorState } from './decide.ts';
import { errorBody } from './error-reply.ts';
import { serviceError } from './errors-table.ts';
import type { ServiceError } from './errors-table.ts';
import { createFaults } from './faults.ts';
import { createQuota } from './quota.ts';
import { quotaListBody } from './quota-list.ts';
import { deliver } from './reply.ts';
import type { SimulatedEndpoint } from './request.ts';
import { createStats } from './stats.ts';
import type { SimulatorStats } from './stats.ts';

/** Options of a simulator. */
export type SimulatorOptions = {
  readonly spec: SimulatorSpec;
  /** The address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** 0 or omitted: any free port. */
  readonly port?: number;
  /** The only key accepted; omitted: any non-empty key. */
  readonly apiKey?: string;
  readonly clock?: Clock;
};

/** A running simulator. */
export type Simulator = {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Base of the native protocol: origin + `/api/v1`. */
  readonly baseUrl: string;
  /** Base of the OpenAI-compatible protocol: origin + `/compatible-mode/v1`. */
  readonly compatibleBaseUrl: string;
  stats(): SimulatorStats;
  /** Stops listening and closes every connection, answered or not. May be called again. */
  close(): Promise<void>;
};

const NATIVE_BASE = '/api/v1';
const COMPATIBLE_BASE = '/compatible-mode/v1';

const ENDPOINTS: ReadonlyMap<string, SimulatedEndpoint> = new Map<string, SimulatedEndpoint>([
  [`${NATIVE_BASE}/services/aigc/text-generation/generation`, 'text-generation'],
  [`${NATIVE_BASE}/services/aigc/multimodal-generation/generation`, 'multimodal-generation'],
  [`${COMPATIBLE_BASE}/chat/completions`, 'chat-completions'],
]);

/** The error for every other path. */
const NO_SUCH_PATH: ServiceError = {
  ...serviceError('NotFound'),
  message: `Not found! The simulator answers chat alone: POST ${[...ENDPOINTS.keys()].join(', ')}.`,
};

/** The longest body read, in bytes: the gateway's limit on the 2026 pages. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

const NO_REQUEST_ID = '00000000-0000-0000-0000-000000000000';

/** Longer than clients keep idle connections, so that the client closes first and no call meets a closing socket. */
const KEEP_ALIVE_MS = 300_000;

function refuseOutright(
  request: IncomingMessage,
  response: ServerResponse,
  error: ServiceError,
): void {
  const compatible = (request.url ?? '').startsWith(COMPATIBLE_BASE);
  const body = JSON.stringify(
    errorBody(error, { compatible, stream: false, model: '', requestId: NO_REQUEST_ID }),
  );
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'x-request-id': NO_REQUEST_ID,
    'x-dashscope-call-gateway': 'true',
    connection: 'close',
  });
  response.end(body);
  request.resume();
}

/** The account's limits as the service reports them (`--query-limits`); not a model call, so not counted. */
function tellQuotas(
  request: IncomingMessage,
  response: ServerResponse,
  { spec, apiKey }: Pick<SimulatorOptions, 'spec' | 'apiKey'>,
): void {
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (key === undefined || (apiKey !== undefined && key !== apiKey)) {
    refuseOutright(request, response, serviceError('InvalidApiKey'));
    return;
  }
  const search = (request.url ?? '').split('?', 2)[1] ?? '';
  response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': NO_REQUEST_ID });
  response.end(JSON.stringify(quotaListBody(spec, search, NO_REQUEST_ID)));
  request.resume();
}

function asksForStream({ headers }: IncomingMessage): boolean {
  return (
    headers['x-dashscope-sse'] === 'enable' || (headers.accept ?? '').includes('text/event-stream')
  );
}

function handle(
  request: IncomingMessage,
  response: ServerResponse,
  state: SimulatorState,
  clock: Clock,
): void {
  const endpoint = ENDPOINTS.get((request.url ?? '').split('?', 1)[0] ?? '');
  if (endpoint === undefined || request.method !== 'POST') {
    refuseOutright(request, response, NO_SUCH_PATH);
    return;
  }
  state.stats.open();
  response.once('close', () => {
    state.stats.close();
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  });
  // A caller may disconnect in the middle of its body or of the answer; without a listener that would throw.
  request.on('error', () => undefined);
  response.on('error', () => undefined);
  request.on('end', () => {
    if (bytes > BODY_BYTES_MAX) {
      refuseOutright(request, response, serviceError('BadRequest.TooLarge'));
      return;
    }
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    const authorization = request.headers.authorization ?? '';
    const reply = decide(
      {
        endpoint,
        authorization,
        streamHeader: asksForStream(request),
        asyncHeader: request.headers['x-dashscope-async'] === 'enable',
        body,
      },
      state,
    );
    void deliver(response, reply, clock).then((answered) => {
      if (answered) state.stats.answered();
    });
  });
}

const NOT_HERE = 'name an address of this machine: 127.0.0.1, ::1, or 0.0.0.0 for all that it has';
const LISTEN_HINTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'choose another port, or 0 for any free one',
  EACCES: 'choose a port from 1024 on, or 0 for any free one',
  ENOTFOUND: NOT_HERE,
  EAI_AGAIN: NOT_HERE,
  EADDRNOTAVAIL: NOT_HERE,
  EAFNOSUPPORT: NOT_HERE,
  EINVAL: NOT_HERE,
};

/** The host as written in a URL. */
function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const text = `the simulator cannot listen on ${hostInUrl(host)}:${port}: ${error.message}`;
      const hint = LISTEN_HINTS[error.code ?? ''];
      reject(new QbatchError(EXIT.unavailable, text, hint, error));
    });
    server.listen({ host, port, backlog: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/**
 * Starts the bundled Model Studio simulator: a local server with the native and the OpenAI-compatible protocol in the
 * service's own forms, for trying a job without a key or costs. Answers, ids and faults are determined by the seed and the
 * request alone; `readDirectives` documents the directives with which a line requests a fault. Rejects with a `QbatchError`
 * (69) if it cannot listen.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { spec, host = '127.0.0.1', port = 0, apiKey, clock = systemClock } = options;
  const stats = createStats();
  const state: SimulatorState = {
    seed: spec.seed,
    latencyMs: spec.latencyMs,
    apiKey,
    quota: createQuota(spec, clock),
    faults: createFaults(spec.errorRate, spec.seed),
    stats,
  };
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 },
    (request, response) => {
      const path = (request.url ?? '').split('?', 1)[0];
      if (request.method === 'GET' && path === `${NATIVE_BASE}/quotas`)
        tellQuotas(request, response, options);
      else handle(request, response, state, clock);
    },
  );
  const boundPort = await listen(server, host, port);
  const origin = `http://${hostInUrl(host)}:${boundPort}`;
  return {
    origin,
    baseUrl: `${origin}${NATIVE_BASE}`,
    compatibleBaseUrl: `${origin}${COMPATIBLE_BASE}`,
    stats: () => stats.snapshot(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
