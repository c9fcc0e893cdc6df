import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach } from 'vitest';

/** One call as the service saw it. */
export type SeenCall = {
  /** The mark `[#id]` in the prompt: what `promptFor` put there. */
  readonly id: string;
  /** How many calls of this id have come, this one included. */
  readonly nth: number;
  readonly protocol: 'dashscope' | 'openai';
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The request body as it was on the wire. */
  readonly body: string;
  readonly json: Record<string, unknown>;
};

/** What the service does about a call. */
export type Reaction =
  /** Answers with `content` (an echo of the id where left out) and usage. */
  | { readonly kind: 'answer'; readonly content?: string }
  /** An error of the service in the shape of the call's protocol. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Any reply; `billed` where the service would ask money for it. */
  | {
      readonly kind: 'raw';
      readonly status: number;
      readonly body: string | Uint8Array;
      readonly headers?: Readonly<Record<string, string>>;
      readonly billed?: boolean;
    }
  /** Cuts the connection without a reply; the model had run, so it is billed. */
  | { readonly kind: 'reset' }
  /** Begins the reply and cuts the connection in the middle of it; the model had run, so it is billed. */
  | { readonly kind: 'cut' }
  /** Never replies; the model had run, so it is billed. */
  | { readonly kind: 'hang' };

export type CountingServer = {
  readonly origin: string;
  /** Flags that send both protocols here, at a pace that does not matter. */
  readonly flags: readonly string[];
  readonly calls: readonly SeenCall[];
  /** Number of calls of each id. */
  counts(): Map<string, number>;
  /** Decides about each call; may be exchanged at any time. */
  script: (call: SeenCall) => Reaction;
  /** Called for each call when it has been read, before its reply. */
  onCall: (call: SeenCall) => void;
  /** What a reply waits for. */
  beforeReply: (call: SeenCall) => Promise<void> | undefined;
  /** Forgets all calls. */
  forget(): void;
  /** From now on calls wait for `release`. */
  hold(): void;
  release(): void;
  /** Resolves once `count` calls have been seen in all. */
  seen(count: number): Promise<void>;
  /** Resolves once no connection is open: all that a dead client sent has been read. */
  idle(): Promise<void>;
  /** How many calls of each model the service asks money for, each with `ANSWER_USAGE`. */
  readonly billed: ReadonlyMap<string, number>;
  /** Most calls open at one time. */
  readonly openMost: number;
};

/** A prompt that carries its id to the counting server. */
export function promptFor(id: string): string {
  return `[#${id}] 请用一句话介绍${id}，然后翻译成英文。Answer in one sentence.`;
}

const ID_IN_PROMPT = /\[#([^\]]+)\]/;

/** Usage of every answer: below what the program estimates for an open end, so that bounds can be checked. */
export const ANSWER_USAGE = { input: 24, output: 12 } as const;

const servers = new Set<Server>();

afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers.clear();
});

/** A service on loopback that speaks both protocols, counts every call and answers by id alone. */
export async function startCountingServer(): Promise<CountingServer> {
  const calls: SeenCall[] = [];
  const counts = new Map<string, number>();
  const billed = new Map<string, number>();
  const waits = new Set<() => void>();
  const sockets = new Set<Socket>();
  let held: (() => void)[] | null = null;
  let open = 0;
  const state = { openMost: 0 };
  const wake = (): void => {
    for (const wait of waits) wait();
  };
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const wait = (): void => {
        if (!condition()) return;
        waits.delete(wait);
        resolve();
      };
      waits.add(wait);
      wait();
    });

  // It never closes a connection by itself: a client that was held up for as long as that takes would
  // meet the close with its next call, and report a call that nobody counted.
  const patient = { keepAliveTimeout: 0, requestTimeout: 0 };
  const server = createServer(patient, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    response.on('close', () => {
      open -= 1;
    });
    open += 1;
    state.openMost = Math.max(state.openMost, open);
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const id = ID_IN_PROMPT.exec(body)?.[1] ?? 'unknown';
      const nth = (counts.get(id) ?? 0) + 1;
      counts.set(id, nth);
      const path = request.url ?? '';
      const protocol = path.startsWith('/api/v1/') ? 'dashscope' : 'openai';
      const json = JSON.parse(body) as Record<string, unknown>;
      const call: SeenCall = { id, nth, protocol, path, headers: request.headers, body, json };
      calls.push(call);
      const reaction = service.script(call);
      const model = String(json['model']);
      if (isBilled(reaction)) billed.set(model, (billed.get(model) ?? 0) + 1);
      service.onCall(call);
      wake();
      const react = (): void => {
        const reply = (): void => {
          send(response, call, reaction);
        };
        const wait = service.beforeReply(call);
        if (wait === undefined) reply();
        else void wait.then(reply);
      };
      if (held === null) react();
      else held.push(react);
    });
  });
  servers.add(server);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      wake();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: CountingServer = {
    origin,
    flags: ['--base-url', origin, '--rpm', '6000000'],
    calls,
    counts: () => new Map(counts),
    script: () => ({ kind: 'answer' }),
    onCall: () => undefined,
    beforeReply: () => undefined,
    forget() {
      calls.length = 0;
      counts.clear();
      billed.clear();
    },
    hold() {
      held ??= [];
    },
    release() {
      const waiting = held ?? [];
      held = null;
      for (const react of waiting) react();
    },
    seen: (count) => until(() => calls.length >= count),
    idle: () => until(() => sockets.size === 0),
    billed,
    get openMost() {
      return state.openMost;
    },
  };
  return service;
}

