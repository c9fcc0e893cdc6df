import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { askQuotas } from '../../src/job/ask-quotas.ts';
import type { RunOptions } from '../../src/job/run-options.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';

const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';

const LIST = {
  output: {
    quotas: [{ model: 'qwen-plus', model_limit: { request_limit: 600 }, workspace_limit: null }],
  },
};

/** What is known after asking a service that replies so to a path (null: 404), what it was asked, and what was told. */
async function asked(
  settings: { readonly queryLimits?: boolean; readonly compatibleBaseUrl?: string } = {},
  replyTo: (path: string) => object | null = () => LIST,
  models: readonly string[] = ['qwen-plus'],
) {
  const questions: string[] = [];
  const server = createServer((request, response) => {
    const { url = '' } = request;
    questions.push(url);
    const reply = replyTo(url);
    if (reply === null) response.statusCode = 404;
    response.end(JSON.stringify(reply ?? { code: 'NotFound', message: 'no such path' }));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const events: RunEvent[] = [];
  const quotas = await askQuotas({
    settings: { queryLimits: true, connectTimeoutMs: 60_000, ...settings },
    job: { survey: { models: models.map((model) => ({ model })) } },
    endpoint: { dashscope: `${origin}/api/v1`, openai: `${origin}/v1` },
    apiKey: 'sk-0123456789abcdef',
    proxy: null,
    clock: systemClock,
    report: (event: RunEvent) => {
      events.push(event);
    },
    stop: { stopSignal: new AbortController().signal },
    redact: (text: string) => text,
  } as unknown as RunOptions);
  return { quotas: [...quotas], questions, events };
}

test('a realtime host is asked for its quotas, once for a model, and what it tells is known', async () => {
  expect(await asked()).toEqual({
    quotas: [['qwen-plus', { rpm: 600, tpm: null }]],
    questions: ['/api/v1/quotas?model=qwen-plus'],
    events: [],
  });
});

test('a host with the list where it was before: asked there, for the next model too; a model that it leaves out is told of', async () => {
  const { quotas, questions, events } = await asked(
    {},
    (path) => (path.startsWith('/api/v1/models/limits?') ? LIST : null),
    ['qwen-plus', 'qwen-max'],
  );
  expect(quotas).toEqual([['qwen-plus', { rpm: 600, tpm: null }]]);
  expect(questions).toEqual([
    '/api/v1/quotas?model=qwen-plus',
    '/api/v1/models/limits?model=qwen-plus',
    '/api/v1/models/limits?model=qwen-max',
  ]);
  expect(events).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('no quota of qwen-max; continuing') },
  ]);
});

test('nobody is asked where --query-limits is not given', async () => {
  expect(await asked({ queryLimits: false })).toEqual({ quotas: [], questions: [], events: [] });
});

test('a host that tells no quota: nothing is known, and why is a warning', async () => {
  const { quotas, questions, events } = await asked({}, () => null);
  expect(quotas).toEqual([]);
  expect(questions).toEqual([
    '/api/v1/quotas?model=qwen-plus',
    '/api/v1/models/limits?model=qwen-plus',
  ]);
  expect(events).toMatchObject([
    {
      event: 'notice',
      severity: 'warning',
      message: expect.stringMatching(/^--query-limits: .*\/quotas: .*no such path.*; continuing/),
    },
  ]);
});

test('Batch Chat is not asked: what would be told are those of the realtime hosts', async () => {
  const { quotas, questions, events } = await asked({ compatibleBaseUrl: BATCH });
  expect({ quotas, questions }).toEqual({ quotas: [], questions: [] });
  expect(events).toMatchObject([
    { event: 'notice', severity: 'note', message: expect.stringContaining('Batch Chat') },
  ]);
});
