import { existsSync, mkdirSync, statSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type Bench, openBench } from '../helpers/bench.ts';
import { customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { mayMount, mountSmall } from '../helpers/faulty-disk.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';
import { flatLine, jsonl, placeIds, UNCOUNTED } from '../helpers/request-lines.ts';
import { runHere } from '../helpers/run-here.ts';
import { type Finished, runCli, startCli } from '../helpers/spawn-cli.ts';

/** Some three times as many as fill the disk. */
const LINES = 480;
/** The first lines: their calls are in flight when the disk fills up. */
const SLOW_LINES = 40;
const CONCURRENCY = SLOW_LINES + 8;
const SLOW_MS = 3_600_000;
const SMALL_KIB = 4_000;
const LARGE_KIB = 64 * 1024;
const LEDGER = 'small/a.qbatch.db';
const BALLAST = `${LEDGER}.ballast`;

const simulators: Simulator[] = [];
afterEach(async () => {
  for (const simulator of simulators.splice(0)) await simulator.close();
});

/** A clock by which a slow answer comes when it is let go, and any other at once. */
function gatedClock(): Pick<Job, 'release' | 'held'> & { readonly clock: Clock } {
  let held: (() => void)[] | null = [];
  let tell: () => void = () => undefined;
  const allHeld = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    held: allHeld,
    clock: {
      ...systemClock,
      after(ms, run) {
        if (ms < SLOW_MS || held === null) return systemClock.after(0, run);
        held.push(run);
        if (held.length === SLOW_LINES) tell();
        return () => undefined;
      },
    },
    release() {
      const waiting = held ?? [];
      held = null;
      for (const run of waiting) run();
    },
  };
}

type Job = {
  readonly bench: Bench;
  readonly ids: readonly string[];
  readonly simulator: Simulator;
  readonly args: readonly string[];
  /** Resolves when all slow answers are waited for. */
  readonly held: Promise<void>;
  /** Lets the slow answers go, these and all later ones. */
  release(): void;
};

/** A job on the bundled simulator whose first calls are answered when they are let go. */
async function prepareJob(...flags: readonly string[]): Promise<Job> {
  const bench = openBench();
  const { clock, held, release } = gatedClock();
  const simulator = await startSimulator({
    spec: { rpm: null, tpm: null, latencyMs: 0, errorRate: 0, seed: 7 },
    clock,
  });
  simulators.push(simulator);
  const ids = placeIds(LINES);
  const lines = ids.map((id, index) => {
    const latency = index < SLOW_LINES ? `latency=${SLOW_MS}ms ` : '';
    const content = `${id} [[simulate: ${latency}output=900]]`;
    return flatLine(id, { ...UNCOUNTED, messages: [{ role: 'user', content }], max_tokens: 1_000 });
  });
  bench.write('a.jsonl', jsonl(lines));
  const { baseUrl, compatibleBaseUrl } = simulator;
  const args = [
    ...['run', 'a.jsonl', '-c', String(CONCURRENCY), '--rpm', '6000000', '--progress', 'lines'],
    ...['--timeout', '2h', '--base-url', baseUrl, '--compatible-base-url', compatibleBaseUrl],
    ...flags,
  ];
  return { bench, ids, simulator, args, held, release };
}

function hasBallast({ bench }: Job): boolean {
  return existsSync(bench.path(BALLAST));
}

