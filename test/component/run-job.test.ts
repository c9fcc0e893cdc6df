import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { QbatchError } from '../../src/errors.ts';
import { CURSOR_START, findJob } from '../../src/ledger/jobs.ts';
import { openForReading } from '../../src/ledger/open-for-reading.ts';
import { settleTurns } from '../helpers/fake-clock.ts';
import { startOf } from '../helpers/temp-ledger.ts';
import { createQuickClock } from '../helpers/quick-clock.ts';
import { closeHarnesses, createHarness, type HarnessRun, timersLeft } from './job-harness.ts';

/**
 * Sockets, servers and file operations. Pipes and timers are the test runner's own: it sets one for
 * its report whenever it likes, while those of a run are counted by its clock.
 */
const resources = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((name) => /^(?:TCP|TLS|Immediate|FSReq|GetAddrInfo)/.test(name));
let before: string[] = [];

beforeEach(() => {
  before = resources();
});

afterEach(async () => {
  await closeHarnesses();
  await settleTurns(20);
  const left = resources();
  for (const name of before) if (left.includes(name)) left.splice(left.indexOf(name), 1);
  expect(left).toEqual([]);
  expect(timersLeft()).toBe(0);
});

/** `count` reviews; `special` gives the text of some. */
function reviews(
  count: number,
  special: Readonly<Record<number, string>> = {},
): { custom_id: string; prompt: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    custom_id: `评论-${index + 1}`,
    prompt: special[index + 1] ?? `给这条评论分类：第 ${index + 1} 件商品，物流很快`,
  }));
}

const ids = (lines: readonly { custom_id: string | null }[]): (string | null)[] =>
  lines.map(({ custom_id }) => custom_id);

const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `评论-${from + index}`);

async function refusalOf(run: Promise<unknown>): Promise<QbatchError> {
  const error: unknown = await run.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof QbatchError) return error;
  throw new Error('it was not refused', { cause: error });
}

/** Stops a run gracefully once so many lines are settled. */
const stopAfter = (count: number): NonNullable<HarnessRun['onEvent']> => {
  let settled = 0;
  return (event, stop) => {
    if (event.event !== 'line-settled') return;
    settled += 1;
    if (settled === count)
      stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted by a signal' });
  };
};

