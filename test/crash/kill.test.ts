import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { type CountingServer, startCountingServer } from '../helpers/counting-server.ts';
import { costBounds, crashInput, crashScript, jitter } from '../helpers/crash-job.ts';
import { killUntilFinished } from '../helpers/kill-campaign.ts';
import { type Random, seededRandom } from '../helpers/random.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';
import { runCli } from '../helpers/spawn-cli.ts';

/** CRASH_SEED=n repeats the choices of a run; when the program gets how far is up to the machine. */
const SEED = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const LINES = 300;
const KILLS_LEAST = 36;

type Files = { results: string; errors: string };

function filesOf(bench: Bench): Files {
  return { results: bench.read('job.results.jsonl'), errors: bench.read('job.errors.jsonl') };
}

function tell(text: string): void {
  process.stdout.write(`kill -9: ${text}\n`);
}

function commandFor(server: CountingServer, flags: readonly string[]): string[] {
  return ['run', 'job.jsonl', '--skip-invalid', '--json', '-q', '-c', '8', ...server.flags, ...flags];
}

/** The same job, left alone. */
async function uninterrupted(input: ReturnType<typeof crashInput>, flags: readonly string[]): Promise<Files> {
  const bench = openBench();
  const server = await startCountingServer();
  server.script = crashScript(input.ids, { refuses: true });
  bench.write('job.jsonl', input.text);
  expect(await runCli(bench, commandFor(server, flags))).toMatchObject({ status: 1 });
  return filesOf(bench);
}

function expectBounds(json: Record<string, unknown>, server: CountingServer): void {
  for (const { what, certain, billed, most } of costBounds(json, server)) {
    expect(billed, `${what}: certain <= billed`).toBeGreaterThanOrEqual(certain);
    expect(billed, `${what}: billed <= certain + possible`).toBeLessThanOrEqual(most);
  }
}

async function campaign(random: Random, flags: readonly string[], look: (files: Files) => void): Promise<{ kills: number; calls: number; files: Files }> {
  const bench = openBench();
  const server = await startCountingServer();
  const input = crashInput(LINES);
  server.script = crashScript(input.ids, { refuses: true });
  server.beforeReply = jitter(random);
  bench.write('job.jsonl', input.text);
  const { kills, last } = await killUntilFinished({
    bench,
    server,
    random,
    args: commandFor(server, flags),
    ledger: 'job.qbatch.db',
    stepMost: 40,
    keeps: 'settled',
    afterKill: () => {
      if (bench.names().includes('job.errors.jsonl')) look(filesOf(bench));
    },
  });
  expect(last, `seed ${SEED}`).toMatchObject({ status: 1, signal: null });
  const facts = readLedgerCopy(bench.path('job.qbatch.db'));
  expect([facts?.records, facts?.lines]).toEqual([LINES, LINES]);
  expect(last.json()).toMatchObject({ lines: { total: LINES, rejected: input.invalid, open: 0 } });
  expectBounds(last.json(), server);
  const files = filesOf(bench);
  const customIds = [...bench.lines('job.results.jsonl'), ...bench.lines('job.errors.jsonl')].map(({ custom_id: customId }) => String(customId));
  expect(customIds.toSorted()).toEqual(input.ids.toSorted());
  expect(bench.names()).toEqual(['job.errors.jsonl', 'job.jsonl', 'job.qbatch.db', 'job.qbatch.db.mark', 'job.results.jsonl']);
  return { kills, calls: server.calls.length, files };
}

describe('kill -9 at random instants', () => {
  test('input order: every line once, files byte-identical to an uninterrupted run, nothing durable sent again', async () => {
    const random = seededRandom(SEED);
    const expected = await uninterrupted(crashInput(LINES), []);
    let kills = 0;
    for (let jobs = 1; kills < KILLS_LEAST; jobs += 1) {
      const end = await campaign(random, [], ({ results, errors }) => {
        // Append only: what a dead process left is a piece of the finished file, torn at most at its end.
        expect(expected.results.startsWith(results)).toBe(true);
        expect(expected.errors.startsWith(errors)).toBe(true);
      });
      expect(end.files).toEqual(expected);
      kills += end.kills;
      tell(`input order, seed ${SEED}, job ${jobs}: ${end.kills} kills, ${end.calls} calls for ${LINES} lines`);
    }
  });
});
