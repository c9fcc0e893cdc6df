import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { dispatchFacts } from '../../src/ledger/read-trace.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import type { RunEvent } from '../../src/reporters/reporter.ts';
import type { Settings } from '../../src/settings.ts';
import { closeHarnesses, createHarness } from './job-harness.ts';

afterEach(closeHarnesses);

type Progress = Extract<RunEvent, { readonly event: 'progress' }>;

/** Forty lines that take long enough for the progress to be told; what it and the ledger say of limits. */
async function toldOf(settings: Partial<Settings>) {
  const at = await createHarness();
  at.writeInput(
    Array.from({ length: 40 }, (_, index) => ({
      custom_id: `l-${index}`,
      prompt: `[[simulate: latency=60ms]] ${index}`,
    })),
  );
  const progress: Progress[] = [];
  await at.run({
    settings: { concurrency: 4, ...settings },
    onEvent: (event) => {
      if (event.event === 'progress') progress.push(event);
    },
  });
  const lane = at.look(({ database }) => {
    const job = findJob(database, 'reviews');
    return job === null ? undefined : dispatchFacts(database, job, 1)?.lanes[0];
  });
  expect(progress.length).toBeGreaterThan(0);
  return { lane, limits: new Set(progress.map(({ rpmLimit }) => rpmLimit)) };
}

test('a simulator without quotas: no limit is told, and no share of one', async () => {
  const { lane, limits } = await toldOf({});
  expect(lane).toMatchObject({ rpmLimit: null, rpmOrigin: 'none', allowedRequests: 0 });
  expect([...limits]).toEqual([null]);
});

test('a limit that was given: is told with its origin, and what it allowed', async () => {
  const { lane, limits } = await toldOf({ rpm: new Map([['', 6_000]]) });
  expect(lane).toMatchObject({ rpmLimit: 6_000, rpmOrigin: 'flag' });
  expect(limits.has(null)).toBe(false);
});

/** What is noticed of limits that are given for models; the lines are of qwen-plus. */
async function noticesOf(
  origin: string,
  settings: Partial<Settings>,
  control?: unknown,
): Promise<string[]> {
  const at = await createHarness();
  at.writeInput([{ custom_id: 'l-1', prompt: '这家酒店的早餐很好。' }]);
  if (control !== undefined) {
    const path = join(at.folder, 'reviews.qbatch.db.control.json');
    writeFileSync(path, JSON.stringify(control), { mode: 0o600 });
  }
  const notices: string[] = [];
  await at.run({
    settings,
    origins: new Map([
      ['rpm', origin],
      ['tpm', origin],
    ]),
    onEvent: (event) => {
      if (event.event === 'notice')
        notices.push(`${event.severity}: ${event.message.replace(at.folder, '.')}`);
    },
  });
  return notices.filter((notice) => notice.includes('names'));
}

describe('a limit for a model that the job has no lines of', () => {
  const mistyped = new Map([['qwen-pluss', 60]]);
  const other = new Map([['text-writer', 60]]);

  test('by a flag: warned of, with the name that was meant', async () => {
    expect(await noticesOf('flag', { rpm: mistyped, tpm: other })).toEqual([
      'warning: --rpm names qwen-pluss (did you mean qwen-plus?), of which this job has no lines',
      'warning: --tpm names text-writer, of which this job has no lines',
    ]);
  });

  test('by a variable or a file, which may be there for other jobs: noted', async () => {
    expect(await noticesOf('/data/qbatch.config.json', { rpm: mistyped })).toEqual([
      'note: rpm of /data/qbatch.config.json names qwen-pluss (did you mean qwen-plus?), of which this job has no lines',
    ]);
  });

  test('by the control file: warned of', async () => {
    expect(await noticesOf('flag', {}, { rpm: { 'qwen-pluss': 60 } })).toEqual([
      'warning: ./reviews.qbatch.db.control.json names qwen-pluss (did you mean qwen-plus?), of which this job has no lines',
    ]);
  });

  test('a model that it has, and one limit for all: nothing is said', async () => {
    const rpm = new Map([['qwen-plus', 6000]]);
    expect(await noticesOf('flag', { rpm, tpm: new Map([['', 1_000_000]]) })).toEqual([]);
  });
});
