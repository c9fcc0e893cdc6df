import { expect } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { type CountingServer, startCountingServer } from './counting-server.ts';
import { costBounds, crashInput, crashScript, jitter } from './crash-job.ts';
import { killUntilFinished } from './kill-campaign.ts';
import type { Random } from './random.ts';
import { readLedgerCopy } from './read-ledger-copy.ts';
import { runCli } from './spawn-cli.ts';

const CRASH_LINES = 300;

/** `CRASH_SEED=n` repeats the choices of a run; how far the program gets meanwhile is up to the machine. */
export const CRASH_SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

export type Files = { readonly results: string; readonly errors: string };

export function filesOf(bench: Bench): Files {
  return { results: bench.read('job.results.jsonl'), errors: bench.read('job.errors.jsonl') };
}

/** A line of the report, shown whether the test passes or not. */
export function tell(what: string, kills: number, calls: number): void {
  process.stdout.write(
    `kill -9, ${what}: ${kills} kills, ${calls} calls for ${CRASH_LINES} lines (seed ${CRASH_SEED})\n`,
  );
}

/** A bench and a service with the job of the crash tests in it. */
export async function openCrashJob(): Promise<{
  bench: Bench;
  server: CountingServer;
  input: ReturnType<typeof crashInput>;
}> {
  const bench = openBench();
  const server = await startCountingServer();
  const input = crashInput(CRASH_LINES);
  server.script = crashScript(input.ids, { refuses: true });
  bench.write('job.jsonl', input.text);
  return { bench, server, input };
}

export function runCommand(server: CountingServer, flags: readonly string[]): string[] {
  return [
    'run',
    'job.jsonl',
    '--skip-invalid',
    '--json',
    '-q',
    '-c',
    '8',
    ...server.flags,
    ...flags,
  ];
}

/** The files of the same job when it is left alone. */
export async function uninterruptedFiles(flags: readonly string[]): Promise<Files> {
  const { bench, server } = await openCrashJob();
  expect(await runCli(bench, runCommand(server, flags))).toMatchObject({ status: 1 });
  return filesOf(bench);
}

/** Everything that must hold of a job that has finished, however often it was interrupted. */
export function expectWhole(
  bench: Bench,
  server: CountingServer,
  json: Record<string, unknown>,
): void {
  const { ids, invalid } = crashInput(CRASH_LINES);
  const facts = readLedgerCopy(bench.path('job.qbatch.db'));
  expect([facts?.records, facts?.lines]).toEqual([CRASH_LINES, CRASH_LINES]);
  expect(json).toMatchObject({ lines: { total: CRASH_LINES, rejected: invalid, open: 0 } });
  const written = [...bench.lines('job.results.jsonl'), ...bench.lines('job.errors.jsonl')];
  const customIds = written.map(({ custom_id: customId }) => String(customId));
  expect(customIds.toSorted()).toEqual(ids.toSorted());
  for (const { what, certain, billed, most } of costBounds(json, server)) {
    expect(billed, `${what}: certain <= billed`).toBeGreaterThanOrEqual(certain);
    expect(billed, `${what}: billed <= certain + possible`).toBeLessThanOrEqual(most);
  }
  const own = ['.errors.jsonl', '.jsonl', '.qbatch.db', '.qbatch.db.mark', '.results.jsonl'];
  expect(bench.names()).toEqual(own.map((end) => `job${end}`));
}

/** Runs the job under `kill -9` until it has finished, and checks it; `look` sees the files after each kill. */
export async function killedJob(
  random: Random,
  flags: readonly string[],
  look: (files: Files, bench: Bench) => void,
): Promise<{ kills: number; calls: number; files: Files }> {
  const { bench, server } = await openCrashJob();
  server.beforeReply = jitter(random);
  const { kills, last } = await killUntilFinished({
    bench,
    server,
    random,
    args: runCommand(server, flags),
    ledger: 'job.qbatch.db',
    stepMost: 40,
    keeps: 'settled',
    afterKill: () => {
      if (bench.names().includes('job.errors.jsonl')) look(filesOf(bench), bench);
    },
  });
  expect(last).toMatchObject({ status: 1, signal: null });
  expectWhole(bench, server, last.json());
  return { kills, calls: server.calls.length, files: filesOf(bench) };
}
