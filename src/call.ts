import { isIP, type Socket } from 'node:net';
import { buildConnector, type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici';
import type { Clock } from './clock.ts';
import { openDeadlines } from './call/deadlines.ts';
import { type CallResult, Exchange } from './call/exchange.ts';
import { errorCode, proxyError } from './call/connection-reason.ts';
import { isLoopback } from './config/endpoints.ts';
import { isInNoProxyRange, tokenOf } from './config/proxy.ts';
import type { HttpCall, HttpReply, ProtocolName, StreamFold } from './protocols/protocol.ts';
import { ReplyRoom } from './call/reply-room.ts';

/** Longest time for which a line may ask the service to queue its call. */
const WAIT_MS_MAX = 3_600_000;

/** Gateways add cookies and policies to a paid answer: undici's 16 KiB are too few for some. */
const HEADER_BYTES_MAX = 128 * 1024;

export type TransportOptions = {
  /** Base URL of each protocol, without a trailing slash. */
  readonly baseUrls: Readonly<Record<ProtocolName, string>>;
  readonly apiKey: string;
  readonly connectionsMax: number;
  readonly timeoutMs: { readonly whole: number; readonly streamed: number };
  readonly idleTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Workspace header for every call, if configured. */
  readonly workspace: string | undefined;
  /** Proxy variables of the environment; null: connect directly. */
  readonly proxy: { readonly http?: string; readonly https?: string; readonly no?: string } | null;
  readonly clock: Clock;
};

export type { CallResult } from './call/exchange.ts';

export type Transport = {
  /**
   * Makes one call. `onSent` is called when it has a connection, before its first byte leaves; `openFold` is called for a
   * fold when an event stream begins. Never rejects: errors are `failed` results. No retries, no redirects.
   */
  send(
    call: HttpCall,
    openFold: (reply: Omit<HttpReply, 'body'>) => StreamFold,
    onSent?: () => void,
  ): Promise<CallResult>;
  /** The result is committed or discarded: frees its memory budget. Once per result. */
  release(result: CallResult): void;
  /** Drops every call in flight; each ends as `interrupted`. */
  dropAll(): void;
  /** The same for calls without a connection: nothing of them was sent. */
  dropUnsent(): void;
  readonly inFlight: number;
  close(): Promise<void>;
};

type Route = { readonly origin: string; readonly prefix: string };

function routeOf(baseUrl: string): Route {
  const url = new URL(baseUrl);
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '') };
}

function routesOf({
  dashscope,
  openai,
}: TransportOptions['baseUrls']): Readonly<Record<ProtocolName, Route>> {
  return { dashscope: routeOf(dashscope), openai: routeOf(openai) };
}

type Connector = buildConnector.connector;

