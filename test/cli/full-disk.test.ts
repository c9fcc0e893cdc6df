import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BAD_REQUEST, customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { mayMount, mountSmall } from '../helpers/faulty-disk.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';
import { UNCOUNTED } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const LINES = 600;
const SMALL_LINES = 300;
const CONCURRENCY = 32;
const LARGE_KIB = 64 * 1024;
/** Room for the starts of the first calls, each in a commit of its own if need be, but not for all answers. */
const FILE_BYTES_MAX = 1_000_000;

test('a disk that fills up under the ledger ends in 74; what was settled is neither lost nor sent again', async () => {
  const { bench, server, ids, args: run } = await prepareCliJob(LINES, UNCOUNTED);
  const args = [...run, '--json', '-c', String(CONCURRENCY)];
  // The call that takes the place of the first one leaves when the first answer is durable: the files begin before the disk is full.
  server.beforeReply = ({ id }) => (id === ids[0] ? undefined : server.seen(CONCURRENCY + 1));
  const full = await runCli(bench, args, { fileBytesMax: FILE_BYTES_MAX });
  expect(full).toMatchObject({ status: 74 });
  expect(full.stderr).toContain('a.qbatch.db');
  expect(full.stderr).toContain('run the same command again; nothing settled is lost');
  const written = customIds(bench, 'a.results.jsonl');
  expect(written.length).toBeGreaterThan(0);
  expect(written).toEqual(ids.slice(0, written.length));
  const callsBefore = server.calls.length;
  expect(callsBefore).toBeLessThan(LINES);

  const rest = await runHere(bench, args);
  expect(rest).toMatchObject({ status: 0 });
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  const again = server.calls.slice(callsBefore).map(({ id }) => id);
  expect(again.filter((id) => written.includes(id))).toEqual([]);
  expect(rest.json()).toMatchObject({ lines: { total: LINES, answered: LINES, open: 0 } });
});

/** Every other line is refused, so that results and errors both grow. */
async function prepareHalfRefused(): Promise<Awaited<ReturnType<typeof prepareCliJob>>> {
  const job = await prepareCliJob(SMALL_LINES, UNCOUNTED);
  const refused = new Set(job.ids.filter((_, index) => index % 2 === 1));
  job.server.script = ({ id }) => (refused.has(id) ? BAD_REQUEST : { kind: 'answer' });
  return job;
}

/** Where the three files are, each beside the input unless it is the one on the small disk. */
const FLAGS = { ledger: '--ledger', results: '-o', errors: '--errors' } as const;
const NAMES = { ledger: 'a.qbatch.db', results: 'a.results.jsonl', errors: 'a.errors.jsonl' };

const mountable = describe.skipIf(!mayMount);

mountable('a small disk of its own (skipped where nothing can be mounted)', () => {
  test.each([
    ['the ledger and its log', 'ledger', 1_200],
    ['the ledger, before it is made', 'ledger', 100],
    ['the results', 'results', 32],
    ['the errors', 'errors', 16],
  ] as const)(
    '%s: 74, nothing settled is lost or sent again; then the same files',
    async (...row) => {
      const [, which, sizeKib] = row;
      const { bench, server, args: run } = await prepareHalfRefused();
      const common = [...run, '--json', '-c', String(CONCURRENCY)];
      const whole = (['ledger', 'results', 'errors'] as const).flatMap((name) => [
        FLAGS[name],
        `whole-${NAMES[name]}`,
      ]);
      expect(await runHere(bench, [...common, ...whole])).toMatchObject({ status: 1 });
      server.forget();

      const disk = mountSmall(bench, 'small', sizeKib);
      const at = { ...NAMES, [which]: `small/${NAMES[which]}` };
      const args = [...common, FLAGS[which], at[which]];
      const full = await runCli(bench, args);
      expect(full).toMatchObject({ status: 74 });
      expect(full.stderr).toContain(bench.path(at[which]));
      expect(full.stderr).toContain('run the same command again; nothing settled is lost');
      const { settled } = readLedgerCopy(bench.path(at.ledger)) ?? { settled: new Set<string>() };
      const sent = server.calls.length;
      expect(sent).toBeLessThan(SMALL_LINES);
      // It is still full: the same end.
      expect(await runCli(bench, args)).toMatchObject({ status: 74 });
      for (const name of ['results', 'errors'] as const) {
        const before = existsSync(bench.path(at[name])) ? bench.read(at[name]) : '';
        expect(bench.read(`whole-${NAMES[name]}`).startsWith(before)).toBe(true);
      }

      disk.resize(LARGE_KIB);
      expect(await runHere(bench, args)).toMatchObject({ status: 1 });
      for (const name of ['results', 'errors'] as const)
        expect(bench.read(at[name])).toBe(bench.read(`whole-${NAMES[name]}`));
      const again = server.calls.slice(sent).filter(({ id }) => settled.has(id));
      expect(again).toEqual([]);
      process.stdout.write(
        `${row[0]}: full at ${sizeKib} KiB with ${settled.size} settled, ${sent} sent, ${server.calls.length} in all\n`,
      );
    },
  );
});