describe('runJob: whole jobs', () => {
  test('every line answered: 0, in input order, counted, the ledger agrees with the service to the token', async () => {
    const at = await createHarness();
    at.writeInput(reviews(60));
    const result = await at.run();
    expect(result.exitCode).toBe(0);
    expect(ids(at.results())).toEqual(numbered(1, 60));
    expect(at.errors()).toEqual([]);
    const stats = at.simulator.stats();
    expect(result.summary).toMatchObject({
      lines: { total: 60, answered: 60, failed: 0, rejected: 0, open: 0 },
      attempts: 60,
      usage: { input_tokens: stats.billedInputTokens, output_tokens: stats.billedOutputTokens },
      possibly_billed: { lines: 0, attempts: 0, tokens: 0 },
      stopped: null,
    });
    expect(result.job.state).toBe('finished');
    expect(Number(result.summary.cost.amount)).toBeGreaterThan(0);
  });

  test('mixed fates: answered, failed and rejected lines each in their file, once; 1', async () => {
    const at = await createHarness();
    at.writeInput([
      ...reviews(4, {
        2: '[[simulate: error=DataInspectionFailed]] 敏感内容',
        3: '[[simulate: error=InternalError times=1]] 差评',
      }),
      '{"custom_id":"坏行","prompt":',
      '',
      { custom_id: '评论-1', prompt: '重复的编号' },
    ]);
    const result = await at.run({ settings: { skipInvalid: true } });
    expect(result.exitCode).toBe(1);
    expect(result.summary.lines).toEqual({
      total: 6,
      answered: 3,
      failed: 1,
      rejected: 2,
      open: 0,
    });
    expect(ids(at.results())).toEqual(['评论-1', '评论-3', '评论-4']);
    expect(at.errors().map(({ error, id }) => [id, error?.code, error?.line])).toEqual([
      ['reviews-2', 'DataInspectionFailed', 2],
      ['reviews-5', 'qbatch_invalid_json', 5],
      ['reviews-7', 'qbatch_duplicate_custom_id', 7],
    ]);
    expect(result.summary.attempts).toBe(5);
  });

  test('a line too long to be held is changed: refused, naming that line', async () => {
    const at = await createHarness();
    const lines = reviews(3, { 2: '长'.repeat(1000) });
    const run = { settings: { skipInvalid: true, maxLineBytes: 1024 } };
    at.writeInput(lines);
    expect((await at.run(run)).summary.lines).toMatchObject({ answered: 2, rejected: 1 });
    at.writeInput(lines.map((line) => ({ ...line, prompt: line.prompt.replace(/长$/, '短') })));
    expect(await refusalOf(at.run(run))).toMatchObject({
      exitCode: 65,
      message: expect.stringContaining('line 2 is the first that differs'),
    });
  });

  test('X-DashScope-Wait-Timeout: a reply that begins after --timeout is waited for', async () => {
    const at = await createHarness();
    at.writeInput([
      {
        custom_id: '排队',
        method: 'POST',
        url: '/v1/chat/completions',
        headers: { 'X-DashScope-Wait-Timeout': '20' },
        body: {
          model: 'qwen-plus',
          messages: [{ role: 'user', content: '[[simulate: latency=2.5s]] 你好' }],
        },
      },
    ]);
    const result = await at.run({ settings: { timeoutMs: 1000, maxAttempts: 1 } });
    expect(result.summary).toMatchObject({ attempts: 1, lines: { answered: 1 } });
  });

  test('invalid lines without --skip-invalid: 65, nothing sent, no job and no files left behind', async () => {
    const at = await createHarness();
    at.writeInput([...reviews(3), '{"custom_id":"坏行"}']);
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 65 });
    expect(at.simulator.stats().calls).toBe(0);
    expect(
      [at.ledgerPath, at.resultsPath, at.errorsPath].filter((path) => existsSync(path)),
    ).toEqual([]);
  });

  test('refused by the gate (cost): no job left behind', async () => {
    const at = await createHarness();
    at.writeInput(reviews(3));
    const gate = (): Promise<void> =>
      Promise.reject(new QbatchError(3, 'the job will cost too much'));
    expect(await refusalOf(at.run({ gate }))).toMatchObject({ exitCode: 3 });
    expect(existsSync(at.ledgerPath)).toBe(false);
  });

  test('an empty input: 0, both files there, nothing sent', async () => {
    const at = await createHarness();
    writeFileSync(at.inputPath, '\n\n');
    const result = await at.run();
    expect(result).toMatchObject({ exitCode: 0, summary: { lines: { total: 0, open: 0 } } });
    expect(at.texts()).toEqual(['', '']);
  });

  test('both protocols, streamed and not, in one file', async () => {
    const at = await createHarness();
    const messages = [{ role: 'user', content: '给这条评论分类' }];
    at.writeInput([
      { custom_id: '原生', model: 'qwen-plus', input: { messages } },
      {
        custom_id: '原生流',
        model: 'qwen-plus',
        input: { messages },
        parameters: { incremental_output: true, result_format: 'message' },
        headers: { 'X-DashScope-SSE': 'enable' },
      },
      {
        custom_id: '兼容',
        method: 'POST',
        url: '/v1/chat/completions',
        body: { model: 'qwen-plus', messages },
      },
      {
        custom_id: '兼容流',
        method: 'POST',
        url: '/v1/chat/completions',
        body: { model: 'qwen-plus', messages, stream: true },
      },
      { custom_id: '思考', model: 'qwen-plus', messages, enable_thinking: true },
    ]);
    const result = await at.run();
    expect(result.exitCode).toBe(0);
    const results = at.results();
    expect(results.map(({ custom_id: id }) => id)).toEqual([
      '原生',
      '原生流',
      '兼容',
      '兼容流',
      '思考',
    ]);
    const texts = results.map(({ response }) => JSON.stringify(response?.body));
    for (const text of texts) expect(text).toContain('"finish_reason":"stop"');
    const stats = at.simulator.stats();
    expect(result.summary.usage).toMatchObject({
      input_tokens: stats.billedInputTokens,
      output_tokens: stats.billedOutputTokens,
    });
  });

  test('--order settled: every line once', async () => {
    // The first line's latency is over once all others are settled.
    const late: (() => void)[] = [];
    const at = await createHarness({
      serviceClock: {
        ...systemClock,
        after(_ms, run) {
          late.push(run);
          return () => undefined;
        },
      },
    });
    at.writeInput(reviews(40, { 1: '[[simulate: latency=1s]] 很慢的一条' }));
    let settled = 0;
    await at.run({
      settings: { order: 'settled' },
      onEvent: (event) => {
        if (event.event === 'line-settled') settled += 1;
        if (settled === 39) for (const run of late.splice(0)) run();
      },
    });
    expect(ids(at.results()).toSorted()).toEqual(numbered(1, 40).toSorted());
    expect(ids(at.results()).at(-1)).toBe('评论-1');
  });

  test('a second run on a finished job: nothing sent, the same files', async () => {
    const at = await createHarness();
    at.writeInput(reviews(12));
    await at.run();
    const texts = at.texts();
    const again = await at.run();
    expect(again).toMatchObject({
      exitCode: 0,
      summary: { lines: { answered: 12 }, attempts: 12 },
    });
    expect(at.simulator.stats().calls).toBe(12);
    expect(at.texts()).toEqual(texts);
  });

  test('outputs deleted after the job was finished: rebuilt from the ledger without a call', async () => {
    const at = await createHarness();
    at.writeInput(reviews(12, { 5: '[[simulate: error=DataInspectionFailed]] 敏感内容' }));
    await at.run();
    const texts = at.texts();
    rmSync(at.resultsPath);
    truncateSync(at.errorsPath, 3);
    await at.run();
    expect(at.texts()).toEqual(texts);
    expect(at.simulator.stats().calls).toBe(12);
  });
});

