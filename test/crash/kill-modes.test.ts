import { expect, test } from 'vitest';
import { crashScript, jitter } from '../helpers/crash-job.ts';
import {
  CRASH_SEED,
  expectWhole,
  type Files,
  filesOf,
  killedJob,
  openCrashJob,
  runCommand,
  tell,
  uninterruptedFiles,
} from '../helpers/crash-run.ts';
import { killUntilFinished } from '../helpers/kill-campaign.ts';
import { seededRandom } from '../helpers/random.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const KILLS_LEAST = 15;

function sorted({ results, errors }: Files): Files {
  const sort = (text: string): string => text.split('\n').toSorted().join('\n');
  return { results: sort(results), errors: sort(errors) };
}

/** Whole lines of a file, the torn last one left out. */
function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

test('kill -9 with --order settled: the same lines as an uninterrupted run, each once, none that the ledger does not hold', async () => {
  const random = seededRandom(CRASH_SEED + 1);
  const expected = sorted(await uninterruptedFiles(['--order', 'settled']));
  for (let kills = 0; kills < KILLS_LEAST;) {
    const end = await killedJob(random, ['--order', 'settled'], ({ results, errors }, bench) => {
      const settled = readLedgerCopy(bench.path('job.qbatch.db'))?.settled ?? new Set<string>();
      const written = [...wholeLines(results), ...wholeLines(errors)].map((line) =>
        String((JSON.parse(line) as { custom_id: string }).custom_id),
      );
      expect(new Set(written).size).toBe(written.length);
      expect(written.filter((id) => !settled.has(id))).toEqual([]);
    });
    expect(sorted(end.files)).toEqual(expected);
    kills += end.kills;
    tell('order settled', end.kills, end.calls);
  }
});

test('kill -9 during retry: the finished files stay as they were until the new ones take their place, whole', async () => {
  const random = seededRandom(CRASH_SEED + 2);
  for (let kills = 0; kills < KILLS_LEAST;) {
    const { bench, server, input } = await openCrashJob();
    expect(await runCli(bench, runCommand(server, []))).toMatchObject({ status: 1 });
    const before = filesOf(bench);
    server.script = crashScript(input.ids, { refuses: false });
    server.beforeReply = jitter(random);
    const seen: Files[] = [];
    const { kills: count, last } = await killUntilFinished({
      bench,
      server,
      random,
      args: [
        'retry',
        'job.qbatch.db',
        '--skip-invalid',
        '--json',
        '-q',
        '-c',
        '2',
        '--rpm',
        '6000000',
      ],
      ledger: 'job.qbatch.db',
      stepMost: 5,
      keeps: 'answered',
      afterKill: () => seen.push(filesOf(bench)),
    });
    // The three lines that can never be sent stay rejected.
    expect(last).toMatchObject({ status: 1, signal: null });
    expectWhole(bench, server, last.json());
    expect(last.json()).toMatchObject({ lines: { failed: 0 } });
    const after = filesOf(bench);
    expect(bench.lines('job.errors.jsonl')).toHaveLength(input.invalid);
    expect(after).not.toEqual(before);
    for (const { results, errors } of seen) {
      expect([before.results, after.results]).toContain(results);
      expect([before.errors, after.errors]).toContain(errors);
    }
    kills += count;
    tell('retry', count, server.calls.length);
  }
});
