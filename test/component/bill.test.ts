import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import {
  type BilledUsage,
  factsAreThere,
  type PricedModel,
  pricedModels,
} from '../helpers/independent-bill.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { closeHarnesses, createHarness } from './job-harness.ts';

/*
 * A service that answers with any usage there can be and keeps its own bill, worked out from the
 * price facts by other code than the program's; the ledger must come to the same pico-unit.
 */

const LINES = Number(process.env['BILL_LINES'] ?? 5_000);
const TEST_MS = 60_000 + LINES * 20;

const servers: Server[] = [];
afterEach(async () => {
  await closeHarnesses();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** Numbers that follow from a text: the same call is answered in the same way in every run. */
function numbersOf(text: string): (below: number) => number {
  const bytes = createHash('sha512').update(text).digest();
  let at = 0;
  return (below) => {
    at = (at + 4) % 60;
    return bytes.readUInt32LE(at) % below;
  };
}

/** Somewhere in a tier, or on one of its bounds, or one beyond. */
function inputOf(model: PricedModel, next: (below: number) => number): number {
  const bound = model.bounds[next(Math.max(1, model.bounds.length))] ?? 200_000;
  return [bound, bound + 1, 1 + next(bound), 1 + next(2_000), 1 + next(2_000)][next(5)] ?? 1;
}

/** A request, as far as its usage depends on it. */
type Asked = { readonly native: boolean; readonly marked: boolean };

function usageOf(
  model: PricedModel,
  { native, marked }: Asked,
  next: (below: number) => number,
): BilledUsage {
  const input = inputOf(model, next);
  const output = 1 + next(9_000);
  const none = {
    cacheHit: 0,
    cacheCreated: 0,
    explicit: false,
    searches: 0,
    audioIn: 0,
    imageIn: 0,
  };
  const usage = { ...none, input, output, reasoning: 0, strategy: 'turbo' as const, audioOut: 0 };
  if (model.isOmni) {
    const audioIn = next(2) * next(input);
    const imageIn = next(2) * next(input - audioIn + 1);
    return { ...usage, audioIn, imageIn, audioOut: next(3) === 0 ? 1 + next(output) : 0 };
  }
  const cache = next(3);
  const hit = next(input + 1);
  const cached =
    cache === 1 && model.hasImplicitCache && !marked
      ? { cacheHit: hit }
      : cache === 2 && model.hasExplicitCache
        ? { cacheHit: hit, cacheCreated: next(2) * next(input - hit + 1), explicit: true }
        : {};
  return {
    ...usage,
    ...cached,
    reasoning: model.thinks ? next(2) * next(output + 1) : 0,
    searches: native && model.searches ? next(2) * next(3) : 0,
    strategy: (['turbo', 'max', 'agent'] as const)[next(3)] ?? 'turbo',
  };
}

/** The usage as the service words it: written tokens may be told as 0, and the type is sure natively only. */
function wireUsage(model: PricedModel, { native, marked }: Asked, usage: BilledUsage): object {
  const cache = {
    ...(usage.cacheHit > 0 && { cached_tokens: usage.cacheHit }),
    ...((usage.explicit || usage.cacheHit % 2 === 1) && {
      cache_creation_input_tokens: usage.cacheCreated,
    }),
    ...(usage.explicit && (native || !marked) && { cache_type: 'ephemeral' }),
  };
  const split = {
    text_tokens: usage.input - usage.audioIn - usage.imageIn,
    ...(usage.audioIn > 0 && { audio_tokens: usage.audioIn }),
    ...(usage.imageIn > 0 && { image_tokens: usage.imageIn }),
  };
  const outputSplit = {
    ...(usage.reasoning > 0 && { reasoning_tokens: usage.reasoning }),
    ...(usage.audioOut > 0 && {
      audio_tokens: usage.audioOut,
      text_tokens: usage.output - usage.audioOut,
    }),
  };
  if (!native) {
    return {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { ...cache, ...(model.isOmni && split) },
      completion_tokens_details: outputSplit,
    };
  }
  return {
    input_tokens: usage.input,
    output_tokens: usage.output,
    prompt_tokens_details: cache,
    output_tokens_details: outputSplit,
    ...(model.isOmni && { input_tokens_details: split }),
    ...(usage.searches > 0 && {
      plugins: { search: { count: usage.searches, strategy: usage.strategy } },
    }),
  };
}

function answer(native: boolean, usage: object, id: string): object {
  const message = { role: 'assistant', content: 'ok' };
  const choices = [{ index: 0, finish_reason: 'stop', message }];
  return native
    ? { output: { choices }, usage, request_id: id }
    : { id, object: 'chat.completion', model: 'any', choices, usage };
}

function send(response: ServerResponse, streamed: boolean, body: object, native: boolean): void {
  if (!streamed) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  if (native) {
    response.end(`id:1\nevent:result\n:HTTP_STATUS/200\ndata:${JSON.stringify(body)}\n\n`);
    return;
  }
  const { usage, ...rest } = body as { usage: object; choices: { message: object }[] };
  const choices = rest.choices.map(({ message, ...choice }) => ({ ...choice, delta: message }));
  const chunk = { ...rest, object: 'chat.completion.chunk', choices, usage: null };
  const last = { ...rest, object: 'chat.completion.chunk', choices: [], usage };
  response.end(
    `data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`,
  );
}

const REFUSALS = [
  [400, 'InvalidParameter', 'Range of input length should be [1, 30720]'],
  [400, 'DataInspectionFailed', 'Input data may contain inappropriate content.'],
  [500, 'InternalError', 'An internal error has occured, please try again later.'],
] as const;

/** Every model's own sum, in pico-CNY. */
type Bill = Map<string, { calls: number; pico: bigint }>;

async function startBillingService(models: ReadonlyMap<string, PricedModel>) {
  const bill: Bill = new Map();
  const seen = new Map<string, number>();
  /** What went wrong in this service itself. */
  const faults: unknown[] = [];
  const reply = (request: IncomingMessage, text: string, response: ServerResponse): void => {
    const body = JSON.parse(text) as { model: string; stream?: boolean };
    const native = !(request.url ?? '').includes('chat/completions');
    const key = createHash('sha1').update(text).digest('hex');
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    const next = numbersOf(`${key}/${nth}`);
    const refusal = next(20) === 0 ? REFUSALS[next(REFUSALS.length)] : undefined;
    if (refusal !== undefined) {
      const [status, code, message] = refusal;
      response.statusCode = status;
      response.setHeader('content-type', 'application/json');
      const error = native
        ? { code, message, request_id: key }
        : { error: { code, message, type: code }, request_id: key };
      response.end(JSON.stringify(error));
      return;
    }
    const model = models.get(body.model);
    if (model === undefined) throw new Error(`asked for ${body.model}`);
    const asked = { native, marked: text.includes('cache_control') };
    const usage = usageOf(model, asked, next);
    const sum = bill.get(model.id) ?? { calls: 0, pico: 0n };
    bill.set(model.id, { calls: sum.calls + 1, pico: sum.pico + model.bill(usage) });
    const streamed = native
      ? request.headers['x-dashscope-sse'] === 'enable'
      : body.stream === true;
    send(response, streamed, answer(native, wireUsage(model, asked, usage), key), native);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      try {
        reply(request, Buffer.concat(chunks).toString(), response);
      } catch (error) {
        faults.push(error);
        response.destroy();
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    bill,
    faults,
    endpoint: { dashscope: `${origin}/api/v1`, openai: `${origin}/compatible-mode/v1` },
  };
}

function lineOf(index: number, model: PricedModel): object {
  const text = `第 ${index} 题`;
  if (index % 3 > 0) return { custom_id: `l-${index}`, model: model.id, prompt: text };
  const marked = [{ type: 'text', text, cache_control: { type: 'ephemeral' } }];
  const messages = [{ role: 'user', content: index % 2 === 0 ? marked : text }];
  const url = '/v1/chat/completions';
  return { custom_id: `l-${index}`, method: 'POST', url, body: { model: model.id, messages } };
}

/** The job and every model's own sum, as the ledger has them. */
function ledgerBill({ database }: Ledger): { job: Record<string, unknown>; told: Bill } {
  const byModel = database
    .prepare(
      `SELECT model, count(*) AS calls, sum(cost_pico) AS pico FROM attempts
       WHERE class = 'answered' GROUP BY model`,
    )
    .safeIntegers()
    .all() as { model: string; calls: bigint; pico: bigint }[];
  return {
    job: database.prepare('SELECT * FROM jobs').safeIntegers().get() as Record<string, unknown>,
    told: new Map(byModel.map(({ model, calls, pico }) => [model, { calls: Number(calls), pico }])),
  };
}

test.skipIf(!factsAreThere)(
  `${LINES} mixed lines of every model, with failures and interruptions: the ledger comes to the service's own bill`,
  async () => {
    const models = pricedModels();
    const service = await startBillingService(new Map(models.map((model) => [model.id, model])));
    const at = await createHarness({ endpoint: service.endpoint });
    at.writeInput(
      Array.from({ length: LINES }, (_, index) =>
        lineOf(index, models[index % models.length] as PricedModel),
      ),
    );
    let stops = 0;
    for (const share of [0.3, 0.7, 1]) {
      let settled = 0;
      const result = await at.run({
        settings: {
          skipInvalid: true,
          concurrency: 64,
          maxAttempts: 3,
          rpm: new Map([['', 6_000_000]]),
          tpm: new Map([['', 1e12]]),
        },
        onEvent: (event, stop) => {
          if (event.event !== 'line-settled' || share === 1) return;
          settled += 1;
          if (settled > LINES * 0.3) stop.stop({ reason: 'test', code: 130, message: 'enough' });
        },
      });
      if (result.exitCode === 130) stops += 1;
    }
    expect(service.faults).toEqual([]);
    expect(stops).toBe(2);
    const { job, told } = at.look(ledgerBill);
    // Models whose lines need more than a text are rejected by the check; most are here.
    expect(told.size).toBeGreaterThan(100);
    expect(told).toEqual(service.bill);
    const total = [...service.bill.values()].reduce((sum, { pico }) => sum + pico, 0n);
    expect(job['cost_pico']).toBe(total);
    expect(job['answered']).toBeGreaterThan(BigInt(Math.floor(LINES / 2)));

    for (const suffix of ['', '-wal', '-shm', '.mark', '.lock'])
      rmSync(at.ledgerPath + suffix, { force: true });
    const stopped = await at.run({ adopt: true, settings: { skipInvalid: true } });
    expect(stopped.summary.lines.open).toBe(0);
    expect(at.look(ledgerBill).told).toEqual(service.bill);
  },
  TEST_MS,
);