describe('runJob: stopped and continued', () => {
  test('outputs that are rebuilt: the cursor is back at the start before they are cut', async () => {
    const h = await createHarness();
    h.writeInput(reviews(20));
    await h.run();
    const before = h.texts();
    rmSync(h.errorsPath);
    const seen: unknown[] = [];
    await h.run({
      onEvent(event) {
        if (event.event !== 'job-start') return;
        const database = openForReading(h.ledgerPath);
        seen.push(statSync(h.resultsPath).size, findJob(database, 'reviews')?.cursor);
        database.close();
      },
    });
    expect(seen).toEqual([0, CURSOR_START]);
    expect(h.texts()).toEqual(before);
  });

  test('stopped gracefully again and again: no answer is paid twice, the files are those of one clean run', async () => {
    const clean = await createHarness();
    // Enough for four rounds of 20 lines and those that are in flight when a round is stopped.
    const input = reviews(160, {
      7: '[[simulate: error=DataInspectionFailed]] 敏感内容',
      30: '[[simulate: latency=30ms]] 很慢的一条',
    });
    clean.writeInput(input);
    await clean.run();
    const at = await createHarness();
    at.writeInput(input);
    for (let round = 0; round < 4; round += 1) {
      const result = await at.run({ onEvent: stopAfter(20) });
      expect(result).toMatchObject({
        exitCode: 130,
        summary: { stopped: { reason: 'interrupted' } },
      });
      expect(result.summary.lines.open).toBeGreaterThan(0);
      // Whatever is in the files is a prefix of the whole.
      for (const [index, text] of at.texts().entries())
        expect(clean.texts()[index]?.startsWith(text)).toBe(true);
    }
    const result = await at.run();
    expect(result.exitCode).toBe(1);
    expect(at.texts()).toEqual(clean.texts());
    expect(at.simulator.stats().calls).toBe(160);
    expect(result.summary.possibly_billed.attempts).toBe(0);
  });

  test('calls dropped: reported as possibly billed, their lines run again', async () => {
    const at = await createHarness();
    at.writeInput(reviews(3, { 2: '[[simulate: hang times=1]] 没有回音' }));
    let settled = 0;
    const dropped = await at.run({
      onEvent: (event, stop) => {
        if (event.event === 'line-settled') settled += 1;
        if (settled < 2 || stop.stopped !== null) return;
        stop.stop({ reason: 'interrupted', code: 130, message: 'interrupted by a signal' });
        stop.abort();
      },
    });
    expect(dropped.summary).toMatchObject({
      lines: { answered: 2, open: 1 },
      possibly_billed: { lines: 1, attempts: 1 },
    });
    expect(dropped.summary.possibly_billed.tokens).toBeGreaterThan(0);
    const result = await at.run();
    expect(result).toMatchObject({
      exitCode: 0,
      summary: { attempts: 4, possibly_billed: { lines: 1, attempts: 1 } },
    });
    expect(ids(at.results())).toEqual(numbered(1, 3));
  });

  test('killed between a start and its end: that attempt is possibly billed, free, and the next one has its own number', async () => {
    const at = await createHarness();
    at.writeInput(reviews(12));
    const stopped = await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(4) });
    const { attempts: before, lines } = stopped.summary;
    // What a kill -9 leaves: the start of a call without its end.
    const lineNo = 12;
    at.look((ledger) => {
      ledger.commit(
        stopped.job.id,
        { starts: [startOf(lineNo)], ends: [], settled: [] },
        { wallMs: 0, seqBefore: 99, cursor: null },
      );
    });
    const result = await at.run({ settings: { maxAttempts: 1 } });
    expect(result).toMatchObject({
      exitCode: 0,
      summary: {
        attempts: before + 1 + lines.open,
        possibly_billed: { lines: 1, attempts: 1, tokens: 300 },
      },
    });
    const attempts = at.look((ledger) =>
      ledger.database
        .prepare(
          'SELECT attempt, class, counted, code FROM attempts WHERE line_no = ? ORDER BY attempt',
        )
        .raw()
        .all(lineNo),
    );
    expect(attempts).toEqual([
      [1, 'possibly_billed', 0, 'qbatch_interrupted'],
      [2, 'answered', 1, null],
    ]);
  });

  test('the account is refused: 77, lines stay open, the next run answers them', async () => {
    const at = await createHarness();
    at.writeInput(reviews(10, { 1: '[[simulate: error=Arrearage times=1]] 账户欠费' }));
    const refused = await at.run({ settings: { concurrency: 1 } });
    expect(refused).toMatchObject({
      exitCode: 77,
      summary: { lines: { answered: 0, failed: 0, open: 10 } },
    });
    expect(refused.summary.stopped?.message).toContain('Arrearage');
    const result = await at.run();
    expect(result).toMatchObject({ exitCode: 0, summary: { lines: { answered: 10, open: 0 } } });
  });

  test('one model is refused: its lines stay open, the others are answered, 77', async () => {
    const at = await createHarness();
    const line = (model: string, index: number) => ({
      custom_id: `${model}-${index}`,
      model,
      prompt: model === 'qwen-max' ? '[[simulate: error=Model.AccessDenied]] 你好' : '你好',
    });
    at.writeInput(
      Array.from({ length: 20 }, (_, index) =>
        line(index % 2 === 0 ? 'qwen-max' : 'qwen-plus', index),
      ),
    );
    const parked: [string, boolean][] = [];
    const result = await at.run({
      onEvent: (event) => {
        if (event.event === 'model-parked') parked.push([event.model, event.othersContinue]);
      },
    });
    expect(result).toMatchObject({
      exitCode: 77,
      summary: { lines: { answered: 10, failed: 0, open: 10 } },
    });
    expect(parked).toEqual([['qwen-max', true]]);
    // Input order: the first line is still open, so nothing can be written yet.
    expect(at.results()).toEqual([]);
  });

  test('the last model that is parked leaves none that continues, whatever became of the others’ lines', async () => {
    const at = await createHarness();
    const line = (model: string, error: string) => ({
      custom_id: model,
      model,
      prompt: `[[simulate: error=${error}]] 你好`,
    });
    at.writeInput([line('qwen-plos', 'ModelNotFound'), line('qwen-max', 'Model.AccessDenied')]);
    const told: boolean[] = [];
    const result = await at.run({
      onEvent: (event) => {
        if (event.event === 'model-parked') told.push(event.othersContinue);
      },
    });
    expect(result).toMatchObject({ exitCode: 77, summary: { lines: { failed: 1, open: 1 } } });
    expect(told).toEqual([true, false]);
  });

  test('a model that does not exist among others: its lines fail, those unsent without a response', async () => {
    const at = await createHarness();
    const line = (model: string, index: number) => ({
      custom_id: `${model}-${index}`,
      model,
      prompt: model === 'qwen-plos' ? '[[simulate: error=ModelNotFound]] 你好' : '你好',
    });
    at.writeInput(
      Array.from({ length: 20 }, (_, index) =>
        line(index % 2 === 0 ? 'qwen-plos' : 'qwen-plus', index),
      ),
    );
    const result = await at.run({ settings: { concurrency: 1 } });
    expect(result).toMatchObject({
      exitCode: 1,
      summary: { lines: { answered: 10, failed: 10, open: 0 } },
    });
    const responses = at
      .errors()
      .map(({ response, error }) => `${response?.status_code ?? 'unsent'} ${error?.code}`);
    expect(responses).toEqual([
      '404 ModelNotFound',
      ...Array.from({ length: 9 }, () => 'unsent ModelNotFound'),
    ]);
  });

  test('--max-failures: 3, the rest stays open', async () => {
    const at = await createHarness();
    const bad = '[[simulate: error=DataInspectionFailed]] 敏感内容';
    at.writeInput(
      reviews(
        200,
        Object.fromEntries(
          Array.from({ length: 200 }, (_, index) => [index + 1, `${bad} ${index}`]),
        ),
      ),
    );
    const result = await at.run({ settings: { maxFailures: { count: 5 }, concurrency: 1 } });
    expect(result).toMatchObject({ exitCode: 3, summary: { stopped: { reason: 'failures' } } });
    expect(result.summary.lines.failed).toBeGreaterThanOrEqual(5);
    expect(result.summary.lines.open).toBeGreaterThan(100);
  });

  test.each([{ count: 5 }, { percent: 50 }])(
    '--max-failures %j: rejected lines were not sent, and do not count',
    async (maxFailures) => {
      const at = await createHarness();
      const rejected = { custom_id: 'x', prompt: '', temperature: 99 };
      at.writeInput([
        ...Array.from({ length: 150 }, (_, nth) => ({ ...rejected, custom_id: `坏行-${nth}` })),
        ...reviews(30),
      ]);
      const result = await at.run({ settings: { skipInvalid: true, maxFailures } });
      expect(result.summary).toMatchObject({
        stopped: null,
        lines: { answered: 30, rejected: 150, open: 0 },
      });
    },
  );

  test('stopped before its first commit: files that were lost are whole again', async () => {
    const at = await createHarness();
    at.writeInput(reviews(50, { 1: '[[simulate: error=DataInspectionFailed]] 敏感内容' }));
    const cap = { settings: { maxCost: '0.002', concurrency: 4 } };
    const stopped = await at.run(cap);
    const [results, errors] = at.texts();
    expect(stopped.summary.lines).toMatchObject({ failed: 1 });
    rmSync(at.resultsPath);
    // The cap is still reached: no call, no commit.
    expect(await at.run(cap)).toMatchObject({
      exitCode: 3,
      summary: { attempts: stopped.summary.attempts },
    });
    expect(at.texts()).toEqual([results, errors]);
    expect((await at.run()).exitCode).toBe(1);
    expect(at.results()).toHaveLength(49);
    expect(at.errors()).toHaveLength(1);
  });

  test('--max-cost: never beyond it, and the next run with more goes on', async () => {
    const at = await createHarness();
    at.writeInput(reviews(50));
    const stopped = await at.run({ settings: { maxCost: '0.002', concurrency: 4 } });
    expect(stopped).toMatchObject({ exitCode: 3, summary: { stopped: { reason: 'cost' } } });
    expect(Number(stopped.summary.cost.amount)).toBeLessThanOrEqual(0.002);
    expect(stopped.summary.lines.answered).toBeGreaterThan(0);
    expect((await at.run({ settings: { maxCost: '10' } })).exitCode).toBe(0);
    expect(at.simulator.stats().calls).toBe(50);
  });

  test('--max-cost with a model without a price: 78, nothing sent', async () => {
    const at = await createHarness();
    at.writeInput([{ custom_id: 'a', model: 'my-own-model', prompt: '你好' }]);
    expect(await refusalOf(at.run({ settings: { maxCost: '1' } }))).toMatchObject({
      exitCode: 78,
      hint: expect.stringContaining('--catalog'),
    });
    expect(at.simulator.stats().calls).toBe(0);
  });

  test('the service cannot be reached: 69 once --max-unreachable has passed, nothing counted, then it goes on', async () => {
    const at = await createHarness({
      endpoint: { dashscope: 'http://127.0.0.1:9/api/v1', openai: 'http://127.0.0.1:9/v1' },
    });
    at.writeInput(reviews(3));
    const result = await at.run({ settings: { maxUnreachableMs: 0 } });
    expect(result).toMatchObject({
      exitCode: 69,
      summary: { lines: { open: 3 }, possibly_billed: { attempts: 0 } },
    });
    const counted = at.look((ledger) =>
      ledger.database.prepare('SELECT DISTINCT class || counted FROM attempts').pluck().all(),
    );
    expect(counted).toEqual(['never_sent0']);
  });

  test('while the service cannot be reached the progress says so, with the reason, and counts no requests', async () => {
    const at = await createHarness({
      clock: createQuickClock(200),
      endpoint: { dashscope: 'http://127.0.0.1:9/api/v1', openai: 'http://127.0.0.1:9/v1' },
    });
    at.writeInput(reviews(3));
    const told: { slow: string | null; rpm: number }[] = [];
    await at.run({
      settings: { maxUnreachableMs: 20_000 },
      onEvent: (event) => {
        if (event.event === 'progress') told.push(event);
      },
    });
    expect(told.at(-1)?.slow).toMatch(/^no call has reached the service for \d+ s: .*ECONNREFUSED/);
    expect(told.every(({ rpm }) => rpm === 0)).toBe(true);
  });
});

