import type { IncomingHttpHeaders } from 'node:http';
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { Clock } from './clock.ts';
import type { ApiFailure } from './failure.ts';
import type { HttpCall, HttpReply, ProtocolName, StreamFold } from './protocols/protocol.ts';

/** Largest reply that is accepted, frames of a stream included (guarantee 12). */
const REPLY_BYTES_MAX: number = 64 * 1024 * 1024;

/** How often deadlines are looked at: one timer for all calls instead of one each. */
const DEADLINE_TICK_MS = 250;

/** A line may ask the service to queue its call; no line may make a call wait without end. */
const WAIT_MS_MAX = 3_600_000;

export type TransportOptions = {
  /** Base URL of each protocol, without a trailing slash. */
  readonly baseUrls: Readonly<Record<ProtocolName, string>>;
  readonly apiKey: string;
  readonly connectionsMax: number;
  readonly timeoutMs: { readonly whole: number; readonly streamed: number };
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Workspace header for every call, where one is configured. */
  readonly workspace: string | undefined;
  /** Proxy variables of the environment; null: connect directly. */
  readonly proxy: { readonly http?: string; readonly https?: string; readonly no?: string } | null;
  readonly clock: Clock;
};

/** What one call came to: a whole reply, a stream folded to its clean end, or no whole reply. */
export type CallResult =
  | { readonly kind: 'reply'; readonly reply: HttpReply }
  | { readonly kind: 'stream'; readonly fold: StreamFold }
  | { readonly kind: 'failed'; readonly failure: ApiFailure };

export type Transport = {
  /**
   * Makes one call. `openFold` is asked for a fold when an event stream begins. Never rejects: what
   * goes wrong is a `failed` result. No retries, no redirects.
   */
  send(
    call: HttpCall,
    openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold,
  ): Promise<CallResult>;
  /** Drops every call in flight; each ends as `interrupted`. */
  dropAll(): void;
  readonly inFlight: number;
  close(): Promise<void>;
};

type Ending = 'timeout' | 'idle' | 'interrupted' | 'too-big' | 'fold-done';

function toHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** One call under way: undici's handler, the deadline, and the bytes so far. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly deadlineMs: number;
  private readonly openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold;
  private readonly finish: (exchange: Exchange, result: CallResult) => void;
  private controller: Dispatcher.DispatchController | null = null;
  /** Undici calls `onRequestStart` on an open connection only: before it not a byte can have left (name, connect, TLS, queue). */
  private sent = false;
  private ending: Ending | null = null;
  private head: Omit<HttpReply, 'body'> | null = null;
  private fold: StreamFold | null = null;
  private chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    deadlineMs: number,
    openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold,
    finish: (exchange: Exchange, result: CallResult) => void,
  ) {
    this.deadlineMs = deadlineMs;
    this.openFold = openFold;
    this.finish = finish;
  }

  /** Ends the call from our side. */
  drop(ending: Ending): void {
    if (this.ending !== null) return;
    this.ending = ending;
    if (this.controller === null) this.finish(this, this.failed(new Error(ending)));
    else this.controller.abort(new Error(ending));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.sent = true;
    if (this.ending !== null) controller.abort(new Error(this.ending));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: IncomingHttpHeaders,
  ): void {
    // 1xx informs only; the answer is still to come.
    if (statusCode < 200) return;
    this.head = { statusCode, headers: toHeaders(headers) };
    const type = this.head.headers['content-type'] ?? '';
    if (statusCode === 200 && type.startsWith('text/event-stream'))
      this.fold = this.openFold(this.head);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.bytes > REPLY_BYTES_MAX) this.drop('too-big');
    else if (this.fold === null) this.chunks.push(chunk);
    else if (!this.fold.push(chunk)) this.drop('fold-done');
  }

  onResponseEnd(): void {
    if (this.ending !== null) return;
    if (this.fold !== null) this.finish(this, { kind: 'stream', fold: this.fold });
    else if (this.head !== null) {
      const body =
        this.chunks.length === 1 && this.chunks[0] !== undefined
          ? this.chunks[0]
          : Buffer.concat(this.chunks);
      this.finish(this, { kind: 'reply', reply: { ...this.head, body } });
    } else this.finish(this, this.failed(new Error('the connection closed without a reply')));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.ending === 'fold-done' && this.fold !== null)
      this.finish(this, { kind: 'stream', fold: this.fold });
    else this.finish(this, this.failed(error));
  }

  private failed(error: unknown): CallResult {
    const code = errorCode(error);
    const neverSent = !this.sent;
    const timedOut =
      this.ending === 'timeout' ||
      code === 'UND_ERR_HEADERS_TIMEOUT' ||
      code === 'UND_ERR_BODY_TIMEOUT';
    const kind =
      this.ending === 'interrupted'
        ? 'interrupted'
        : this.ending === 'too-big'
          ? 'bad-response'
          : timedOut
            ? 'timeout'
            : 'network';
    const own = {
      interrupted: 'qbatch_interrupted',
      'bad-response': 'qbatch_bad_response',
      timeout: 'qbatch_timeout',
      network: 'qbatch_connection_error',
    } as const;
    return {
      kind: 'failed',
      failure: {
        kind,
        statusCode: this.head?.statusCode ?? null,
        code: own[kind],
        message: this.reason(error, code),
        param: null,
        requestId: this.head?.headers['x-request-id'] ?? null,
        retryAfterMs: null,
        neverSent,
        body: null,
        usage: this.fold?.usageSoFar() ?? null,
      },
    };
  }

  private reason(error: unknown, code: string): string {
    if (this.ending === 'interrupted') return 'the call was dropped when the run was stopped';
    if (this.ending === 'timeout') return 'no whole reply within the time limit (--timeout)';
    if (this.ending === 'too-big') return `the reply is larger than ${REPLY_BYTES_MAX} bytes`;
    if (code === 'UND_ERR_HEADERS_TIMEOUT')
      return 'no reply began within the time limit (--timeout)';
    if (code === 'UND_ERR_BODY_TIMEOUT') return 'the reply stalled (--idle-timeout)';
    const text = error instanceof Error ? error.message : String(error);
    return `${this.sent ? 'the connection failed' : 'no connection'}: ${text}${code === '' || text.includes(code) ? '' : ` (${code})`}`;
  }
}

