import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { sqlitePackage } from '../../src/ledger/database.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { customIds, prepareCliJob } from '../helpers/cli-job.ts';
import { openElsewhere } from '../helpers/other-program.ts';
import { readLedgerCopy } from '../helpers/read-ledger-copy.ts';
import { runHere } from '../helpers/run-here.ts';
import { runCli, startCli } from '../helpers/spawn-cli.ts';
import { tempFolder } from '../helpers/temp-ledger.ts';

const LINES = 40;
const HELD = 8;

/** A run with 8 calls in flight, none of them replied to; so many will be, where a number is given. */
async function startHeld(
  answered = Infinity,
  lines = LINES,
): Promise<
  Awaited<ReturnType<typeof prepareCliJob>> & { readonly run: ReturnType<typeof startCli> }
> {
  const job = await prepareCliJob(lines);
  const args = [...job.args, '-c', String(HELD), '--json'];
  job.server.hold();
  job.server.script = () => ({ kind: job.server.calls.length > answered ? 'hang' : 'answer' });
  const run = startCli(job.bench, args);
  await run.before(job.server.seen(HELD));
  return { ...job, args, run };
}

test('another program reads the ledger in one long transaction: the run goes on, and finishes', async () => {
  const { bench, server, ids, args, run } = await startHeld();
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN');
  const settled = 'SELECT count(*) FROM lines';
  expect(await say(settled)).toBe(0);
  server.release();
  expect(await run.finished).toMatchObject({ status: 0 });
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  // It still reads what was there when it began.
  expect(await say(settled)).toBe(0);
  expect(await runCli(bench, args)).toMatchObject({ status: 0 });
  await say('COMMIT');
  expect(await say(settled)).toBe(LINES);
  const verified = await runHere(bench, ['status', '--verify', '--json']);
  expect(verified.json()).toMatchObject({ verify: { ok: true } });
  expect(server.calls).toHaveLength(LINES);
});

test('another program keeps a lock for longer than a commit waits: no call begins meanwhile, then the run goes on to its end', async () => {
  const { bench, server, ids, args, run } = await startHeld();
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  server.release();
  await run.says(
    'the ledger is locked by another program: no new call starts until it is unlocked',
  );
  await run.says(`the replies to ${HELD} calls wait for the ledger to be unlocked`);
  expect(server.calls).toHaveLength(HELD);
  await say('ROLLBACK');
  const finished = await run.finished;
  expect(finished).toMatchObject({ status: 0 });
  expect(finished.stderr).toMatch(
    /warning: the ledger was locked by another program for \d+ s; the replies received meanwhile are now stored, and the run continues\n/,
  );
  expect(finished.stderr).not.toContain('stopping');
  // Lines that had their slots when it was locked come before those that had not. By the ledger: calls on connections of
  // their own may overtake each other on the way.
  const started = `started_at) FROM attempts WHERE line_no`;
  const held = await say(`SELECT max(${started} BETWEEN ${HELD + 1} AND ${2 * HELD}`);
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThanOrEqual(Number(await say(`SELECT min(${started} > ${2 * HELD}`)));
  expect(finished.json()).toMatchObject({ lines: { answered: LINES, open: 0 }, stopped: null });
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  expect(server.calls).toHaveLength(LINES);
  expect(server.openMost).toBeLessThanOrEqual(HELD);
  expect(await runHere(bench, ['status', '--verify'])).toMatchObject({ status: 0 });
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(server.calls).toHaveLength(LINES);
});

test('it is locked while the last calls are in flight: written when it is given back, the run has finished', async () => {
  const { bench, server, ids, args, run } = await startHeld(Infinity, HELD);
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  server.release();
  await run.says(`the replies to ${HELD} calls wait for the ledger to be unlocked`);
  await say('ROLLBACK');
  const finished = await run.finished;
  expect(finished).toMatchObject({ status: 0 });
  expect(finished.json()).toMatchObject({
    lines: { answered: HELD, open: 0 },
    stopped: null,
  });
  expect(finished.stderr).toContain('the replies received meanwhile are now stored');
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  expect((await runHere(bench, ['status', '--json'])).json()['state']).toBe('finished');
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(server.calls).toHaveLength(HELD);
});

test('it is locked in a run that a signal is stopping: 143 where all was written, and the files hold it', async () => {
  const { bench, server, ids, args, run } = await startHeld();
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  run.signal('SIGTERM');
  await run.says('stopping (terminated by a signal)');
  server.release();
  await run.says(
    `the replies to ${HELD} calls wait for the ledger to be unlocked: retrying for up to 3 s`,
  );
  await say('ROLLBACK');
  const stopped = await run.finished;
  expect(stopped).toMatchObject({ status: 143 });
  expect(stopped.json()).toMatchObject({
    lines: { answered: HELD },
    stopped: { reason: 'terminated', code: 143 },
  });
  expect(stopped.stderr).toMatch(/the replies received meanwhile are now stored\n/);
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids.slice(0, HELD));
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(server.calls).toHaveLength(LINES);
});

test('it stays locked, and a first SIGTERM comes: what is lost is told before a supervisor kills', async () => {
  const { bench, server, run } = await startHeld();
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  server.release();
  await run.says('retrying for up to 120 s');
  run.signal('SIGTERM');
  await run.says('retrying for up to 3 s');
  const blocked = await run.finished;
  expect(blocked).toMatchObject({ status: 75 });
  expect(blocked.stderr).toContain(`; ${HELD} answers in flight could not be written`);
  await say('ROLLBACK');
});