/** Tracks sockets that are open or connecting: undici leaves the latter alone when it is destroyed. */
function noting(sockets: Set<Socket>, connect: Connector): Connector {
  return (options, callback) => {
    // Typed as void; undici's own cleanup uses it, too.
    const socket = connect(options, callback) as unknown as Socket;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
}

/** TLS server names must be host names: for a proxy given by address undici passes the address, and Node warns (DEP0123). */
function withoutAddressAsName(connect: Connector): Connector {
  return (options, callback) => {
    const isAddress = isIP((options.servername ?? '').replace(/^\[|\]$/g, '')) !== 0;
    return connect(isAddress ? { ...options, servername: '' } : options, callback);
  };
}

/**
 * Connections to a proxy, which must open a tunnel within the connect timeout. If the proxy hangs up instead, undici 7
 * redials endlessly without a pause (nodejs/undici#3897); here that is an error.
 */
function openProxyPool(
  origin: URL,
  options: object,
  { timeoutMs, sockets }: { readonly timeoutMs: number; readonly sockets: Set<Socket> },
): Dispatcher {
  const pool = new Pool(origin, {
    ...options,
    ...('connect' in options && {
      connect: noting(sockets, withoutAddressAsName(options.connect as Connector)),
    }),
    headersTimeout: timeoutMs,
  });
  const dial = pool.connect.bind(pool) as (
    request: Dispatcher.ConnectOptions,
  ) => Promise<Dispatcher.ConnectData>;
  const connect = (request: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> =>
    dial(request).catch((error: unknown) => {
      const code = errorCode(error);
      if (code === 'UND_ERR_SOCKET')
        throw new Error('the proxy closed the connection', { cause: error });
      if (code === 'UND_ERR_HEADERS_TIMEOUT')
        throw new Error('the proxy opened no tunnel within the time limit (--connect-timeout)', {
          cause: error,
        });
      throw proxyError(error);
    });
  return Object.assign(pool, { connect });
}

/**
 * The proxies on the way to an origin; null: none. Plain http, allowed only because it stays on this machine, never goes
 * through a proxy on another one: the key could be read there and on the way.
 */
function proxiesTo(origin: string, proxy: TransportOptions['proxy']): TransportOptions['proxy'] {
  const { protocol, hostname } = new URL(origin);
  if (proxy === null || isInNoProxyRange(hostname, proxy)) return null;
  if (proxy.http === undefined || protocol !== 'http:' || !isLoopback(hostname)) return proxy;
  return isLoopback(new URL(proxy.http).hostname) ? proxy : null;
}

function openDispatcher(
  options: TransportOptions,
  origin: string,
  sockets: Set<Socket>,
): Dispatcher {
  const timeout = options.connectTimeoutMs;
  const pool = {
    connections: options.connectionsMax,
    // No pipelining: an answer can only belong to its own request.
    pipelining: 1,
    // Each call has its own deadline.
    headersTimeout: 0,
    // Undici counts half-second ticks, not time: a pause of the process is one tick to it.
    bodyTimeout: options.idleTimeoutMs,
    maxHeaderSize: HEADER_BYTES_MAX,
    // Unless the server announces another time: uvicorn (vLLM) closes idle connections after 5 s without a word, and a call
    // sent at that moment counts as possibly billed.
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 60_000,
    connect: noting(sockets, buildConnector({ timeout })),
  };
  const proxy = proxiesTo(origin, options.proxy);
  if (proxy === null) return new Pool(origin, pool);
  // The other proxy, for the other scheme, is not on the way to this origin.
  const token = tokenOf(origin.startsWith('https:') ? (proxy.https ?? proxy.http) : proxy.http);
  return new EnvHttpProxyAgent({
    ...pool,
    ...(token !== undefined && { token }),
    // For the connection to the proxy, and for TLS through its tunnel.
    proxyTls: { timeout },
    requestTls: { timeout },
    clientFactory: (proxyOrigin, proxyOptions) =>
      openProxyPool(proxyOrigin, proxyOptions, { timeoutMs: timeout, sockets }),
    // An empty string means none; if unset, undici would read the environment itself.
    httpProxy: proxy.http ?? '',
    httpsProxy: proxy.https ?? '',
    noProxy: proxy.no ?? '',
  });
}

/** How long a line asks the service to queue its call. */
function waitMsOf({ headers }: HttpCall): number {
  const seconds = Number(headers['x-dashscope-wait-timeout'] ?? 0);
  return seconds > 0 ? Math.min(seconds * 1000, WAIT_MS_MAX) : 0;
}

type Pools = {
  /** `isOwn`: for calls on connections of their own. */
  of(origin: string, isOwn: boolean): Dispatcher;
  close(): Promise<void>;
};

function openPools(options: TransportOptions): Pools {
  const shared = new Map<string, Dispatcher>();
  /** A server may close an idle connection, or stop serving it, just as the next call goes out on it. */
  const own = new Map<string, Dispatcher>();
  const sockets = new Set<Socket>();
  return {
    of(origin, isOwn) {
      const dispatchers = isOwn ? own : shared;
      const known = dispatchers.get(origin);
      if (known !== undefined) return known;
      const opened = openDispatcher(options, origin, sockets);
      dispatchers.set(origin, opened);
      return opened;
    },
    async close() {
      const opened = [...shared.values(), ...own.values()];
      await Promise.all(opened.map((dispatcher) => dispatcher.destroy()));
      // A socket still connecting would keep the process alive until --connect-timeout.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/**
 * Opens the HTTP side of a run: at most two pools per origin, one deadline timer; the key goes into every call and nowhere
 * else.
 */
export function openTransport(options: TransportOptions): Transport {
  const routes = routesOf(options.baseUrls);
  const pools = openPools(options);
  const open = new Set<Exchange>();
  const room = new ReplyRoom();
  const fixed: Record<string, string> = {
    authorization: `Bearer ${options.apiKey}`,
    'content-type': 'application/json',
  };
  if (options.workspace !== undefined) fixed['x-dashscope-workspace'] = options.workspace;
  const finish = (ended: Exchange, result: CallResult): void => {
    if (!open.delete(ended)) return;
    room.end(ended, ended.heldBytes);
    ended.resolve(result);
  };
  const deadlines = openDeadlines(open, options.clock);
  return {
    get inFlight() {
      return open.size;
    },
    send(call, openFold, onSent) {
      const isOwn = call.ownConnection === true;
      const { origin, prefix } = routes[call.protocol];
      const limitMs = call.stream ? options.timeoutMs.streamed : options.timeoutMs.whole;
      return new Promise((resolve) => {
        const deadlineMs = deadlines.after(limitMs + waitMsOf(call));
        const exchange = new Exchange(deadlineMs, room, { openFold, onSent, resolve, finish });
        open.add(exchange);
        deadlines.watch();
        const request: Dispatcher.DispatchOptions = {
          origin,
          path: prefix + call.path,
          method: call.method ?? 'POST',
          headers: Object.keys(call.headers).length === 0 ? fixed : { ...call.headers, ...fixed },
          body: call.method === 'GET' ? null : call.body,
        };
        // Closed after its reply.
        if (isOwn) request.reset = true;
        try {
          pools.of(origin, isOwn).dispatch(request, exchange);
        } catch (error) {
          exchange.onResponseError(null, error as Error);
        }
      });
    },
    release({ heldBytes = 0 }) {
      room.free(heldBytes);
    },
    dropAll() {
      for (const exchange of open) exchange.drop('interrupted');
    },
    dropUnsent() {
      for (const exchange of open) if (!exchange.isSent) exchange.drop('interrupted');
    },
    async close() {
      deadlines.close();
      await pools.close();
    },
  };
}
