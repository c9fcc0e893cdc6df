import { afterEach, expect, test } from 'vitest';
import { UNCOUNTED } from '../helpers/request-lines.ts';
import { closeHarnesses, createHarness, type Harness, type HarnessRun } from './job-harness.ts';

afterEach(closeHarnesses);

const SLOW = UNCOUNTED.model;
const FAST = 'qwen-plus';
/** More than may be open at once, with everything that is opened beyond the window. */
const BLOCK = 9500;

/** A block of one model, another of the other, and a few more of the first. */
function writeBlocks(at: Harness, lines: { slow: number; fast: number; more?: number }): string[] {
  const { slow, fast, more = 0 } = lines;
  const models = [[SLOW, slow] as const, [FAST, fast] as const, [SLOW, more] as const].flatMap(
    ([model, count]) => Array.from({ length: count }, () => model),
  );
  const ids = models.map((model, at) => `${model}-${at + 1}`);
  at.writeInput(
    models.map((model, at) => ({
      custom_id: ids[at],
      model,
      prompt: '给这条评论分类',
      parameters: { max_tokens: 20 },
    })),
  );
  return ids;
}

/** Ends the run as a signal does once so many lines of a model are settled. */
function stopAfter(model: string, count: number): NonNullable<HarnessRun['onEvent']> {
  let settled = 0;
  return (event, stop) => {
    if (event.event !== 'line-settled' || event.model !== model) return;
    settled += 1;
    if (settled === count)
      stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted by a signal' });
  };
}

const countOf = (at: Harness, sql: string): unknown[] =>
  at.look((ledger) => ledger.database.prepare(sql).pluck().all());

test('behind a long block of a slow model: the other model is done long before', async () => {
  const at = await createHarness();
  writeBlocks(at, { slow: BLOCK, fast: 100 });
  const stopped = await at.run({
    settings: { rpm: new Map([[SLOW, 60]]) },
    onEvent: stopAfter(FAST, 100),
  });
  expect(stopped).toMatchObject({ exitCode: 130, summary: { lines: { failed: 0 } } });
  expect(stopped.summary.lines.answered).toBeLessThan(200);
});

test('lines that waited behind others, over two runs: each is called once, and the files are in the order of the input', async () => {
  const at = await createHarness();
  const ids = writeBlocks(at, { slow: 1500, fast: 1000, more: 50 });
  const notes: string[] = [];
  const stop = stopAfter(FAST, 1000);
  await at.run({
    settings: { rpm: new Map([[SLOW, 60]]) },
    onEvent: (event, run) => {
      if (event.event === 'notice') notes.push(event.message);
      stop(event, run);
    },
  });
  expect(notes).toEqual([
    expect.stringMatching(
      /^1,00\d settled lines are not in the output files yet, because lines before them are open: they are in the ledger, and qbatch export writes them$/,
    ),
  ]);
  // In input order nothing of the other model is in the file yet: it is in the ledger.
  expect(at.results().every(({ custom_id }) => custom_id?.startsWith(SLOW) === true)).toBe(true);
  expect(countOf(at, `SELECT count(*) FROM lines WHERE custom_id LIKE '${FAST}-%'`)).toEqual([
    1000,
  ]);

  const ended = await at.run({ settings: { rpm: new Map([['', 6_000_000]]) } });
  expect(ended.exitCode).toBe(0);
  expect(at.results().map(({ custom_id }) => custom_id)).toEqual(ids);
  expect(at.simulator.stats().calls).toBe(ids.length);
});

test('a model that admits nothing, with more lines than are opened at once: all of them stay open, the other finishes, 69', async () => {
  const at = await createHarness();
  at.writeInput([
    ...Array.from({ length: 2000 }, (_, nth) => ({
      custom_id: `slow-${nth}`,
      model: SLOW,
      prompt: '[[simulate: error=Throttling.RateQuota]] 你好',
    })),
    ...Array.from({ length: 30 }, (_, nth) => ({
      custom_id: `fast-${nth}`,
      model: FAST,
      prompt: '你好',
    })),
  ]);
  const result = await at.run({ settings: { maxUnreachableMs: 0 } });
  expect(result).toMatchObject({
    exitCode: 69,
    summary: { lines: { answered: 30, failed: 0, open: 2000 }, possibly_billed: { attempts: 0 } },
  });
});