describe('runJob: retry', () => {
  const withFailures = reviews(20, {
    3: '[[simulate: error=DataInspectionFailed times=1]] 一时',
    9: '[[simulate: error=DataInspectionFailed]] 总是',
  });

  test('of a finished job: its files stay as they are until it has settled again', async () => {
    const at = await createHarness();
    at.writeInput(withFailures);
    expect((await at.run()).exitCode).toBe(1);
    const old = at.texts();
    let during: string[] = [];
    const result = await at.run({
      retry: true,
      onEvent: (event) => {
        if (event.event === 'line-settled') during = at.texts();
      },
    });
    expect(during).toEqual(old);
    expect(result).toMatchObject({
      exitCode: 1,
      summary: { lines: { answered: 19, failed: 1, open: 0 }, attempts: 22 },
    });
    expect(ids(at.results())).toEqual(numbered(1, 20).filter((id) => id !== '评论-9'));
    expect(ids(at.errors())).toEqual(['评论-9']);
    expect(at.simulator.stats().calls).toBe(22);
  });

  test('of a job that was stopped: the failed lines run with the open ones', async () => {
    const at = await createHarness();
    at.writeInput(withFailures);
    const stopped = await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(12) });
    expect(stopped.summary.lines.failed).toBe(2);
    expect(at.errors()).toHaveLength(2);
    const result = await at.run({ retry: true });
    expect(result).toMatchObject({
      exitCode: 1,
      summary: { lines: { answered: 19, failed: 1, open: 0 } },
    });
    expect(ids(at.results())).toEqual(numbered(1, 20).filter((id) => id !== '评论-9'));
    expect(ids(at.errors())).toEqual(['评论-9']);
  });
});

