import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { askQuotas } from '../../src/job/ask-quotas.ts';
import type { RunOptions } from '../../src/job/run-options.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';

const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';

/** What is known after asking a service that tells a quota to whoever asks, how often it was asked, and what was told. */
async function asked(compatibleBaseUrl: string | undefined) {
  let questions = 0;
  const server = createServer((_request, response) => {
    questions += 1;
    response.end(
      JSON.stringify({ data: [{ model: 'qwen-plus', usage_limit: { count_limit: 600 } }] }),
    );
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
    settings: { queryLimits: true, connectTimeoutMs: 5000, compatibleBaseUrl },
    job: { survey: { models: [{ model: 'qwen-plus' }] } },
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
  return { quotas, questions, events };
}

test('a realtime host is asked for its quotas', async () => {
  expect((await asked(undefined)).questions).toBeGreaterThan(0);
});

test('Batch Chat is not: what would be told are those of the realtime hosts', async () => {
  const { quotas, questions, events } = await asked(BATCH);
  expect({ size: quotas.size, questions }).toEqual({ size: 0, questions: 0 });
  expect(events).toMatchObject([
    { event: 'notice', severity: 'note', message: expect.stringContaining('Batch Chat') },
  ]);
});
