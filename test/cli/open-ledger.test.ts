import { mkdirSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type * as Library from '../../src/index.ts';
import { type Bench, CANARY_KEY, openBench } from '../helpers/bench.ts';
import { jsonl, nativeLine } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

// What programs import: the built library, in this process.
const built = new URL('../../dist/index.js', import.meta.url).href;
const { openLedger, runBatch, QbatchError } = (await import(built)) as typeof Library;

const GOOD = ['one', 'two', 'three'];

/** A ledger with two jobs: `a` has three answered lines and a rejected one, `b` one answered line. */
async function ledgerOfTwo(): Promise<{ bench: Bench; path: string }> {
  const bench = openBench();
  const bad = '{"custom_id":"bad","model":"qwen-plus","prompt":7}\n';
  bench.write('a.jsonl', jsonl(GOOD.map((id) => nativeLine(id))) + bad);
  bench.write('b.jsonl', jsonl([nativeLine('other')]));
  const at = { cwd: bench.path('.'), env: { HOME: bench.home, DASHSCOPE_API_KEY: CANARY_KEY } };
  const flags = { simulate: 'latency=0', ledger: 'both.qbatch.db', 'skip-invalid': true };
  for (const input of ['a.jsonl', 'b.jsonl']) await runBatch({ ...at, input, flags });
  return { bench, path: bench.path('both.qbatch.db') };
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

async function printed(bench: Bench, args: readonly string[]): Promise<unknown> {
  return JSON.parse((await runCli(bench, args)).stdout);
}

async function refusal(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(QbatchError);
    return error;
  }
}

describe('openLedger', () => {
  test('jobs, status and usage: tell what the commands print', async () => {
    const { bench, path } = await ledgerOfTwo();
    const ledger = openLedger(path);
    const jobs = await ledger.jobs();
    expect(jobs.map(({ job, state }) => [job, state])).toEqual([
      ['a', 'finished'],
      ['b', 'finished'],
    ]);
    const listed = (await printed(bench, ['jobs', '--json'])) as { jobs: unknown[] };
    expect(listed.jobs).toEqual(expect.arrayContaining([...jobs]));

    const status = await ledger.status({ job: 'a', verify: true });
    expect(status).toMatchObject({
      state: 'finished',
      lines: { total: 4, answered: 3, rejected: 1 },
      verify: { ok: true, findings: [] },
    });
    expect(
      await printed(bench, ['status', path, '--job', 'a', '--verify', '--json']),
    ).toMatchObject(JSON.parse(JSON.stringify(status)) as object);

    const both = await ledger.usage({ by: ['job'] });
    expect(both.groups.map(({ keys, answered }) => [...keys, answered])).toEqual([
      ['a', 3],
      ['b', 1],
    ]);
    const one = await ledger.usage({ jobs: ['b'] });
    expect(one).toMatchObject({ by: ['model'], jobs: { total: 1, simulated: 1 } });
    expect(one.totals).toMatchObject([{ lines: 1, answered: 1, cost: both.groups[1]?.cost }]);
  });

  test('a lock that cannot be looked at: a promise that rejects (66), and no throw', async () => {
    const { path } = await ledgerOfTwo();
    const ledger = openLedger(path);
    mkdirSync(`${path}.lock`);
    const asked = [ledger.jobs(), ledger.status({ job: 'a' })];
    for (const one of await Promise.allSettled(asked))
      expect(one).toMatchObject({ status: 'rejected', reason: { exitCode: 66 } });
  });

  test('results, errors and attempts: row by row what the files hold', async () => {
    const { bench, path } = await ledgerOfTwo();
    const ledger = openLedger(path);
    expect(await all(ledger.results('a'))).toEqual(bench.lines('a.results.jsonl'));
    expect(await all(ledger.errors('a'))).toEqual(bench.lines('a.errors.jsonl'));
    const attempts = await all(ledger.attempts('a'));
    expect(attempts.map(({ custom_id: id, class: ended }) => [id, ended])).toEqual(
      GOOD.map((id) => [id, 'answered']),
    );
  });

  test('a reader that wants no more: leaves no file open, and the ledger as it was', async () => {
    const { bench, path } = await ledgerOfTwo();
    const names = bench.names();
    const ledger = openLedger(path);
    const before = readdirSync('/proc/self/fd').length;
    for (let nth = 0; nth < 20; nth += 1) {
      for await (const line of ledger.results('a')) {
        expect(line.custom_id).toBe('one');
        break;
      }
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 20);
    expect(bench.names()).toEqual(names);
  });

  test('while a run works it: reads one moment, and is no run', async () => {
    const { bench, path } = await ledgerOfTwo();
    bench.write('c.jsonl', jsonl(GOOD.map((id) => nativeLine(id))));
    const seen: Promise<Library.StatusReport>[] = [];
    const ended = await runBatch({
      cwd: bench.path('.'),
      env: { HOME: bench.home, DASHSCOPE_API_KEY: CANARY_KEY },
      input: 'c.jsonl',
      flags: { simulate: 'latency=50ms', ledger: path, concurrency: 1 },
      onEvent: ({ event }) => {
        if (event === 'line-settled') seen.push(openLedger(path).status({ job: 'c' }));
      },
    });
    expect(ended.exitCode).toBe(0);
    const [first] = await Promise.all(seen);
    expect(first).toMatchObject({ state: 'running', holder: { pid: process.pid, job: 'c' } });
    expect(first?.lines.answered).toBeGreaterThan(0);
  });

  test('what is not there, or none: is refused as on the command line', async () => {
    const { bench, path } = await ledgerOfTwo();
    const ledger = openLedger(path);
    const cases: readonly (readonly [() => unknown, number])[] = [
      [() => openLedger(''), 64],
      [() => openLedger(bench.path('none.qbatch.db')), 66],
      [() => openLedger(bench.path('.')), 66],
      [() => openLedger(bench.path('a.jsonl')), 78],
      [() => ledger.status(), 64],
      [() => ledger.status({ job: 'none' }), 66],
      [() => ledger.usage({ by: ['colour'] }), 64],
      [() => ledger.usage({ jobs: ['a', 'none'] }), 66],
      [() => ledger.results('none').next(), 66],
    ];
    for (const [act, exitCode] of cases) expect(await refusal(act)).toMatchObject({ exitCode });
    expect(await refusal(() => openLedger(bench.path('.')))).toMatchObject({
      message: expect.stringMatching(/ is a folder, not a ledger$/) as string,
    });
  });

  test('options that are none, in plain JavaScript: refused (64), and not passed over for other jobs', async () => {
    const { path } = await ledgerOfTwo();
    const ledger = openLedger(path);
    const asked: readonly (readonly [() => unknown, string, string?])[] = [
      [
        () => ledger.status('a' as never),
        'status takes one object, but what it was given is of type string',
        'its options are job and verify',
      ],
      [
        () => ledger.usage({ job: 'a' } as never),
        'usage: there is no option job',
        'did you mean jobs?',
      ],
      [
        () => ledger.usage({ jobs: 'a' } as never),
        "usage: jobs is of type string; it must be a list of job names, such as ['may']",
      ],
      [
        () => ledger.usage({ by: 'model' } as never),
        "usage: by is of type string; it must be a list of keys, such as ['model']",
      ],
      [
        () => ledger.results({ job: 'a' } as never).next(),
        'results: job is of type object; it must be the name of a job',
      ],
      [() => ledger.status({ job: '' }), 'status: job is empty; it must be the name of a job'],
    ];
    for (const [act, message, hint] of asked)
      expect(await refusal(act)).toMatchObject({ exitCode: 64, message, hint });
    const left = { job: undefined, jobs: undefined };
    expect(await ledger.usage({ jobs: left.jobs })).toMatchObject({ jobs: { total: 2 } });
    expect(await refusal(() => ledger.status({ job: left.job }))).toMatchObject({ exitCode: 64 });
  });
});