describe("prepareJob: the job's identity", () => {
  test('the input changed after lines were settled: 65 naming the first line that differs; with accept, only what changed is run', async () => {
    const at = await createHarness();
    const input = reviews(20);
    at.writeInput(input);
    await at.run();
    at.writeInput(
      input.map((line, index) => (index === 6 ? { ...line, prompt: '改过的问题' } : line)),
    );
    expect((await refusalOf(at.run())).message).toContain('line 7');
    const result = await at.run({ acceptChangedInput: true });
    expect(result).toMatchObject({
      exitCode: 0,
      summary: { lines: { total: 20, answered: 20, open: 0 }, attempts: 21 },
    });
    expect(ids(at.results())).toEqual(numbered(1, 20));
    expect(at.simulator.stats().calls).toBe(21);
  });

  test('lines moved, added and removed: moved ones keep their answers under their new numbers', async () => {
    const at = await createHarness();
    const input = reviews(10);
    at.writeInput(input);
    await at.run();
    const answers = new Map(at.results().map(({ custom_id, response }) => [custom_id, response]));
    at.writeInput([{ custom_id: '新来的', prompt: '新的一条' }, ...input.slice(4).toReversed()]);
    const result = await at.run({ acceptChangedInput: true });
    expect(result.summary).toMatchObject({ lines: { total: 7, answered: 7 }, attempts: 11 });
    expect(at.results().map(({ id, custom_id }) => `${id} ${custom_id}`)).toEqual([
      'reviews-1 新来的',
      ...[10, 9, 8, 7, 6, 5].map((number, index) => `reviews-${index + 2} 评论-${number}`),
    ]);
    for (const { custom_id, response } of at.results().slice(1))
      expect(response).toEqual(answers.get(custom_id));
    expect(at.simulator.stats().calls).toBe(11);
  });

  test('an id that is given twice now, the second time with the old content: the first is run, the second rejected', async () => {
    const at = await createHarness();
    const old = { custom_id: '评论-1', prompt: '原来的问题' };
    at.writeInput([old, ...reviews(3).slice(1)]);
    await at.run();
    at.writeInput([{ custom_id: '评论-1', prompt: '改过的问题' }, ...reviews(3).slice(1), old]);
    const result = await at.run({ acceptChangedInput: true, settings: { skipInvalid: true } });
    expect(result).toMatchObject({
      exitCode: 1,
      summary: { lines: { total: 4, answered: 3, rejected: 1, open: 0 } },
    });
    expect(ids(at.results())).toEqual(numbered(1, 3));
    expect(at.errors().map(({ id, error }) => `${id} ${error?.code}`)).toEqual([
      'reviews-4 qbatch_duplicate_custom_id',
    ]);
  });

  test('a changed input with invalid lines: rejected lines are judged anew, answers stay', async () => {
    const at = await createHarness();
    at.writeInput([...reviews(3), '{"custom_id":"坏行"']);
    expect((await at.run({ settings: { skipInvalid: true } })).summary.lines).toMatchObject({
      answered: 3,
      rejected: 1,
    });
    at.writeInput([
      ...reviews(3),
      { custom_id: '坏行', prompt: '修好了' },
      '{"custom_id":"又一坏行"',
    ]);
    const result = await at.run({ acceptChangedInput: true, settings: { skipInvalid: true } });
    expect(result.summary).toMatchObject({
      lines: { total: 5, answered: 4, rejected: 1, open: 0 },
      attempts: 4,
    });
    expect(at.errors().map(({ id }) => id)).toEqual(['reviews-5']);
  });

  test('a stopped job goes on with a changed input', async () => {
    const at = await createHarness();
    const input = reviews(30);
    at.writeInput(input);
    await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(10) });
    at.writeInput([
      ...input.slice(0, 3),
      { custom_id: '评论-4', prompt: '改过的问题' },
      ...input.slice(4),
    ]);
    const result = await at.run({ acceptChangedInput: true });
    expect(result).toMatchObject({ exitCode: 0, summary: { lines: { answered: 30, open: 0 } } });
    expect(ids(at.results())).toEqual(numbered(1, 30));
  });

  test('another --model: 65; with nothing settled yet it simply takes it', async () => {
    const at = await createHarness();
    at.writeInput(reviews(3, { 1: '[[simulate: error=Arrearage times=1]] 账户欠费' }));
    expect((await at.run({ settings: { concurrency: 1 } })).exitCode).toBe(77);
    // The simulator's fault is per model, so the other one meets it too.
    expect((await at.run({ settings: { model: 'qwen-max', concurrency: 1 } })).exitCode).toBe(77);
    expect((await at.run({ settings: { model: 'qwen-max' } })).exitCode).toBe(0);
    const refused = await refusalOf(at.run({ settings: { model: 'qwen-turbo' } }));
    expect(refused).toMatchObject({ exitCode: 65 });
    expect(refused.message).toContain('--model was qwen-max and is now qwen-turbo');
  });

  test('--accept-changed-input never crosses from the simulator to a service', async () => {
    const at = await createHarness();
    at.writeInput(reviews(2));
    await at.run();
    const refused = await refusalOf(
      at.run({ settings: { simulate: undefined }, acceptChangedInput: true }),
    );
    expect(refused).toMatchObject({ exitCode: 65, hint: expect.stringContaining('--fresh') });
  });

  test('--fresh: everything is forgotten and run again', async () => {
    const at = await createHarness();
    at.writeInput(reviews(5));
    await at.run();
    const result = await at.run({ fresh: true });
    expect(result).toMatchObject({ exitCode: 0, summary: { lines: { answered: 5 }, attempts: 5 } });
    expect(at.simulator.stats().calls).toBe(10);
    expect(ids(at.results())).toEqual(numbered(1, 5));
  });

  test('--fresh, stopped half way: the old files stay until everything is answered anew', async () => {
    const at = await createHarness();
    at.writeInput(reviews(30));
    await at.run();
    const old = at.texts();
    const stopped = await at.run({
      fresh: true,
      settings: { concurrency: 1 },
      onEvent: stopAfter(5),
    });
    expect(stopped.summary.lines.open).toBeGreaterThan(0);
    expect(at.texts()).toEqual(old);
    expect((await at.run()).exitCode).toBe(0);
    expect(ids(at.results())).toEqual(numbered(1, 30));
    expect(at.simulator.stats().calls).toBe(60);
  });

  test('outputs that this job did not write: 73, untouched', async () => {
    const at = await createHarness();
    at.writeInput(reviews(2));
    writeFileSync(at.resultsPath, '别人的文件\n');
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 73 });
    expect(readFileSync(at.resultsPath, 'utf8')).toBe('别人的文件\n');
    expect(at.simulator.stats().calls).toBe(0);
  });
});

