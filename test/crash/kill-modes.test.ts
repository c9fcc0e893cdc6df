import { expect, test } from 'vitest';
import type { Bench } from '../helpers/bench.ts';
import { crashScript } from '../helpers/crash-job.ts';
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
import { flatLine, jsonl, nativeLine, UNCOUNTED } from '../helpers/request-lines.ts';
import { killUntilFinished } from '../helpers/kill-campaign.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** Of all kills (`CRASH_KILLS`); kill.test.ts makes the others. */
const SHARE = { resume: 0.13, retry: 0.13, changed: 0.13, export: 0.06 };

test('kill -9 during resume: as during the run that began the job', async () => {
  const random = seededRandom(CRASH_SEED + 2);
  const { files: expected } = await uninterrupted([]);
  await campaign('resume', SHARE.resume, async (killsMost) => {
    const { bench, server, input } = await openCrashJob();
    const begin = crashCommand(server, ['run', 'job.jsonl'], ['--max-failures', '1']);
    expect(await runHere(bench, begin)).toMatchObject({ status: 3 });
    const end = await killedJob({
      bench,
      server,
      random,
      killsMost,
      ids: input.ids,
      args: crashCommand(server, ['resume', 'job.qbatch.db']),
      stepMost: 16,
      keeps: ({ settled }) => settled,
      afterKill: () => {
        const { results, errors } = filesOf(bench);
        expect(expected.results.startsWith(results)).toBe(true);
        expect(expected.errors.startsWith(errors)).toBe(true);
      },
    });
    expect(filesOf(bench)).toEqual(expected);
    return end;
  });
});

/** After each kill a finished file is either as it was or as it will be. */
function watchFiles(bench: Bench): { look: () => void; expectWholeTo(after: Files): void } {
  const before = filesOf(bench);
  const seen: Files[] = [];
  return {
    look: () => seen.push(filesOf(bench)),
    expectWholeTo(after) {
      expect(after).not.toEqual(before);
      for (const { results, errors } of seen) {
        expect([before.results, after.results]).toContain(results);
        expect([before.errors, after.errors]).toContain(errors);
      }
    },
  };
}

test('kill -9 during retry: the finished files stay as they were until the new ones take their place, whole', async () => {
  const random = seededRandom(CRASH_SEED + 3);
  const args = (server: Parameters<typeof crashCommand>[0]): string[] =>
    crashCommand(server, ['retry', 'job.qbatch.db'], [], 2);
  const alone = await uninterrupted([]);
  const { ids, invalid } = (await openCrashJob()).input;
  const mended = crashScript(ids, { refuses: false });
  alone.server.script = mended;
  expect(await runHere(alone.bench, args(alone.server))).toMatchObject({ status: 1 });
  const expected = filesOf(alone.bench);
  await campaign('retry', SHARE.retry, async (killsMost) => {
    const { bench, server } = await uninterrupted([]);
    server.script = mended;
    const files = watchFiles(bench);
    const end = await killedJob({
      bench,
      server,
      random,
      killsMost,
      ids,
      args: args(server),
      stepMost: 4,
      concurrency: 2,
      keeps: ({ answered }) => answered,
      afterKill: files.look,
    });
    // The lines that can never be sent stay rejected.
    expect(end.last.json()).toMatchObject({ lines: { failed: 0, rejected: invalid } });
    expect(filesOf(bench)).toEqual(expected);
    files.expectWholeTo(expected);
    return end;
  });
});

/** Every 4th line changed, every 10th gone, ten new ones, the rest moved. */
function changedInput(text: string): { text: string; ids: string[]; changed: Set<string> } {
  const lines: string[] = [];
  const ids: string[] = [];
  const changed = new Set<string>();
  for (const [index, line] of text.trimEnd().split('\n').entries()) {
    if (index % 10 === 9) continue;
    const { custom_id: id } = JSON.parse(line) as { custom_id: string };
    ids.push(id);
    if (index % 4 === 1) changed.add(id);
    lines.push(index % 4 === 1 ? flatLine(id, { ...UNCOUNTED, top_p: 0.5 }) : line);
  }
  const added = Array.from({ length: 10 }, (_, index) => `Harbin-${index}`);
  return {
    text: jsonl([...added.map((id) => nativeLine(id, UNCOUNTED)), ...lines]),
    ids: [...added, ...ids],
    changed: new Set([...changed, ...added]),
  };
}

test('kill -9 while a job moves to a changed input: unchanged answers are kept, files replaced whole', async () => {
  const random = seededRandom(CRASH_SEED + 4);
  const args = (server: Parameters<typeof crashCommand>[0]): string[] =>
    crashCommand(server, ['run', 'job.jsonl'], ['--accept-changed-input']);
  const alone = await uninterrupted([]);
  const next = changedInput(alone.bench.read('job.jsonl'));
  alone.bench.write('job.jsonl', next.text);
  expect(await runHere(alone.bench, args(alone.server))).toMatchObject({ status: 1 });
  const expected = filesOf(alone.bench);
  await campaign('changed input', SHARE.changed, async (killsMost) => {
    const { bench, server } = await uninterrupted([]);
    bench.write('job.jsonl', next.text);
    const files = watchFiles(bench);
    const end = await killedJob({
      bench,
      server,
      random,
      killsMost,
      ids: next.ids,
      vanished: true,
      args: args(server),
      stepMost: 16,
      // A record of the input before counts until the job has moved.
      keeps: ({ settled, generation }) =>
        generation > 0
          ? settled
          : new Set([...settled].filter((id) => next.ids.includes(id) && !next.changed.has(id))),
      afterKill: files.look,
    });
    expect(filesOf(bench)).toEqual(expected);
    files.expectWholeTo(expected);
    return end;
  });
});

test('kill -9 during export: the file is not there or whole, and the job is untouched', async () => {
  const random = seededRandom(CRASH_SEED + 5);
  const { bench, server } = await uninterrupted([]);
  const args = ['export', 'job.qbatch.db', '--format', 'csv', '-o', 'answers.csv'];
  expect(await runCli(bench, args)).toMatchObject({ status: 0 });
  const whole = bench.read('answers.csv');
  const calls = server.calls.length;
  bench.write('answers.csv', 'before\n');
  await campaign('export', SHARE.export, (killsMost) =>
    killUntilFinished({
      bench,
      server,
      random,
      killsMost,
      args,
      ledger: 'job.qbatch.db',
      traps: ['start'],
      stepMost: { call: 1, commit: 1, start: 8 },
      concurrency: 0,
      keeps: ({ settled }) => settled,
      afterKill: () => {
        expect(['before\n', whole]).toContain(bench.read('answers.csv'));
      },
    }),
  );
  expect(bench.read('answers.csv')).toBe(whole);
  expect(server.calls).toHaveLength(calls);
});