test('it is locked with nothing to write but why the run ends: the exit code is that of the signal', async () => {
  const { bench, server, args } = await prepareCliJob(2);
  const slow = args.map((arg, at) => (args[at - 1] === '--rpm' ? '1' : arg));
  const run = startCli(bench, [...slow, '--progress', 'json']);
  await run.says('"event":"line-settled"');
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  run.signal('SIGTERM');
  expect(await run.finished).toMatchObject({ status: 143 });
  await say('ROLLBACK');
  expect(await runHere(bench, args)).toMatchObject({ status: 0 });
  expect(server.calls).toHaveLength(2);
});

test('it is locked to the end, which two Ctrl-C bring: 75, what is lost is told, then it goes on', async () => {
  const { bench, server, ids, args, run } = await startHeld();
  const ledger = bench.path('a.qbatch.db');
  const say = openElsewhere(ledger);
  await say('BEGIN IMMEDIATE');
  server.release();
  await run.says('Ctrl-C ends the wait');
  run.signal('SIGINT');
  await run.says('retrying for up to 3 s');
  run.signal('SIGINT');
  const blocked = await run.finished;
  expect(blocked).toMatchObject({ status: 75 });
  expect(blocked.stderr).toContain(`another program holds a lock on ${ledger}`);
  expect(blocked.stderr).toContain(`; ${HELD} answers in flight could not be written`);
  expect(blocked.stderr).toContain('nothing settled is lost; the calls whose answers could not be');
  const sent = server.calls.length;
  // Begun while it is locked: a signal ends the wait, and nothing is sent.
  const begun = startCli(bench, args);
  await begun.says('nothing is sent until it is unlocked; retrying for up to 120 s');
  begun.signal('SIGTERM');
  const refused = await begun.finished;
  expect(refused).toMatchObject({ status: 143 });
  expect(refused.json()).toMatchObject({ error: { exit_code: 143 } });
  expect(refused.stderr).toContain('stopped before anything was sent');
  expect(server.calls).toHaveLength(sent);

  const settled = readLedgerCopy(ledger)?.settled ?? new Set();
  const waiting = startCli(bench, args);
  await waiting.says('the ledger is locked by another program: nothing is sent until');
  expect(server.calls).toHaveLength(sent);
  await say('ROLLBACK');
  expect(await waiting.finished).toMatchObject({ status: 0 });
  expect(customIds(bench, 'a.results.jsonl')).toEqual(ids);
  const again = server.calls.slice(sent).filter(({ id }) => settled.has(id));
  expect(again).toEqual([]);
  // Nothing but the calls that were in flight is sent twice.
  expect(server.calls).toHaveLength(LINES + HELD);
});

test('it is locked while calls are in flight, and the run was stopping already: what Ctrl-C gives up is told before', async () => {
  const { bench, server, run } = await startHeld(1);
  const say = openElsewhere(bench.path('a.qbatch.db'));
  await say('BEGIN IMMEDIATE');
  run.signal('SIGTERM');
  await run.says('stopping (terminated by a signal)');
  server.release();
  await run.says(
    'replies already received cannot be stored yet, and Ctrl-C drops them with the calls',
  );
  run.signal('SIGINT');
  const blocked = await run.finished;
  expect(blocked).toMatchObject({ status: 75 });
  expect(blocked.stderr).toContain('; 1 answer in flight could not be written');
  await say('ROLLBACK');
});

test('a run of another job of the ledger: the one that was killed before is open, and says how to go on', async () => {
  const { bench, server, run } = await startHeld();
  run.signal('SIGKILL');
  await run.finished;
  bench.write('b.jsonl', bench.read('a.jsonl'));
  const other = startCli(bench, ['run', 'b.jsonl', '--ledger', 'a.qbatch.db', ...server.flags]);
  await other.before(server.seen(HELD + 1));
  const ledger = bench.path('a.qbatch.db');
  const look = async (job: string): Promise<unknown> =>
    (await runCli(bench, ['status', ledger, '--job', job, '--json'])).json()['state'];
  expect(await look('a')).toBe('open');
  expect(await look('b')).toBe('running');
  const told = await runCli(bench, ['status', ledger, '--job', 'a']);
  expect(told.stdout).toContain(`next: qbatch resume ${ledger}\n`);
  server.release();
  expect(await other.finished).toMatchObject({ status: 0 });
});

const HOLDER = `
  const { workerData: { path, sqlite, state } } = require('node:worker_threads');
  const database = new (require(sqlite))(path);
  database.exec('BEGIN IMMEDIATE');
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
  // Until the commit begins, and then for a good part of the time that it waits.
  Atomics.wait(state, 0, 1);
  Atomics.wait(state, 1, 0, 500);
  Atomics.store(state, 2, 1);
  database.exec('ROLLBACK');
  database.close();
`;

test('a lock that is given back in time: the commit waits for it', () => {
  const path = `${tempFolder()}/a.qbatch.db`;
  const ledger = Ledger.open(path, { adopt: false, wallMs: 0 });
  onTestFinished(() => {
    ledger.close();
  });
  const state = new Int32Array(new SharedArrayBuffer(12));
  const holder = new Worker(HOLDER, {
    eval: true,
    workerData: { path, sqlite: sqlitePackage(), state },
  });
  onTestFinished(async () => {
    await holder.terminate();
  });
  expect(Atomics.wait(state, 0, 0, 30_000)).not.toBe('timed-out');
  Atomics.store(state, 0, 2);
  Atomics.notify(state, 0);
  ledger.transact(() => undefined);
  // It came back after the lock was given back, not before.
  expect(Atomics.load(state, 2)).toBe(1);
});