describe('a ledger that was lost', () => {
  const input = reviews(20, { 4: '[[simulate: error=DataInspectionFailed]] 敏感内容' });

  test('outputs of this job without a ledger: 78 naming --adopt-outputs; with it, no answer is paid again', async () => {
    const at = await createHarness();
    at.writeInput(input);
    const first = await at.run();
    const texts = at.texts();
    for (const suffix of ['', '-wal', '-shm', '.mark', '.lock'])
      rmSync(at.ledgerPath + suffix, { force: true });
    expect(await refusalOf(at.run())).toMatchObject({
      exitCode: 78,
      hint: expect.stringContaining('--adopt-outputs'),
    });
    expect(at.texts()).toEqual(texts);
    const adopted = await at.run({ adopt: true });
    expect(adopted).toMatchObject({
      exitCode: 1,
      summary: { lines: first.summary.lines, usage: first.summary.usage, cost: first.summary.cost },
    });
    expect(at.texts()).toEqual(texts);
    expect(at.simulator.stats().calls).toBe(20);
  });

  test('--adopt-outputs with a file that another program wrote: 73, untouched', async () => {
    const at = await createHarness();
    at.writeInput(input);
    writeFileSync(at.resultsPath, '别人的文件\n');
    expect(await refusalOf(at.run({ adopt: true }))).toMatchObject({ exitCode: 73 });
    expect(readFileSync(at.resultsPath, 'utf8')).toBe('别人的文件\n');
    expect(at.simulator.stats().calls).toBe(0);
  });

  test('outputs cut off in the middle: the complete lines are adopted, the rest is run', async () => {
    const at = await createHarness();
    at.writeInput(input);
    await at.run();
    const [results = ''] = at.texts();
    for (const suffix of ['', '-wal', '-shm', '.mark', '.lock'])
      rmSync(at.ledgerPath + suffix, { force: true });
    truncateSync(at.resultsPath, Math.floor(Buffer.byteLength(results) / 2));
    const kept = readFileSync(at.resultsPath, 'utf8').split('\n').length - 1;
    const adopted = await at.run({ adopt: true });
    expect(adopted.summary.lines).toMatchObject({ answered: 19, failed: 1, open: 0 });
    expect(ids(at.results())).toEqual(
      ids(
        results
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as { custom_id: string }),
      ),
    );
    expect(at.simulator.stats().calls).toBe(20 + (19 - kept));
  });

  test('failures that no reply is known of: run again, not in the way of the adoption', async () => {
    const at = await createHarness();
    at.writeInput(reviews(6, { 2: '[[simulate: reset times=2]] 断开的连接' }));
    expect((await at.run()).summary.lines).toMatchObject({ answered: 5, failed: 1 });
    for (const suffix of ['', '-wal', '-shm', '.mark', '.lock'])
      rmSync(at.ledgerPath + suffix, { force: true });
    const adopted = await at.run({ adopt: true });
    expect(adopted).toMatchObject({ exitCode: 0, summary: { lines: { answered: 6, failed: 0 } } });
    expect(ids(at.results())).toEqual(numbered(1, 6));
    expect(at.errors()).toEqual([]);
  });

  test('an older copy of the ledger under newer outputs: 78, nothing touched; adopted, no answer is paid again', async () => {
    const at = await createHarness();
    at.writeInput(input);
    await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(5) });
    copyFileSync(at.ledgerPath, `${at.ledgerPath}.older`);
    const result = await at.run();
    const texts = at.texts();
    copyFileSync(`${at.ledgerPath}.older`, at.ledgerPath);
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 78 });
    // Without its mark the outputs still tell.
    rmSync(`${at.ledgerPath}.mark`);
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 78 });
    expect(at.texts()).toEqual(texts);
    const adopted = await at.run({ adopt: true });
    expect(adopted.summary.lines).toEqual(result.summary.lines);
    expect(at.texts()).toEqual(texts);
    expect(at.simulator.stats().calls).toBe(20);
  });

  test('an older copy with a call in flight, all lines adopted: no call is left without an end', async () => {
    const at = await createHarness();
    at.writeInput(input);
    await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(5) });
    at.look((ledger) => {
      const id = findJob(ledger.database, 'reviews')?.id ?? 0;
      ledger.commit(
        id,
        { starts: [startOf(19)], ends: [], settled: [] },
        { wallMs: 0, seqBefore: 0, cursor: null },
      );
    });
    copyFileSync(at.ledgerPath, `${at.ledgerPath}.older`);
    await at.run();
    copyFileSync(`${at.ledgerPath}.older`, at.ledgerPath);
    const { summary } = await at.run({ adopt: true });
    expect(summary).toMatchObject({ lines: { open: 0 }, possibly_billed: { attempts: 1 } });
    const unended = 'SELECT count(*) FROM attempts WHERE class IS NULL';
    expect(at.look(({ database }) => database.prepare(unended).pluck().get())).toBe(0);
  });

  test('an older copy in which a line had failed that was answered since: adopted, not lost', async () => {
    const at = await createHarness();
    at.writeInput(reviews(6, { 2: '[[simulate: error=InvalidParameter times=1]] 参数错误' }));
    expect((await at.run()).summary.lines).toMatchObject({ answered: 5, failed: 1 });
    copyFileSync(at.ledgerPath, `${at.ledgerPath}.older`);
    const result = await at.run({ retry: true });
    const texts = at.texts();
    copyFileSync(`${at.ledgerPath}.older`, at.ledgerPath);
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 78 });
    const adopted = await at.run({ adopt: true });
    expect(adopted).toMatchObject({
      exitCode: 0,
      summary: { lines: result.summary.lines, cost: result.summary.cost },
    });
    expect(at.texts()).toEqual(texts);
    expect(at.simulator.stats().calls).toBe(7);
  });

  test.each<[string, HarnessRun]>([
    ['retry', { retry: true }],
    ['--accept-changed-input', { acceptChangedInput: true }],
    ['results that go elsewhere', { settings: { output: 'elsewhere' } }],
    ['another order', { settings: { order: 'settled' } }],
  ])(
    'ledger and mark both older than the outputs, %s: 78, nothing touched',
    async (_name, { settings, ...run }) => {
      const at = await createHarness();
      at.writeInput(reviews(20, { 1: '[[simulate: error=DataInspectionFailed]] 敏感内容' }));
      await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(5) });
      for (const suffix of ['', '.mark'])
        copyFileSync(at.ledgerPath + suffix, `${at.ledgerPath}.older${suffix}`);
      await at.run();
      const texts = at.texts();
      for (const suffix of ['', '.mark'])
        copyFileSync(`${at.ledgerPath}.older${suffix}`, at.ledgerPath + suffix);
      const { output, ...others } = settings ?? {};
      const there =
        output === undefined ? others : { ...others, output: `${at.folder}/${output}.jsonl` };
      expect(await refusalOf(at.run({ ...run, settings: there }))).toMatchObject({
        exitCode: 78,
        message: expect.stringContaining('which the ledger does not hold'),
      });
      expect(at.texts()).toEqual(texts);
      expect(at.simulator.stats().calls).toBe(20);
    },
  );

  test('--adopt-outputs that is refused leaves the ledger known as older', async () => {
    const at = await createHarness();
    at.writeInput(reviews(6));
    await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(2) });
    copyFileSync(at.ledgerPath, `${at.ledgerPath}.older`);
    await at.run();
    copyFileSync(`${at.ledgerPath}.older`, at.ledgerPath);
    at.writeInput(reviews(7));
    expect(await refusalOf(at.run({ adopt: true }))).toMatchObject({ exitCode: 65 });
    expect(await refusalOf(at.run({ acceptChangedInput: true }))).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('went backwards'),
    });
    expect(at.simulator.stats().calls).toBe(6);
    const both = await at.run({ adopt: true, acceptChangedInput: true });
    expect(both.summary.lines).toMatchObject({ answered: 7, open: 0 });
    expect(at.simulator.stats().calls).toBe(7);
    expect((await at.run({ acceptChangedInput: true })).exitCode).toBe(0);
  });

  test('a foreign line appended to the results: 78 before anything is sent', async () => {
    const at = await createHarness();
    at.writeInput(input);
    await at.run({ settings: { concurrency: 1 }, onEvent: stopAfter(5) });
    appendFileSync(
      at.resultsPath,
      '{"id":"reviews-19","custom_id":"评论-19","response":null,"error":null}\n',
    );
    const { calls } = at.simulator.stats();
    expect(await refusalOf(at.run())).toMatchObject({ exitCode: 78 });
    expect(at.simulator.stats().calls).toBe(calls);
  });
});
