import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/ledger/database.ts';
import { type Bench, openBench } from '../helpers/bench.ts';
import { jsonl, promptLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';

const LAST = 'seed=7,latency=1ms';

function threeLines(): Bench {
  const bench = openBench();
  const lines = ['一', '二', '三'].map((id) => promptLine(id, { model: 'qwen-plus' }));
  bench.write('a.jsonl', jsonl(lines));
  return bench;
}

/** Answers differ from seed to seed, so that they show what the simulator was. */
async function answersOf(spec: string): Promise<string> {
  const bench = threeLines();
  expect(await runHere(bench, ['run', 'a.jsonl', `--simulate=${spec}`])).toMatchObject({
    status: 0,
  });
  return bench.read('a.results.jsonl');
}

/** A job whose one answer so far came from a simulator as `LAST` says, and that has two open lines. */
async function stoppedJob(): Promise<Bench> {
  const bench = threeLines();
  const run = ['run', 'a.jsonl', `--simulate=${LAST}`, '-c', '1', '--max-cost', '0.0011'];
  expect(await runHere(bench, run)).toMatchObject({ status: 3 });
  return bench;
}

/** A job on a simulator that failed every call. */
async function failedJob(): Promise<Bench> {
  const bench = threeLines();
  const run = ['run', 'a.jsonl', `--simulate=${LAST},errors=100%`, '--max-attempts', '1'];
  expect(await runHere(bench, run)).toMatchObject({ status: 1 });
  expect(bench.lines('a.errors.jsonl')).toHaveLength(3);
  return bench;
}

/** What the ledger remembers of the last run's flags, as another version may have left it. */
function rememberFlags(bench: Bench, flags: string | null): void {
  const database = openDatabase(bench.path('a.qbatch.db'));
  database.prepare('UPDATE jobs SET run_flags = ?').run(flags);
  database.close();
}

describe('a job on the simulator that goes on', () => {
  test('resume: the simulator is what it was in the last run, also where the environment says otherwise', async () => {
    const expected = await answersOf(LAST);
    expect(expected).not.toBe(await answersOf('seed=1'));
    for (const env of [{}, { QBATCH_SIMULATE: 'seed=3' }]) {
      const bench = await stoppedJob();
      expect(await runHere(bench, ['resume', 'a'], { env })).toMatchObject({ status: 0 });
      expect(bench.read('a.results.jsonl')).toBe(expected);
    }
  });

  test('resume: so are its errors', async () => {
    const bench = threeLines();
    const run = ['run', 'a.jsonl', '--simulate=errors=100%,latency=1ms', '--max-attempts', '1'];
    const stopping = [...run, '-c', '1', '--max-failures', '1'];
    expect(await runHere(bench, stopping)).toMatchObject({ status: 3 });
    const resumed = await runHere(bench, ['resume', 'a', '--max-attempts', '1', '--json']);
    expect(resumed.json()).toMatchObject({ lines: { answered: 0, failed: 3 } });
    expect(resumed.stderr).not.toContain('without its errors');
  });

  test('retry: likewise, but without the errors, by which the same lines would fail; it says so', async () => {
    const bench = await failedJob();
    const retry = await runHere(bench, ['retry', 'a', '--max-attempts', '1']);
    expect(retry).toMatchObject({ status: 0 });
    expect(retry.stderr).toContain(
      'the simulator keeps the settings of the last run (latency=1ms,errors=100%,seed=7), except errors,',
    );
    expect(bench.read('a.results.jsonl')).toBe(await answersOf(LAST));
  });

  test('what the command line says wins, and is what the next command takes', async () => {
    const bench = await failedJob();
    const same = ['retry', 'a', '--max-attempts', '1', '--simulate=errors=100%,seed=9'];
    const failed = await runHere(bench, [...same, '--json']);
    expect(failed.json()).toMatchObject({ lines: { answered: 0, failed: 3 } });
    expect(failed.stderr).not.toContain('without its errors');
    expect(await runHere(bench, ['retry', 'a'])).toMatchObject({ status: 0 });
    expect(bench.read('a.results.jsonl')).toBe(await answersOf('seed=9'));
  });

  test('a ledger that does not know it: the simulator that the environment names, else the default one', async () => {
    for (const [env, spec] of [
      [{}, 'seed=1'],
      [{ QBATCH_SIMULATE: 'seed=3' }, 'seed=3'],
    ] as const) {
      const bench = await failedJob();
      rememberFlags(bench, null);
      expect(await runHere(bench, ['retry', 'a'], { env })).toMatchObject({ status: 0 });
      expect(bench.read('a.results.jsonl')).toBe(await answersOf(spec));
    }
  });

  test('a ledger whose simulator this version does not know: 78, and what to say', async () => {
    const bench = await failedJob();
    rememberFlags(bench, JSON.stringify({ simulate: 'weather=rain' }));
    const retry = await runHere(bench, ['retry', 'a']);
    expect(retry).toMatchObject({ status: 78 });
    expect(retry.stderr).toContain(
      'cannot read the simulator settings of the last run of job a from its ledger',
    );
    expect(retry.stderr).toContain('unknown part "weather=rain"');
    expect(await runHere(bench, ['retry', 'a', '--simulate'])).toMatchObject({ status: 0 });
  });
});
