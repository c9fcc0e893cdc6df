import { expect, test } from 'vitest';
import { openBench } from '../helpers/bench.ts';
import { jsonl, promptLine } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { type CliOptions, type Finished, runCli } from '../helpers/spawn-cli.ts';

type Case = [string, readonly string[], number, Pick<CliOptions, 'cwd' | 'env' | 'stdin'>];

const REHEARSAL = ['--simulate=latency=0', '--model', 'qwen-plus'] as const;

/** Every way out: a job's end, a report, refusals for people and for programs, a bad environment, a stream. */
const CASES: readonly Case[] = [
  ['a run', ['run', 'a.jsonl', ...REHEARSAL], 1, {}],
  ['a report', ['run', 'a.jsonl', ...REHEARSAL, '--json', '-q'], 1, {}],
  ['a run in another folder', ['run', '../a.jsonl', ...REHEARSAL], 1, { cwd: 'below' }],
  ['results on stdout', ['run', 'a.jsonl', ...REHEARSAL, '-o', '-', '-c', '1'], 1, {}],
  ['a stream', ['check', '-', '--json'], 65, { stdin: '{"no":"request"}\n' }],
  ['wrong usage', ['run', 'a.jsonl', '--concurency', '4'], 64, {}],
  ['invalid lines', ['run', 'a.jsonl', '--simulate'], 65, {}],
  ['invalid lines, for a program', ['run', 'a.jsonl', '--simulate', '--json'], 65, {}],
  ['a setting', ['run', 'a.jsonl', '--simulate'], 78, { env: { QBATCH_RPM: 'many' } }],
  ['no job', ['status', 'nowhere'], 66, {}],
];

/** What differs from run to run: folders, times, request ids. */
function steady({ status, stdout, stderr }: Finished, root: string): unknown {
  const plain = (text: string): string =>
    text
      .replaceAll(root, '')
      .replaceAll(/"elapsed_ms":\d+|\b\d+(?:\.\d)?s\b/g, 'TIME')
      .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, 'ID');
  return { status, stdout: plain(stdout), stderr: plain(stderr) };
}

test.each(CASES)(
  '%s: shown in this process as by one of its own',
  async (_what, args, status, options) => {
    const ends = [];
    for (const run of [runCli, runHere]) {
      const bench = openBench();
      const failing = promptLine('二', { prompt: '[[simulate: error=DataInspectionFailed]] 敏感' });
      bench.write('a.jsonl', jsonl([promptLine('一'), failing]));
      bench.write('below/other.txt', '');
      const end = await run(bench, args, options);
      const files = bench
        .names()
        .map((name) => [name, name.endsWith('.jsonl') && bench.read(name)]);
      ends.push([steady(end, bench.folder), files.map((file) => JSON.stringify(file))]);
      expect(end.status).toBe(status);
    }
    expect(ends[1]).toEqual(ends[0]);
  },
);

test('the process is given back as it was, and one run has it at a time', async () => {
  const look = (): unknown => [
    process.cwd(),
    process.umask(),
    { ...process.env },
    [process.stdin, process.stdout, process.stderr].map((stream) => typeof stream),
    process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
  ];
  const bench = openBench();
  // What a first use leaves is not of a run.
  await runHere(bench, ['status', 'nowhere']);
  const before = look();
  const first = runHere(bench, ['jobs']);
  await expect(runHere(bench, ['jobs'])).rejects.toThrow('one at a time');
  await first;
  expect(look()).toEqual(before);
  await expect(runHere(bench, ['run', '--help'])).rejects.toThrow('not shown by one here');
  const env = { NODE_OPTIONS: '' };
  await expect(runHere(bench, ['jobs'], { env })).rejects.toThrow('when a process starts');
});
