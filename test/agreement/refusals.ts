import { expect } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { bodyOf, pathOf } from './lines.ts';
import type { Draft } from './lines.ts';

/** An error as a client sees it. */
export type Refusal = { readonly status: number; readonly code: string; readonly message: string };

/** The simulator's error to a request sent as it is, or null where it answers. */
export function refusalOf(simulator: Simulator, draft: Draft): Promise<Refusal | null> {
  const sse = draft.stream && draft.protocol === 'native' ? { 'x-dashscope-sse': 'enable' } : {};
  return refusalTo(simulator, pathOf(draft), JSON.stringify(bodyOf(draft)), sse);
}

/** The same for any body and headers. */
export async function refusalTo(
  simulator: Simulator,
  path: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Refusal | null> {
  const response = await fetch(simulator.origin + path, {
    method: 'POST',
    headers: {
      authorization: 'Bearer sk-rehearsal',
      'content-type': 'application/json',
      ...headers,
    },
    body,
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const [first = text] = isStream ? (/^data: ?(.*)$/m.exec(text)?.slice(1) ?? []) : [];
  const parsed = JSON.parse(first) as { code?: string; message?: string; error?: Refusal };
  // A native stream has its status in the frame (recorded).
  const framed = /^:HTTP_STATUS\/(\d+)$/m.exec(text)?.[1];
  const status = framed === undefined ? response.status : Number(framed);
  const { code, message } = parsed.error ?? parsed;
  if (code === undefined || message === undefined) return null;
  // Each protocol has an envelope of its own (recorded).
  const isChat = path.startsWith('/compatible-mode');
  const fields = Object.keys(isChat ? (parsed.error ?? {}) : parsed).toSorted();
  expect(fields).toEqual(
    isChat ? ['code', 'message', 'param', 'type'] : ['code', 'message', 'request_id'],
  );
  return { status, code, message };
}

/** Runs `use` with a simulator that has no latency and fails nothing by itself. */
export async function withSimulator<T>(use: (simulator: Simulator) => Promise<T>): Promise<T> {
  const spec = { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 1 };
  const simulator = await startSimulator({ spec });
  try {
    return await use(simulator);
  } finally {
    await simulator.close();
  }
}