type Route = { readonly origin: string; readonly prefix: string };

function routeOf(baseUrl: string): Route {
  const url = new URL(baseUrl);
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

/** Connections to a proxy. Undici 7 dials one that hangs up instead of opening the tunnel again without end or pause (nodejs/undici#3897); here that is an error. */
function openProxyPool(origin: URL, options: object): Dispatcher {
  const pool = new Pool(origin, options);
  const dial = pool.connect.bind(pool) as (
    request: Dispatcher.ConnectOptions,
  ) => Promise<Dispatcher.ConnectData>;
  const connect = (request: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> =>
    dial(request).catch((error: unknown) => {
      if (errorCode(error) !== 'UND_ERR_SOCKET') throw error;
      throw new Error('the proxy closed the connection', { cause: error });
    });
  return Object.assign(pool, { connect });
}

function openDispatcher(options: TransportOptions, origin: string): Dispatcher {
  const pool = {
    connections: options.connectionsMax,
    // One call at a time on a connection: an answer can only belong to its own request.
    pipelining: 1,
    headersTimeout: Math.max(options.timeoutMs.whole, options.timeoutMs.streamed),
    bodyTimeout: options.idleTimeoutMs,
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 60_000,
    connect: { timeout: options.connectTimeoutMs },
  };
  if (options.proxy === null) return new Pool(origin, pool);
  const { http, https, no } = options.proxy;
  return new EnvHttpProxyAgent({
    ...pool,
    clientFactory: openProxyPool,
    ...(http === undefined ? {} : { httpProxy: http }),
    ...(https === undefined ? {} : { httpsProxy: https }),
    ...(no === undefined ? {} : { noProxy: no }),
  });
}

/** Opens the HTTP side of a run: one pool an origin, one deadline timer; the key goes into every call and nowhere else. */
export function openTransport(options: TransportOptions): Transport {
  const routes = {
    dashscope: routeOf(options.baseUrls.dashscope),
    openai: routeOf(options.baseUrls.openai),
  };
  const dispatchers = new Map<string, Dispatcher>();
  for (const { origin } of Object.values(routes)) {
    if (!dispatchers.has(origin)) dispatchers.set(origin, openDispatcher(options, origin));
  }
  const open = new Set<Exchange>();
  const fixed: Record<string, string> = {
    authorization: `Bearer ${options.apiKey}`,
    'content-type': 'application/json',
  };
  if (options.workspace !== undefined) fixed['x-dashscope-workspace'] = options.workspace;
  let cancelTick: (() => void) | null = null;
  const tick = (): void => {
    const now = options.clock.monotonicMs();
    for (const exchange of open) if (exchange.deadlineMs <= now) exchange.drop('timeout');
    cancelTick = open.size > 0 ? options.clock.after(DEADLINE_TICK_MS, tick) : null;
  };
  return {
    get inFlight() {
      return open.size;
    },
    send(call, openFold) {
      const { origin, prefix } = routes[call.protocol];
      const limitMs = call.stream ? options.timeoutMs.streamed : options.timeoutMs.whole;
      const headers: Record<string, string> = { ...call.headers, ...fixed };
      const waitSeconds = Number(call.headers['x-dashscope-wait-timeout'] ?? 0);
      const waitMs = waitSeconds > 0 ? Math.min(waitSeconds * 1000, WAIT_MS_MAX) : 0;
      return new Promise((resolve) => {
        const deadlineMs = options.clock.monotonicMs() + limitMs + waitMs;
        const exchange = new Exchange(deadlineMs, openFold, (ended, result) => {
          if (open.delete(ended)) resolve(result);
        });
        open.add(exchange);
        cancelTick ??= options.clock.after(DEADLINE_TICK_MS, tick);
        const request = {
          origin,
          path: prefix + call.path,
          method: call.method ?? 'POST',
          headers,
          body: call.method === 'GET' ? null : call.body,
        };
        try {
          dispatchers.get(origin)?.dispatch(request, exchange);
        } catch (error) {
          exchange.onResponseError(null, error as Error);
        }
      });
    },
    dropAll() {
      for (const exchange of open) exchange.drop('interrupted');
    },
    async close() {
      cancelTick?.();
      cancelTick = null;
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
