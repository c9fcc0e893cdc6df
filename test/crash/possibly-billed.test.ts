import { expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { costBounds } from '../helpers/crash-job.ts';
import { CRASH_SEED } from '../helpers/crash-run.ts';
import {
  type CountingServer,
  type Reaction,
  startCountingServer,
} from '../helpers/counting-server.ts';
import { killUntilFinished } from '../helpers/kill-campaign.ts';
import { seededRandom } from '../helpers/random.ts';
import { envelopeLine, jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const STREAMED = { headers: { 'X-DashScope-SSE': 'enable' } };
const LINES = 40;
const CONCURRENCY = 4;
const KILLS = 8;

type Sums = { lines: number; attempts: number; tokens: number; amount: string };

/** A job of both protocols, every other line streamed. */
async function openJob(): Promise<{
  bench: Bench;
  server: CountingServer;
  args: string[];
  ids: string[];
}> {
  const bench = openBench();
  const server = await startCountingServer();
  const ids = placeIds(LINES);
  const lines = ids.map((id, index) => {
    const streamed = index % 2 === 0;
    if (index % 4 < 2) return nativeLine(id, streamed ? STREAMED : {});
    return envelopeLine(id, streamed ? { stream: true } : {});
  });
  bench.write('job.jsonl', jsonl(lines));
  const flags = ['--json', '-q', '-c', String(CONCURRENCY), '--timeout', '5s'];
  return { bench, server, ids, args: ['run', 'job.jsonl', ...flags, ...server.flags] };
}

/** What `status` and `usage` say apart from the certain sums, which must be what the run said. */
async function toldApart(bench: Bench, json: Record<string, unknown>): Promise<Sums> {
  const told = json['possibly_billed'] as Sums;
  const status = (await runCli(bench, ['status', 'job.qbatch.db', '--json'])).json();
  expect(status['possibly_billed']).toEqual(told);
  const listed = status['possibly_billed_lines'] as { attempts: number }[];
  expect(listed).toHaveLength(told.lines);
  expect(listed.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(told.attempts);
  const usage = (await runCli(bench, ['usage', 'job.qbatch.db', '--format', 'json'])).json();
  const [total] = usage['totals'] as { cost: string; possibly_billed: Sums }[];
  expect(total?.possibly_billed).toEqual(told);
  expect(Number(total?.cost)).toBeCloseTo(Number((json['cost'] as { amount: string }).amount), 6);
  return told;
}

test('no fate unknown: what is certain is what the service bills, streamed or not, through refusals and retries', async () => {
  const { bench, server, args, ids } = await openJob();
  const refusal = (status: number, code: string): Reaction => ({
    kind: 'error',
    status,
    code,
    message: 'no',
  });
  server.script = ({ id, nth }) => {
    const index = ids.indexOf(id);
    if (index % 10 === 3) return refusal(400, 'InvalidParameter');
    return index % 10 === 6 && nth === 1 ? refusal(500, 'InternalError') : { kind: 'answer' };
  };
  const run = await runCli(bench, args);
  expect(run).toMatchObject({ status: 1 });
  expect(await toldApart(bench, run.json())).toMatchObject({ lines: 0, attempts: 0, tokens: 0 });
  const bounds = costBounds(run.json(), server);
  for (const { what, certain, billed, most } of bounds) {
    expect(billed, what).toBeCloseTo(certain, 5);
    expect(most, what).toBeCloseTo(certain, 5);
  }
});

test('calls cut in the middle of the reply, reset, hung until the timeout, and killed: certain <= billed <= certain + possible', async () => {
  const { bench, server, args, ids } = await openJob();
  const kinds = ['cut', 'reset', 'hang'] as const;
  // Each kind meets streamed and unstreamed calls of both protocols; most lines are answered at once.
  server.script = ({ id, nth }) => {
    const index = ids.indexOf(id);
    const kind = nth === 1 && index < 12 ? kinds[Math.floor(index / 4)] : undefined;
    return kind === undefined ? { kind: 'answer' } : { kind };
  };
  const end = await killUntilFinished({
    bench,
    server,
    random: seededRandom(CRASH_SEED),
    args,
    ledger: 'job.qbatch.db',
    concurrency: CONCURRENCY,
    killsMost: KILLS,
    timesOut: true,
    traps: ['call', 'commit'],
    stepMost: { call: 6, commit: 6, start: 1 },
    keeps: ({ settled }) => settled,
    afterKill: () => undefined,
  });
  const json = end.last.json();
  const told = await toldApart(bench, json);
  expect(json).toMatchObject({ lines: { open: 0 } });
  const { answered } = json['lines'] as { answered: number };
  // Every call that was billed without an answer is among them.
  const unanswered = server.calls.length - answered;
  expect(told.attempts).toBeGreaterThanOrEqual(unanswered);
  expect(unanswered).toBeGreaterThan(0);
  for (const { what, certain, billed, most } of costBounds(json, server)) {
    expect(billed, `${what}: certain <= billed`).toBeGreaterThanOrEqual(certain);
    expect(billed, `${what}: billed <= certain + possible`).toBeLessThanOrEqual(most);
  }
  process.stdout.write(
    `possibly billed: ${end.kills} kills, ${server.calls.length} calls billed for ${answered} answers, ${told.attempts} told as possibly billed (seed ${CRASH_SEED})\n`,
  );
});