function isBilled(reaction: Reaction): boolean {
  switch (reaction.kind) {
    case 'answer':
    case 'reset':
    case 'cut':
    case 'hang':
      return true;
    case 'error':
      return false;
    case 'raw':
      return reaction.billed === true;
  }
}

function send(response: ServerResponse, call: SeenCall, reaction: Reaction): void {
  switch (reaction.kind) {
    case 'answer':
      if (asksForStream(call)) sendStream(response, call, reaction.content);
      else sendJson(response, 200, answerBody(call, reaction.content), {});
      return;
    case 'error':
      sendJson(response, reaction.status, errorBody(call, reaction), reaction.headers ?? {});
      return;
    case 'raw':
      response.writeHead(reaction.status, reaction.headers ?? {});
      response.end(reaction.body);
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'cut':
      sendHalf(response, call);
      return;
    case 'hang':
  }
}

/** The first half of what an answer would be; the connection ends before the rest. */
function sendHalf(response: ServerResponse, call: SeenCall): void {
  const stream = asksForStream(call);
  const whole = stream ? answerFrames(call).join('') : JSON.stringify(answerBody(call, undefined));
  response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
  response.write(whole.slice(0, whole.length / 2), () => response.destroy());
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export function asksForStream(call: SeenCall): boolean {
  return call.protocol === 'openai'
    ? call.json['stream'] === true
    : call.headers['x-dashscope-sse'] === 'enable';
}

/** The text of an answer where the script gives none. */
export function answerText(id: string): string {
  return `${id}：一句话介绍。One sentence about ${id}.`;
}

function usageOf(call: SeenCall): Record<string, number> {
  const { input, output } = ANSWER_USAGE;
  return call.protocol === 'openai'
    ? { prompt_tokens: input, completion_tokens: output, total_tokens: input + output }
    : { input_tokens: input, output_tokens: output, total_tokens: input + output };
}

/** 0, 1, ...: one for each choice that the call asks for. */
function choiceIndexes({ protocol, json }: SeenCall): readonly number[] {
  const parameters = protocol === 'openai' ? json : json['parameters'];
  const { n } = (parameters ?? {}) as { readonly n?: unknown };
  return Array.from({ length: typeof n === 'number' ? n : 1 }, (_, index) => index);
}

export function answerBody(call: SeenCall, content?: string): unknown {
  const message = { role: 'assistant', content: content ?? answerText(call.id) };
  const indexes = choiceIndexes(call);
  if (call.protocol === 'openai') {
    const choices = indexes.map((index) => ({
      index,
      message,
      finish_reason: 'stop',
      logprobs: null,
    }));
    const head = { id: `chatcmpl-${call.id}`, object: 'chat.completion', created: 1_767_225_600 };
    return { ...head, model: call.json['model'], choices, usage: usageOf(call) };
  }
  return {
    output: { choices: indexes.map((index) => ({ finish_reason: 'stop', index, message })) },
    usage: usageOf(call),
    request_id: `req-${call.id}`,
  };
}

export function errorBody(
  call: SeenCall,
  { code, message }: { code: string; message: string },
): unknown {
  if (call.protocol === 'openai') {
    return { error: { message, type: code, param: null, code }, request_id: `req-${call.id}` };
  }
  return { code, message, request_id: `req-${call.id}` };
}

/** Two pieces and the end, as the service streams with `incremental_output` (or the compatible way). */
function sendStream(response: ServerResponse, call: SeenCall, content: string | undefined): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(answerFrames(call, content).join(''));
}

/** The frames of a streamed answer: two pieces of text and the end. */
export function answerFrames(call: SeenCall, content?: string): string[] {
  const text = content ?? answerText(call.id);
  const half = Math.ceil(text.length / 2);
  const pieces = [text.slice(0, half), text.slice(half)];
  return call.protocol === 'openai' ? chatFrames(call, pieces) : nativeFrames(call, pieces);
}

function chatFrames(call: SeenCall, pieces: readonly string[]): string[] {
  const head = {
    id: `chatcmpl-${call.id}`,
    object: 'chat.completion.chunk',
    created: 1_767_225_600,
    model: call.json['model'],
  };
  const frame = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
  const choiceFrames = (index: number): string[] => [
    ...pieces.map((content, at) => {
      const delta = at === 0 ? { role: 'assistant', content } : { content };
      return frame({ ...head, choices: [{ index, delta, finish_reason: null }] });
    }),
    frame({ ...head, choices: [{ index, delta: {}, finish_reason: 'stop' }] }),
  ];
  return [
    ...choiceIndexes(call).flatMap(choiceFrames),
    frame({ ...head, choices: [], usage: usageOf(call) }),
    'data: [DONE]\n\n',
  ];
}

function nativeFrames(call: SeenCall, pieces: readonly string[]): string[] {
  return [...pieces, ''].map((content, at) => {
    const finish = at === pieces.length ? 'stop' : 'null';
    const message = { role: 'assistant', content };
    const choices = choiceIndexes(call).map((index) => ({ message, index, finish_reason: finish }));
    const value = {
      output: { choices },
      usage: usageOf(call),
      request_id: `req-${call.id}`,
    };
    return `id:${at + 1}\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify(value)}\n\n`;
  });
}
