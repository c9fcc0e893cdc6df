import { afterEach, expect, test } from 'vitest';
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
