import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Bench, openBench } from './bench.ts';
import { BAD_REQUEST } from './cli-job.ts';
import { type CountingServer, type SeenCall, startCountingServer } from './counting-server.ts';
import { type Files, filesOf } from './crash-run.ts';
import { envelopeLine, flatLine, jsonl, nativeLine } from './request-lines.ts';
import { runHere } from './run-here.ts';
import { startCli } from './spawn-cli.ts';

/** Names of a job's situations, each with a command to be interrupted. */
export const SITUATIONS = ['run', 'settled', 'resume', 'retry'] as const;
export type Situation = (typeof SITUATIONS)[number];

const STREAMED = { headers: { 'X-DashScope-SSE': 'enable' } };
const REFUSED = '昆明-5';
const CALLS = 6;
export const SMALL_CONCURRENCY = 2;

/** Seven lines: both protocols, streamed and not, one that the service refuses, one that is never sent. */
const INPUT = jsonl([
  nativeLine('杭州-1'),
  envelopeLine('Suzhou-2', { stream: true }),
  flatLine('成都-3', { temperature: 'hot' }),
  nativeLine('Xi’an-4', STREAMED),
  nativeLine(REFUSED),
  envelopeLine('Qingdao-6'),
  nativeLine('杭州-7'),
]);

/** A place where one small job is put into a situation again and again. */
export type SmallJob = {
  readonly bench: Bench;
  readonly server: CountingServer;
  readonly situation: Situation;
  readonly args: readonly string[];
  /** Files of the same command left alone. */
  readonly expected: Files;
  /** Puts files and service back to where the command begins. */
  restore(): void;
};

function argsOf(situation: Situation, server: CountingServer): string[] {
  const command = {
    run: ['run', 'job.jsonl'],
    settled: ['run', 'job.jsonl', '--order', 'settled'],
    resume: ['resume', 'job.qbatch.db'],
    retry: ['retry', 'job.qbatch.db'],
  }[situation];
  return [...command, '--skip-invalid', '--json', '-c', String(SMALL_CONCURRENCY), ...server.flags];
}

/** As far as a recording of a run needs it, whatever the situation. */
export type RecordedJob = Omit<SmallJob, 'situation'> & { readonly situation: string };

/** Makes the job, and one finished by the command left alone. */
export async function openSmallJob(
  situation: Situation,
  bench: Bench = openBench(),
): Promise<SmallJob> {
  const server = await startCountingServer();
  const refuses = ({ id }: SeenCall): ReturnType<CountingServer['script']> =>
    id === REFUSED ? BAD_REQUEST : { kind: 'answer' };
  server.script = refuses;
  bench.write('job.jsonl', INPUT);
  await prepare(situation, bench, server);
  const kept = mkdtempSync(join(bench.home, 'kept-'));
  cpSync(bench.folder, kept, { recursive: true });
  const args = argsOf(situation, server);
  const restore = (): void => {
    for (const name of readdirSync(bench.folder))
      rmSync(bench.path(name), { recursive: true, force: true });
    cpSync(kept, bench.folder, { recursive: true });
    server.forget();
    server.script = situation === 'retry' ? () => ({ kind: 'answer' }) : refuses;
  };
  restore();
  // The line that is never sent stays rejected.
  expect(await runHere(bench, args)).toMatchObject({ status: 1 });
  return { bench, server, situation, args, expected: filesOf(bench), restore };
}

async function prepare(situation: Situation, bench: Bench, server: CountingServer): Promise<void> {
  const run = argsOf('run', server);
  if (situation === 'retry') expect(await runHere(bench, run)).toMatchObject({ status: 1 });
  if (situation !== 'resume') return;
  // Two of the last calls are in flight when it dies.
  server.beforeReply = () =>
    server.calls.length < CALLS - 1 ? undefined : new Promise(() => undefined);
  const cut = startCli(bench, run);
  await cut.before(server.seen(CALLS - 1));
  cut.signal('SIGKILL');
  expect(await cut.finished).toMatchObject({ signal: 'SIGKILL' });
  await server.idle();
  server.beforeReply = () => undefined;
}
