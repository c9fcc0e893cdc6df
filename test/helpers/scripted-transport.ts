import type { CallResult, Transport } from '../../src/call.ts';
import type { ApiFailure } from '../../src/failure.ts';
import type { HttpCall, HttpReply, StreamFold } from '../../src/protocols/protocol.ts';

type OpenFold = (reply: Omit<HttpReply, 'body'>) => StreamFold;

/** What one scripted call comes to; `hang`: nothing, until it is dropped. */
export type Scripted = CallResult | 'hang';

export type ScriptedTransport = Transport & {
  readonly sent: readonly HttpCall[];
  readonly released: readonly CallResult[];
};

/** A transport that follows a script; `nth` counts its calls from 1. */
export function scriptedTransport(
  script: (call: HttpCall, nth: number, openFold: OpenFold) => Scripted | Promise<Scripted>,
): ScriptedTransport {
  const sent: HttpCall[] = [];
  const released: CallResult[] = [];
  const hanging = new Set<() => void>();
  let inFlight = 0;
  return {
    sent,
    released,
    get inFlight() {
      return inFlight;
    },
    async send(call, openFold) {
      sent.push(call);
      inFlight += 1;
      const result = await script(call, sent.length, openFold);
      if (result === 'hang') {
        await new Promise<void>((resolve) => {
          hanging.add(resolve);
        });
      }
      inFlight -= 1;
      return result === 'hang'
        ? failedCall({
            kind: 'interrupted',
            code: 'qbatch_interrupted',
            message: 'the call was dropped when the run was stopped',
          })
        : result;
    },
    release: (result) => {
      released.push(result);
    },
    dropAll() {
      for (const drop of hanging) drop();
      hanging.clear();
    },
    dropUnsent: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** A whole reply. */
export function replyOf(
  statusCode: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): CallResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    kind: 'reply',
    reply: {
      statusCode,
      headers: { 'content-type': 'application/json', ...headers },
      body: Buffer.from(text),
    },
  };
}

/** The service's native answer. */
export function answerOf(
  text: string,
  tokens: { input: number; output: number } = { input: 20, output: 10 },
): CallResult {
  return replyOf(200, {
    output: { choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: text } }] },
    usage: {
      input_tokens: tokens.input,
      output_tokens: tokens.output,
      total_tokens: tokens.input + tokens.output,
    },
    request_id: '4909100c-7b5a-9f92-bfe5-000000000001',
  });
}

/** The service's native error. */
export function errorOf(
  statusCode: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): CallResult {
  return replyOf(
    statusCode,
    { code, message, request_id: 'ec8a1e2f-0000-9f92-bfe5-000000000002' },
    headers,
  );
}

/** No whole reply. */
export function failedCall(fields: Partial<ApiFailure> = {}): CallResult {
  return {
    kind: 'failed',
    failure: {
      kind: 'network',
      statusCode: null,
      code: 'qbatch_connection_error',
      message: 'the connection failed: socket hang up (ECONNRESET)',
      param: null,
      requestId: null,
      retryAfterMs: null,
      neverSent: false,
      body: null,
      usage: null,
      ...fields,
    },
  };
}