/** Runs a job until its ledger finds no room; `meanwhile` what happens then, before the slow answers come. */
async function runIntoFull(
  { bench, args, release }: Job,
  meanwhile: (signal: (name: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Finished> {
  const cli = startCli(bench, args);
  await cli.says('stopping (');
  meanwhile((name) => {
    cli.signal(name);
  });
  release();
  return cli.finished;
}

/** What the ledger holds; it must be without a finding. */
async function verified({ bench }: Job, ledger: string) {
  const facts = readLedgerCopy(bench.path(ledger));
  if (facts === null) throw new Error('there is no ledger');
  expect(await runHere(bench, ['status', ledger, '--verify'])).toMatchObject({ status: 0 });
  return facts;
}

/** Runs the job to its end: one answer for each line, and `again` calls more than lines. */
async function expectFinishes({ bench, ids, simulator, args }: Job, again: number): Promise<void> {
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(simulator.stats().calls).toBe(LINES + again);
  const results = args.includes('-o') ? 'small/a.results.jsonl' : 'a.results.jsonl';
  expect(customIds(bench, results)).toEqual(ids);
}

const mountable = describe.skipIf(!mayMount);

mountable('calls in flight when the disk fills up (skipped where nothing can be mounted)', () => {
  test('the ledger’s: their answers go where the ballast was, none is lost or made again', async () => {
    const job = await prepareJob('--ledger', LEDGER);
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    const seen: boolean[] = [];
    const full = await runIntoFull(job, () => {
      seen.push(hasBallast(job));
    });
    expect(full).toMatchObject({ status: 74 });
    expect(full.stderr).toMatch(
      /a\.qbatch\.db: .*SQLITE_FULL\); \d+ answers in flight were written once there was space\n/,
    );
    expect(full.stderr).toContain('run the same command again; nothing settled is lost\n');
    const { calls, answered } = job.simulator.stats();
    expect(answered).toBe(calls);
    expect(calls).toBeLessThan(LINES);
    const facts = await verified(job, LEDGER);
    expect(facts.answered.size).toBe(answered);
    expect(facts.inFlight).toEqual([]);
    expect(seen).toEqual([false]);
    expect(hasBallast(job)).toBe(false);
    disk.resize(LARGE_KIB);
    await expectFinishes(job, 0);
    expect(hasBallast(job)).toBe(false);
  });

  test.each([2_560, 6_000])(
    'a disk of %i KiB, and more calls asked for than it has room for: none is lost',
    async (kib) => {
      const bench = openBench();
      const disk = mountSmall(bench, 'small', kib);
      // More in flight: a disk holds more of them where they are written together.
      const ids = placeIds(2 * LINES);
      const prompt = (id: string): string => `${id} [[simulate: output=900]]`;
      bench.write(
        'a.jsonl',
        jsonl(
          ids.map((id) => flatLine(id, { ...UNCOUNTED, messages: undefined, prompt: prompt(id) })),
        ),
      );
      const args = ['run', 'a.jsonl', '--simulate=latency=300ms,rpm=6000000', '-c', '257'];
      const files = [
        '--ledger',
        LEDGER,
        '-o',
        'small/a.results.jsonl',
        '--errors',
        'small/e.jsonl',
      ];
      const full = await runCli(bench, [...args, ...files]);
      expect(full).toMatchObject({ status: 74 });
      expect(full.stderr).toMatch(
        /little disk space is free beside the ledger: at most \d+ calls in flight/,
      );
      expect(full.stderr).not.toContain('could not be written');
      const facts = readLedgerCopy(bench.path(LEDGER));
      expect(facts?.inFlight).toEqual([]);
      expect(facts?.answered.size).toBeGreaterThan(0);
      disk.resize(LARGE_KIB);
      expect(await runHere(bench, [...args, ...files])).toMatchObject({ status: 0 });
      expect(customIds(bench, 'small/a.results.jsonl')).toEqual(ids);
    },
  );

  test('too little room for a single answer from the start: 74, what to do is said, and nothing is sent', async () => {
    const { bench, server, ids, args } = await prepareCliJob(8);
    const disk = mountSmall(bench, 'small', SMALL_KIB);
    bench.write('before.jsonl', bench.read('a.jsonl').split('\n')[0] ?? '');
    const before = ['run', 'before.jsonl', ...server.flags, '--ledger', LEDGER];
    expect(await runHere(bench, before)).toMatchObject({ status: 0 });
    server.forget();
    disk.fill(250);
    const full = await runCli(bench, [...args, '--ledger', LEDGER]);
    expect(full).toMatchObject({ status: 74 });
    expect(full.stderr).toContain('too little disk space is free beside ');
    expect(full.stderr).toContain('run the same command again; nothing settled is lost\n');
    expect(server.calls).toEqual([]);
    expect(bench.names()).not.toContain(BALLAST);
    disk.resize(LARGE_KIB);
    expect(await runHere(bench, [...args, '--ledger', LEDGER])).toMatchObject({ status: 0 });
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    expect(server.calls).toHaveLength(ids.length);
  });

  test('`auto` begins with fewer calls than there is room for, and grows no further: told too', async () => {
    const { bench, args } = await prepareCliJob(120, UNCOUNTED);
    mountSmall(bench, 'small', 5_200);
    const run = await runCli(bench, [...args, '--ledger', LEDGER]);
    expect(run).toMatchObject({ status: 0 });
    const told = /little disk space is free beside the ledger: at most (\d+) calls in flight/;
    const most = Number(told.exec(run.stderr)?.[1]);
    expect(most).toBeGreaterThanOrEqual(64);
    expect(most).toBeLessThan(120);
  });

  test('a control file asks for more calls than there is room for: told with how many there are', async () => {
    const { bench, server, args } = await prepareCliJob(120, UNCOUNTED);
    mountSmall(bench, 'small', 2_560);
    server.hold();
    const run = startCli(bench, [...args, '-c', '8', '--ledger', LEDGER]);
    await run.before(server.seen(8));
    bench.write(`${LEDGER}.control.json`, '{"concurrency":500}');
    await run.says('is in force: concurrency 500');
    const told = /little disk space is free beside the ledger: at most (\d+) calls in flight/;
    const most = Number(told.exec(await run.tells(told))?.[1]);
    expect(most).toBeGreaterThan(8);
    await run.before(server.seen(most));
    server.release();
    // Where commits are small their log may fill so small a disk: not what this is about.
    const { stderr, status } = await run.finished;
    expect([0, 74]).toContain(status);
    expect(stderr.match(new RegExp(told, 'g'))).toHaveLength(1);
    expect(server.openMost).toBe(most);
  });

  test('they are the last: all are written where the ballast was, and the run has finished', async () => {
    const { bench, server, ids, args } = await prepareCliJob(8);
    const disk = mountSmall(bench, 'small', SMALL_KIB);
    server.hold();
    const cli = startCli(bench, [...args, '--ledger', LEDGER, '--json']);
    await cli.before(server.seen(ids.length));
    disk.fill();
    server.script = ({ id }) => ({ kind: 'answer', content: id.repeat(2_000) });
    server.release();
    const full = await cli.finished;
    expect(full).toMatchObject({ status: 0 });
    expect(full.json()).toMatchObject({ lines: { answered: 8, open: 0 }, stopped: null });
    expect(full.stderr).toMatch(
      /warning: cannot write .*\(SQLITE_FULL\); 8 answers in flight were written once there was space\n/,
    );
    expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
    const status = await runHere(bench, ['status', LEDGER, '--verify', '--json']);
    expect(status.json()).toMatchObject({ state: 'finished', verify: { ok: true } });
    expect(server.calls).toHaveLength(ids.length);
  });

  test('room is made while they are in flight: nothing is lost, without a ballast', async () => {
    const job = await prepareJob('--ledger', LEDGER);
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    // Not what a run makes or removes.
    mkdirSync(job.bench.path(BALLAST));
    const full = await runIntoFull(job, () => {
      disk.resize(LARGE_KIB);
    });
    expect(full).toMatchObject({ status: 74 });
    expect(full.stderr).toMatch(/\d+ answers in flight were written once there was space\n/);
    const { calls, answered } = job.simulator.stats();
    expect(answered).toBe(calls);
    expect((await verified(job, LEDGER)).answered.size).toBe(answered);
    await expectFinishes(job, 0);
  });

  test('no room to the end: as many as were lost are told, and made again', async () => {
    const job = await prepareJob('--ledger', LEDGER);
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    mkdirSync(job.bench.path(BALLAST));
    const full = await runIntoFull(job);
    expect(full).toMatchObject({ status: 74 });
    const told = /; ([\d,]+) answers in flight could not be written\n/.exec(full.stderr)?.[1];
    expect(full.stderr).toContain('may be billed, and will be sent again\n');
    const { calls, answered } = job.simulator.stats();
    expect(answered).toBe(calls);
    const facts = await verified(job, LEDGER);
    const lost = answered - facts.answered.size;
    expect(lost).toBeGreaterThan(0);
    expect(Number(told)).toBe(lost);
    expect(facts.inFlight).toHaveLength(lost);
    disk.resize(LARGE_KIB);
    await expectFinishes(job, lost);
    expect([...(await verified(job, LEDGER)).lastClass.values()]).toEqual(
      Array.from({ length: LINES }, () => 'answered'),
    );
  });

  test('dropped by Ctrl-C meanwhile, the first: their fate is written down, and nothing else is made again', async () => {
    const job = await prepareJob('--ledger', LEDGER);
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    const cli = startCli(job.bench, job.args);
    await cli.says('stopping (');
    cli.signal('SIGINT');
    const full = await cli.finished;
    expect(full).toMatchObject({ status: 74 });
    job.release();
    const { calls } = job.simulator.stats();
    const { answered, lastClass, inFlight } = await verified(job, LEDGER);
    expect(inFlight).toEqual([]);
    const dropped = [...lastClass.values()].filter((one) => one === 'possibly_billed').length;
    expect(dropped).toBe(SLOW_LINES);
    expect(answered.size + dropped).toBe(calls);
    disk.resize(LARGE_KIB);
    await expectFinishes(job, dropped);
  });

  test('killed while they are awaited: only they are made again', async () => {
    const job = await prepareJob('--ledger', LEDGER);
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    await runIntoFull(job, (signal) => {
      signal('SIGKILL');
    });
    const { answered, inFlight } = await verified(job, LEDGER);
    const before = job.simulator.stats().calls;
    expect(answered.size + inFlight.length).toBe(before);
    expect(inFlight.length).toBeLessThanOrEqual(CONCURRENCY);
    disk.resize(LARGE_KIB);
    await expectFinishes(job, inFlight.length);
  });

  test('the ledger’s and the results’, which is one: the answers are in the ledger, and none is made again', async () => {
    const job = await prepareJob('--ledger', LEDGER, '-o', 'small/a.results.jsonl');
    const disk = mountSmall(job.bench, 'small', SMALL_KIB);
    // The results wait for the first lines: they are written when the ledger has filled the disk.
    const full = await runIntoFull(job);
    expect(full).toMatchObject({ status: 74 });
    expect(full.stderr).toContain('run the same command again; nothing settled is lost\n');
    const { calls, answered } = job.simulator.stats();
    expect(answered).toBe(calls);
    expect((await verified(job, LEDGER)).answered.size).toBe(answered);
    disk.resize(LARGE_KIB);
    await expectFinishes(job, 0);
  });

  test('the results’: their answers are in the ledger, and none is made again', async () => {
    const job = await prepareJob('-o', 'small/a.results.jsonl', '--order', 'settled');
    const disk = mountSmall(job.bench, 'small', 200);
    const full = await runIntoFull(job);
    expect(full).toMatchObject({ status: 74 });
    expect(full.stderr).toMatch(/cannot write .*a\.results\.jsonl: ENOSPC/);
    const { calls, answered } = job.simulator.stats();
    expect(answered).toBe(calls);
    expect(calls).toBeLessThan(LINES);
    expect((await verified(job, 'a.qbatch.db')).answered.size).toBe(answered);
    disk.resize(LARGE_KIB);
    expect(await runHere(job.bench, job.args)).toMatchObject({ status: 0 });
    expect(job.simulator.stats().calls).toBe(LINES);
    expect(customIds(job.bench, 'small/a.results.jsonl').toSorted()).toEqual(job.ids.toSorted());
  });
});

test('`auto` begins with 64 calls and may come to more: room is set aside for the answers of all', async () => {
  const { bench, server, args } = await prepareCliJob(400, UNCOUNTED);
  server.hold();
  const cli = startCli(bench, args);
  await cli.before(server.seen(1));
  expect(statSync(bench.path('a.qbatch.db.ballast')).size).toBe(1024 * 1024 + 400 * 32 * 1024);
  cli.signal('SIGKILL');
  await cli.finished;
});

test('the ballast of a run that was killed is gone after the next one', async () => {
  const job = await prepareJob('--ledger', 'a.qbatch.db');
  const cli = startCli(job.bench, job.args);
  await cli.before(job.held);
  cli.signal('SIGKILL');
  await cli.finished;
  expect(job.bench.names()).toContain('a.qbatch.db.ballast');
  job.release();
  expect(await runCli(job.bench, job.args)).toMatchObject({ status: 0 });
  expect(job.bench.names()).not.toContain('a.qbatch.db.ballast');
});
