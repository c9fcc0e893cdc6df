import { expect, test } from 'vitest';
import { customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const LINES = 600;

test('a disk that fills up under the ledger ends in 74; what was settled is neither lost nor sent again', async () => {
  const { bench, server, ids, args: run } = await prepareCliJob(LINES);
  const args = [...run, '--json', '-c', '32'];
  const full = await runCli(bench, args, { fileBytesMax: 400_000 });
  expect(full).toMatchObject({ status: 74 });
  expect(full.stderr).toContain('a.qbatch.db');
  expect(full.stderr).toContain('run the same command again; nothing settled is lost');
  const written = customIds(bench, 'a.results.jsonl');
  expect(written.length).toBeGreaterThan(0);
  expect(written).toEqual(ids.slice(0, written.length));
  const callsBefore = server.calls.length;
  expect(callsBefore).toBeLessThan(LINES);

  const rest = await runCli(bench, args);
  expect(rest).toMatchObject({ status: 0 });
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  const again = server.calls.slice(callsBefore).map(({ id }) => id);
  expect(again.filter((id) => written.includes(id))).toEqual([]);
  expect(rest.json()).toMatchObject({ lines: { total: LINES, answered: LINES, open: 0 } });
});
