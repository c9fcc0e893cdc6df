import { cpSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { type CountingServer, startCountingServer } from '../helpers/counting-server.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

// A job of some hundred lines has its ledger written on a thread of its own.

const LINES = 600;

async function prepare(): Promise<{
  bench: Bench;
  server: CountingServer;
  args: string[];
  ids: string[];
}> {
  const bench = openBench();
  const server = await startCountingServer();
  const ids = placeIds(LINES);
  bench.write('a.jsonl', jsonl(ids.map((id) => nativeLine(id))));
  return { bench, server, ids, args: ['run', 'a.jsonl', '--json', '-c', '32', ...server.flags] };
}

function answeredIds(bench: Bench): string[] {
  return bench.lines('a.results.jsonl').map(({ custom_id: customId }) => String(customId));
}

describe('a ledger that is written on its own thread', () => {
  test('a disk that fills up ends in 74; what was settled is neither lost nor sent again', async () => {
    const { bench, server, args, ids } = await prepare();
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

  test('a thread that cannot start is a bug (70), and no call was made; a whole program goes on', async () => {
    const { bench, server, args, ids } = await prepare();
    const whole = fileURLToPath(new URL('../../', import.meta.url));
    const program = bench.path('program');
    cpSync(`${whole}dist`, `${program}/dist`, { recursive: true });
    cpSync(`${whole}package.json`, `${program}/package.json`);
    symlinkSync(`${whole}node_modules`, `${program}/node_modules`);
    const worker = `${program}/dist/commit-worker.js`;
    expect(existsSync(worker)).toBe(true);
    rmSync(worker);
    const broken = await runCli(bench, args, { program: `${program}/dist/cli.js` });
    expect(broken).toMatchObject({ status: 70 });
    expect(broken.stderr).toContain('commit-worker.js');
    expect(server.calls).toHaveLength(0);

    expect(await runCli(bench, args)).toMatchObject({ status: 0 });
    expect(answeredIds(bench)).toEqual(ids);
    expect(server.calls).toHaveLength(LINES);
  });
});
