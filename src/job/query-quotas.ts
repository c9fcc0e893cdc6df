import type { Transport } from '../call.ts';
import { type Clock } from '../clock.ts';
import { dashscope } from '../protocols/dashscope.ts';
import type { HttpCall, HttpReply } from '../protocols/protocol.ts';
import { type ModelQuota, parseQuotaList } from './quota-reply.ts';

/** Time limit for all queries of a run together. */
export const QUOTA_QUERY_MS = 10_000;
/** A job with more models queries only the first ones. */
const MODELS_ASKED_MAX = 50;
/** The path of the list, and its path before 2026-09. */
const PATHS = ['/quotas', '/models/limits'] as const;

export type QuotaQuery = {
  readonly transport: Transport;
  readonly models: readonly string[];
  readonly clock: Clock;
  readonly stop: AbortSignal;
  redact(text: string): string;
};

/** What the service reported, and what kept it from reporting all; null: nothing. */
export type QuotaAnswer = {
  readonly quotas: ReadonlyMap<string, ModelQuota>;
  readonly problem: string | null;
};

/**
 * Queries the service for the quotas of a job's models (`--query-limits`), once per run. Never rejects: a failure is a
 * problem to report, and the run continues with what it knows. The key goes only where the calls go, by the same transport:
 * no redirect is followed, and nothing else is sent.
 */
export async function queryQuotas(query: QuotaQuery): Promise<QuotaAnswer> {
  const { transport, clock, stop, models } = query;
  const drop = (): void => {
    transport.dropAll();
  };
  let late = false;
  const cancel = clock.after(QUOTA_QUERY_MS, () => {
    late = true;
    drop();
  });
  stop.addEventListener('abort', drop);
  const quotas = new Map<string, ModelQuota>();
  let problem: string | null = null;
  try {
    let path: string | null = null;
    for (const model of models.slice(0, MODELS_ASKED_MAX)) {
      if (quotas.has(model)) continue;
      const asked: Asked | string | null =
        late || stop.aborted ? null : await askFor(model, path, query);
      if (asked === null || typeof asked === 'string') {
        problem = late ? `no answer within ${QUOTA_QUERY_MS / 1000} s` : asked;
        break;
      }
      ({ path } = asked);
      for (const [name, quota] of asked.quotas) quotas.set(name, quota);
    }
  } finally {
    cancel();
    stop.removeEventListener('abort', drop);
  }
  const missing = models.filter((model) => !quotas.has(model));
  if (problem === null && missing.length > 0 && !stop.aborted)
    problem = `it lists no quota of ${missing.slice(0, 5).join(', ')}`;
  return { quotas, problem };
}

/** What was reported, and by which path. */
type Asked = { readonly quotas: ReadonlyMap<string, ModelQuota>; readonly path: string };

/** What the service reports for a model, or why it does not. */
async function askFor(
  model: string,
  known: string | null,
  query: QuotaQuery,
): Promise<Asked | string> {
  let problem = '';
  for (const path of known === null ? PATHS : [known]) {
    const reply = await get(`${path}?model=${encodeURIComponent(model)}`, query);
    if (typeof reply === 'string') return reply;
    if (reply.statusCode === 200) {
      const quotas = parseQuotaList(reply.body.toString('utf8'));
      return quotas === null ? `the reply of ${path} is not a list of quotas` : { quotas, path };
    }
    problem ||= `${path}: ${failureText(reply, query)}`;
    if (reply.statusCode !== 404) break;
  }
  return problem;
}

/** No model was called: only failures are decoded. */
const NO_MODEL = { model: '', incremental: null, choices: 1 } as const;

function failureText(reply: HttpReply, { redact }: QuotaQuery): string {
  const decoded = dashscope.decode({ ...reply, redact }, NO_MODEL);
  if (decoded.kind === 'answer') return `HTTP ${reply.statusCode}`;
  const { code, message } = decoded.failure;
  return `HTTP ${reply.statusCode} ${code}: ${redact(message)}`;
}

/** The reply, or why there is none. */
async function get(path: string, { transport }: QuotaQuery): Promise<HttpReply | string> {
  const call: HttpCall = {
    protocol: 'dashscope',
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
    body: Buffer.alloc(0),
    stream: false,
  };
  const result = await transport.send(call, (head) => dashscope.fold(head, NO_MODEL));
  // One reply at a time, and a small one.
  transport.release(result);
  if (result.kind === 'reply') return result.reply;
  return result.kind === 'stream' ? 'the reply is an event stream' : result.failure.message;
}
