import { expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const LINES = 600;

function answeredIds(bench: Bench): string[] {
  return bench.lines('a.results.jsonl').map(({ custom_id: customId }) => String(customId));
}

test('a disk that fills up under the ledger ends in 74; what was settled is neither lost nor sent again', async () => {
  const bench = openBench();
  const server = await startCountingServer();
  const ids = placeIds(LINES);
  bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
  const args = ['run', 'a.jsonl', '--json', '-c', '32', ...server.flags];
  const full = await runCli(bench, args, { fileBytesMax: 400_000 });
  expect(full).toMatchObject({ status: 74 });
  expect(full.stderr).toContain('a.qbatch.db');
  expect(full.stderr).toContain('run the same command again; nothing settled is lost');
  const written = answeredIds(bench);
  expect(written.length).toBeGreaterThan(0);
  expect(written).toEqual(ids.slice(0, written.length));
  const callsBefore = server.calls.length;
  expect(callsBefore).toBeLessThan(LINES);

  const rest = await runCli(bench, args);
  expect(rest).toMatchObject({ status: 0 });
  expect(answeredIds(bench)).toEqual(ids);
  const again = server.calls.slice(callsBefore).map(({ id }) => id);
  expect(again.filter((id) => written.includes(id))).toEqual([]);
  expect(rest.json()).toMatchObject({ lines: { total: LINES, answered: LINES, open: 0 } });
});
