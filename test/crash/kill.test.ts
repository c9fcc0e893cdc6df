import { expect, test } from 'vitest';
import {
  campaign,
  CRASH_SEED,
  crashCommand,
  type Files,
  filesOf,
  killedJob,
  openCrashJob,
  uninterrupted,
} from '../helpers/crash-run.ts';
import { seededRandom } from '../helpers/random.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';

/** Of all kills (`CRASH_KILLS`); kill-modes.test.ts makes the others. */
const SHARE = { input: 0.3, settled: 0.25 };

test('kill -9 at random instants: every line once, files byte-identical to an uninterrupted run, only calls in flight sent again', async () => {
  const random = seededRandom(CRASH_SEED);
  const { files: expected } = await uninterrupted([]);
  await campaign('run, input order', SHARE.input, async (killsMost) => {
    const { bench, server, input } = await openCrashJob();
    const end = await killedJob({
      bench,
      server,
      random,
      killsMost,
      ids: input.ids,
      args: crashCommand(server, ['run', 'job.jsonl']),
      stepMost: 16,
      keeps: ({ settled }) => settled,
      afterKill: () => {
        if (!bench.names().includes('job.errors.jsonl')) return;
        // Append only: what a dead process left is a piece of the finished file, torn at most at its end.
        const { results, errors } = filesOf(bench);
        expect(expected.results.startsWith(results)).toBe(true);
        expect(expected.errors.startsWith(errors)).toBe(true);
      },
    });
    expect(filesOf(bench)).toEqual(expected);
    return end;
  });
});

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
  const expected = sorted((await uninterrupted(['--order', 'settled'])).files);
  await campaign('run, order settled', SHARE.settled, async (killsMost) => {
    const { bench, server, input } = await openCrashJob();
    const end = await killedJob({
      bench,
      server,
      random,
      killsMost,
      ids: input.ids,
      args: crashCommand(server, ['run', 'job.jsonl'], ['--order', 'settled']),
      stepMost: 16,
      keeps: ({ settled }) => settled,
      afterKill: () => {
        if (!bench.names().includes('job.errors.jsonl')) return;
        const { results, errors } = filesOf(bench);
        const settled = readLedgerCopy(bench.path('job.qbatch.db'))?.settled ?? new Set<string>();
        const written = [...wholeLines(results), ...wholeLines(errors)].map((line) =>
          String((JSON.parse(line) as { custom_id: string }).custom_id),
        );
        expect(new Set(written).size).toBe(written.length);
        expect(written.filter((id) => !settled.has(id))).toEqual([]);
      },
    });
    expect(sorted(filesOf(bench))).toEqual(expected);
    return end;
  });
});
