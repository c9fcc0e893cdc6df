import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Bench, openBench } from '../helpers/bench.ts';
import { startCountingServer } from '../helpers/counting-server.ts';
import { mayMount, mountItself, permissionsHold } from '../helpers/faulty-disk.ts';
import { jsonl, nativeLine, placeIds } from '../helpers/request-lines.ts';
import { runCli } from '../helpers/spawn-cli.ts';

const READING = [
  ['status', 'ro/a.qbatch.db', '--json'],
  ['status', 'ro/a.qbatch.db', '--verify'],
  ['usage', 'ro/a.qbatch.db', '--by', 'model'],
  ['export', 'ro/a.qbatch.db', '-q'],
  ['jobs', 'ro', '--json'],
] as const;

/** A finished job of three lines in a folder `ro`. */
async function finishedJob(bench: Bench): Promise<void> {
  const server = await startCountingServer();
  bench.write('ro/a.jsonl', jsonl(placeIds(3).map((id) => nativeLine(id))));
  expect(await runCli(bench, ['run', 'ro/a.jsonl', ...server.flags])).toMatchObject({ status: 0 });
}

/** What each reading command says of the job. */
async function said(
  bench: Bench,
  under: readonly string[],
): Promise<(readonly [number | null, string])[]> {
  const all: (readonly [number | null, string])[] = [];
  for (const args of READING) {
    const { status, stdout } = await runCli(bench, args, { under });
    all.push([status, stdout]);
  }
  return all;
}

async function expectReadable(
  bench: Bench,
  under: readonly string[],
  shut: () => void,
): Promise<void> {
  const before = await said(bench, under);
  expect(before.map(([status]) => status)).toEqual(READING.map(() => 0));
  const names = readdirSync(bench.path('ro'));
  const bytes = readFileSync(bench.path('ro/a.qbatch.db'));
  shut();
  expect(await said(bench, under)).toEqual(before);
  expect(readdirSync(bench.path('ro'))).toEqual(names);
  expect(readFileSync(bench.path('ro/a.qbatch.db')).equals(bytes)).toBe(true);
}

test.skipIf(permissionsHold === null)(
  'a folder that may not be written: the same is read from it (skipped where root cannot give up writing everywhere)',
  async () => {
    const bench = openBench();
    await finishedJob(bench);
    await expectReadable(bench, permissionsHold ?? [], () => {
      chmodSync(bench.path('ro'), 0o555);
    });
    chmodSync(bench.path('ro'), 0o755);
  },
);

test.skipIf(!mayMount)(
  'a folder that is mounted read-only: the same is read from it (skipped where nothing can be mounted)',
  async () => {
    const bench = openBench();
    const mount = mountItself(bench, 'ro');
    await finishedJob(bench);
    await expectReadable(bench, [], () => {
      mount.writable(false);
    });
    mount.writable(true);
  },
);

test.skipIf(permissionsHold === null)(
  'a ledger that may not be read: 66, and its folder is not said to be without jobs',
  async () => {
    const bench = openBench();
    await finishedJob(bench);
    chmodSync(bench.path('ro/a.qbatch.db'), 0);
    const under = permissionsHold ?? [];
    for (const args of READING.slice(0, 4)) {
      const run = await runCli(bench, args, { under });
      expect({ args, status: run.status }).toEqual({ args, status: 66 });
      expect(run.stderr).toMatch(/cannot read .*ro\/a\.qbatch\.db/);
      expect(run.stderr).toContain('check the permissions');
    }
    const jobs = await runCli(bench, ['jobs', 'ro'], { under });
    expect(jobs).toMatchObject({ status: 0, stdout: '' });
    expect(jobs.stderr).toMatch(/^qbatch: cannot read .*ro\/a\.qbatch\.db: .*\n$/);
  },
);

test.skipIf(permissionsHold === null)(
  'stdin in a folder that may not be written: check and a dry run read it and leave nothing; a run says where to go',
  async () => {
    const bench = openBench();
    bench.write('ro/kept.txt', '');
    bench.write('tmp/kept.txt', '');
    chmodSync(bench.path('ro'), 0o555);
    const options = {
      under: permissionsHold ?? [],
      cwd: 'ro',
      stdin: jsonl([nativeLine('一')]),
      env: { TMPDIR: bench.path('tmp') },
    };
    const check = await runCli(bench, ['check', '-', '--json'], options);
    expect(check).toMatchObject({ status: 0, stderr: '' });
    expect(check.json()).toMatchObject({ input: '-', lines: { valid: 1 } });
    const dry = await runCli(bench, ['run', '-', '--dry-run', '--simulate'], options);
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    const run = await runCli(bench, ['run', '-', '--simulate'], options);
    expect(run.status).toBe(73);
    expect(run.stderr).toContain('change to a writable one');
    expect(run.stderr).not.toContain('--errors');
    expect(readdirSync(bench.path('tmp'))).toEqual(['kept.txt']);
    expect(readdirSync(bench.path('ro'))).toEqual(['kept.txt']);
    chmodSync(bench.path('ro'), 0o755);
  },
);
