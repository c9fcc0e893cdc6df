import { expect } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { type CountingServer, startCountingServer } from './counting-server.ts';
import { costBounds, crashInput, crashScript, jitter } from './crash-job.ts';
import { type Campaign, type CampaignEnd, killUntilFinished } from './kill-campaign.ts';
import { readLedgerCopy } from './read-ledger-copy.ts';
import { runHere } from './run-here.ts';

const CRASH_LINES = 240;
const CONCURRENCY = 8;
/** A job that was killed so often is left alone, so that another can begin. */
const KILLS_A_JOB = 40;
const LEDGER = 'job.qbatch.db';

/** `CRASH_SEED=n` repeats the choices of a run; how far the program gets meanwhile is up to the machine. */
export const CRASH_SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** All kills of the campaign: a day's run takes what a minute allows; `npm run test:long` asks for thousands. */
const KILLS = Number(process.env['CRASH_KILLS'] ?? 60);

export type Files = { readonly results: string; readonly errors: string };

export function filesOf(bench: Bench): Files {
  return { results: bench.read('job.results.jsonl'), errors: bench.read('job.errors.jsonl') };
}

/** Files as one text; in settled order only which lines are in them is told in advance. */
export function comparable(situation: string, { results, errors }: Files): string {
  const texts = [results, errors];
  if (situation !== 'settled') return JSON.stringify(texts);
  return JSON.stringify(texts.map((text) => text.split('\n').toSorted()));
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

/** `run job.jsonl`, `resume` or `retry` with what all crash tests ask for. */
export function crashCommand(
  server: CountingServer,
  command: readonly string[],
  flags: readonly string[] = [],
  concurrency: number = CONCURRENCY,
): string[] {
  const all = ['--skip-invalid', '--json', '-q', '-c', String(concurrency)];
  return [...command, ...all, ...server.flags, ...flags];
}

/** The same job left alone, with its files. */
export async function uninterrupted(
  flags: readonly string[],
): Promise<{ bench: Bench; server: CountingServer; files: Files }> {
  const { bench, server } = await openCrashJob();
  const args = crashCommand(server, ['run', 'job.jsonl'], flags);
  expect(await runHere(bench, args)).toMatchObject({ status: 1 });
  return { bench, server, files: filesOf(bench) };
}

/** Everything that must hold of a job that has finished, however often it was interrupted. */
async function expectWhole(
  bench: Bench,
  server: CountingServer,
  end: { json: Record<string, unknown>; ids: readonly string[]; vanished: boolean },
): Promise<void> {
  const facts = readLedgerCopy(bench.path(LEDGER));
  const count = end.ids.length;
  expect([facts?.records, facts?.lines, facts?.inFlight]).toEqual([count, count, []]);
  expect(end.json).toMatchObject({ lines: { total: count, open: 0 } });
  const written = [...bench.lines('job.results.jsonl'), ...bench.lines('job.errors.jsonl')];
  const customIds = written.map(({ custom_id: customId }) => String(customId));
  expect(customIds.toSorted()).toEqual(end.ids.toSorted());
  for (const { what, certain, billed, most } of costBounds(end.json, server)) {
    // Calls for lines that left the input are paid for, and no line tells of them.
    if (end.vanished && what === 'calls') continue;
    expect(billed, `${what}: certain <= billed`).toBeGreaterThanOrEqual(certain);
    expect(billed, `${what}: billed <= certain + possible`).toBeLessThanOrEqual(most);
  }
  const own = ['.errors.jsonl', '.jsonl', '.qbatch.db', '.qbatch.db.mark', '.results.jsonl'];
  expect(bench.names()).toEqual(own.map((ending) => `job${ending}`));
  const status = await runHere(bench, ['status', LEDGER, '--verify', '--json']);
  expect(status.json()).toMatchObject({
    state: 'finished',
    verify: { ok: true, findings: [] },
    possibly_billed: end.json['possibly_billed'],
  });
}

/** One job, killed until it has finished and checked then. */
export async function killedJob(
  at: Pick<
    Campaign,
    'bench' | 'server' | 'random' | 'args' | 'keeps' | 'afterKill' | 'killsMost'
  > & {
    readonly ids: readonly string[];
    /** A round is killed after at most this many calls or commits: fewer where little is to be done. */
    readonly stepMost: number;
    readonly concurrency?: number;
    /** Lines that were paid for have left the input. */
    readonly vanished?: boolean;
  },
): Promise<CampaignEnd> {
  at.server.beforeReply = jitter(at.random);
  const end = await killUntilFinished({
    ...at,
    ledger: LEDGER,
    concurrency: at.concurrency ?? CONCURRENCY,
    traps: ['call', 'call', 'call', 'commit', 'commit', 'start'],
    stepMost: { call: at.stepMost, commit: at.stepMost, start: 12 },
  });
  expect(end.last).toMatchObject({ status: 1, signal: null });
  await expectWhole(at.bench, at.server, {
    json: end.last.json(),
    ids: at.ids,
    vanished: at.vanished ?? false,
  });
  return end;
}

/**
 * Jobs, one after the other, until `share` of all kills of the campaign have been made; asserts that
 * they were, and prints them.
 */
export async function campaign(
  what: string,
  share: number,
  job: (killsMost: number) => Promise<CampaignEnd>,
): Promise<void> {
  const least = Math.ceil(KILLS * share);
  const begun = Date.now();
  let kills = 0;
  let resent = 0;
  let jobs = 0;
  while (kills < least) {
    const end = await job(Math.min(least - kills, KILLS_A_JOB));
    kills += end.kills;
    resent += end.resent;
    jobs += 1;
    expect(jobs, 'a job that is hardly ever killed').toBeLessThanOrEqual(10 + 2 * least);
  }
  expect(kills).toBeGreaterThanOrEqual(least);
  const seconds = Math.round((Date.now() - begun) / 1000);
  process.stdout.write(
    `kill -9, ${what}: ${kills} kills, ${jobs} jobs of ${CRASH_LINES} lines, ${resent} calls sent again, all of them in flight at a kill; ${seconds} s (seed ${CRASH_SEED})\n`,
  );
}
