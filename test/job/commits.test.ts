import { describe, expect, onTestFinished, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import type { TurnBatch } from '../../src/execute/turn-batch.ts';
import { Commits } from '../../src/job/commits.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { readMark } from '../../src/ledger/mark.ts';
import type { Batch, Job } from '../../src/ledger/records.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import Database from '../helpers/sqlite.mjs';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import {
  addJob,
  endOf,
  jobOf,
  openTempLedger,
  settledOf,
  startOf,
  tempFolder,
} from '../helpers/temp-ledger.ts';

const LINES = 40;
/** More than a page. */
const BODY = JSON.stringify({
  text: '差评'.repeat(3_000),
  usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 },
});
const PAGES_MOST = 1_073_741_823;

function openCommits() {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const job = addJob(ledger, folder, { lineCount: LINES });
  /** Each time that there was no room, or a lock was met or gone. */
  const told: string[] = [];
  const beside = { writes: 0 };
  const time = { nowMs: 0 };
  const abort = new AbortController();
  const hurry = new AbortController();
  const waited: string[] = [];
  const commits = new Commits({
    ledger,
    jobId: job.id,
    clock: { wallMs: () => FAKE_WALL_START_MS, monotonicMs: () => time.nowMs },
    lastSeq: 0,
    alongside: () => {
      beside.writes += 1;
    },
    stop: new AbortController().signal,
    abort: abort.signal,
    hurry: hurry.signal,
    onNoRoom: ({ exitCode }) => told.push(`no room: ${exitCode}`),
    onLocked: () => told.push('locked'),
    onWaiting: (calls, forMs) => waited.push(`${calls} calls, ${forMs} ms`),
    onUnlocked: (forMs) => told.push(`unlocked after ${forMs} ms`),
  });
  return { ledger, job, commits, told, beside, time, abort, hurry, waited };
}

/** Another program locks the ledger for writing; what this returns gives the lock back. */
function lockElsewhere(ledger: Ledger): () => void {
  const other = new Database(ledger.path);
  onTestFinished(() => {
    other.close();
  });
  other.exec('BEGIN IMMEDIATE');
  // Not of interest here, and long.
  ledger.database.pragma('busy_timeout = 0');
  return () => {
    other.exec('ROLLBACK');
  };
}

/** So many pages more than now, and there is no room any more. */
function leaveRoom(ledger: Ledger, pages: number): void {
  const now = Number(ledger.database.pragma('page_count', { simple: true }));
  ledger.database.pragma(`max_page_count = ${now + pages}`);
}

function turnBatch(batch: Partial<Batch>, isLast = false) {
  const put: { back: number; left: readonly number[] | null } = { back: 0, left: null };
  const whole: TurnBatch = {
    starts: [],
    ends: [],
    settled: [],
    ...batch,
    frontier: 1,
    isLast,
    putBack: (left) => {
      put.back += 1;
      put.left = (left ?? batch).ends?.map(({ lineNo }) => lineNo) ?? [];
    },
  };
  return { batch: whole, put };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** The calls of so many lines leave. */
function begin(commits: Commits, count = LINES): void {
  expect([
    ...commits.commit(turnBatch({ starts: upTo(count).map((line) => startOf(line)) }).batch, null),
  ]).toHaveLength(1);
}

/** Their answers. */
function answers(lines: readonly number[], isLast = false) {
  const ends = lines.map((line) => endOf(line));
  const settled = lines.map((line) => settledOf(line, { body: BODY }));
  return turnBatch({ ends, settled }, isLast);
}

function seqsOf(ledger: Ledger): unknown[] {
  return ledger.database.prepare('SELECT seq FROM lines ORDER BY seq').pluck().all();
}

async function expectSound(ledger: Ledger, job: Job): Promise<void> {
  const counter = ledger.database.prepare('SELECT commit_counter FROM ledger').pluck().get();
  const mark = readMark(ledger.path);
  expect(mark).toBe(counter);
  const stop = new AbortController().signal;
  const options = { ledgerPath: ledger.path, running: false, mark, stop };
  // The files are written by others.
  const { findings } = await verifyLedger(ledger.database, jobOf(ledger, job.name), options);
  expect(findings).toEqual([]);
}

function linesOf(batch: Batch | undefined): number[] {
  const lines = (batch?.settled ?? []).map(({ lineNo }) => lineNo);
  expect(lines).not.toEqual([]);
  return lines;
}

function thrownBy(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

describe('a batch for which there is no room', () => {
  test('is put back, and nothing of it stays; written later, its lines have the numbers that come next', async () => {
    const { ledger, job, commits, told, beside } = openCommits();
    begin(commits);
    expect([...commits.commit(answers([3]).batch, null)]).toHaveLength(1);
    leaveRoom(ledger, 0);
    for (let nth = 0; nth < 3; nth += 1) {
      const { batch, put } = answers([1, 2, 4, 5]);
      expect([...commits.commit(batch, null)]).toHaveLength(0);
      expect(put.back).toBe(1);
      expect(told).toEqual([`no room: ${EXIT.io}`]);
      expect(commits.lastSeq).toBe(1);
      expect(seqsOf(ledger)).toEqual([1]);
    }
    await expectSound(ledger, job);
    const writesBefore = beside.writes;
    ledger.database.pragma(`max_page_count = ${PAGES_MOST}`);
    const { batch } = answers([1, 2, 4, 5]);
    expect([...commits.commit(batch, null)]).toHaveLength(1);
    expect(commits.lastSeq).toBe(5);
    expect(seqsOf(ledger)).toEqual([1, 2, 3, 4, 5]);
    // What room there is is for answers.
    expect(beside.writes).toBe(writesBefore);
    expect(commits.failure).toMatchObject({
      exitCode: EXIT.io,
      message: expect.stringMatching(
        /SQLITE_FULL\); 4 answers in flight were written once there was space$/,
      ) as unknown,
      hint: expect.stringContaining(
        'run the same command again; nothing settled is lost',
      ) as unknown,
    });
    await expectSound(ledger, job);
  });

  test('the last one: as much as there is room for is written, and the rest told', async () => {
    const { ledger, job, commits } = openCommits();
    begin(commits);
    leaveRoom(ledger, 0);
    expect([...commits.commit(answers(upTo(LINES)).batch, null)]).toHaveLength(0);
    leaveRoom(ledger, 12);
    const written: Batch[] = [];
    const error = thrownBy(() => {
      for (const part of commits.commit(answers(upTo(LINES), true).batch, null)) written.push(part);
    });
    const lines = written.flatMap(({ settled }) => settled.map(({ lineNo }) => lineNo));
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(LINES);
    expect(lines).toEqual(upTo(lines.length));
    expect(written.flatMap(({ ends }) => ends.map(({ lineNo }) => lineNo))).toEqual(lines);
    expect(seqsOf(ledger)).toEqual(lines);
    expect(error).toMatchObject({
      exitCode: EXIT.io,
      message: expect.stringContaining(
        `; ${LINES - lines.length} answers in flight could not be written`,
      ) as unknown,
      hint: expect.stringContaining('may be billed, and will be sent again') as unknown,
    });
    expect(jobOf(ledger).answered).toBe(lines.length);
    await expectSound(ledger, job);
  });

  test('the last one: an answer that is too large keeps none of the others out', async () => {
    const { ledger, job, commits } = openCommits();
    begin(commits, 4);
    leaveRoom(ledger, 0);
    expect([...commits.commit(answers([1, 2, 3, 4]).batch, null)]).toHaveLength(0);
    leaveRoom(ledger, 12);
    const large = JSON.stringify({ ...JSON.parse(BODY), text: 'x'.repeat(1_000_000) });
    const settled = [1, 2, 3, 4].map((line) =>
      settledOf(line, { body: line === 2 ? large : BODY }),
    );
    const { batch } = turnBatch({ ends: [1, 2, 3, 4].map((line) => endOf(line)), settled }, true);
    const error = thrownBy(() => [...commits.commit(batch, null)]);
    expect(error).toMatchObject({
      message: expect.stringContaining('; 1 answer in flight could not be written') as unknown,
    });
    expect(jobOf(ledger).answered).toBe(3);
    expect(seqsOf(ledger)).toEqual([1, 2, 3]);
    await expectSound(ledger, job);
  });

  test('nothing was in flight: the message is that of a full disk alone', () => {
    const { ledger, commits } = openCommits();
    leaveRoom(ledger, 0);
    const { batch, put } = turnBatch({
      starts: upTo(3_000).map((line) => startOf(line, 1, { customId: `评论-${line}`.repeat(20) })),
    });
    expect([...commits.commit(batch, null)]).toHaveLength(0);
    expect(put.back).toBe(1);
    expect(commits.failure?.message).toMatch(/cannot write .*\(SQLITE_FULL\)$/);
  });

  test('what else goes wrong is thrown, and nothing put back', () => {
    const { commits, told } = openCommits();
    begin(commits, 2);
    const { batch, put } = answers([1, 1]);
    expect(thrownBy(() => [...commits.commit(batch, null)])).toMatchObject({
      message: expect.stringContaining('SQLITE_CONSTRAINT') as unknown,
    });
    expect(put.back).toBe(0);
    expect(told).toEqual([]);
    expect(commits.failure).toBeNull();
  });
});

const LOCK_PATIENCE_MS = 120_000;

test('once a signal came, no commit waits long for a lock, the first one neither', () => {
  const { ledger, commits, hurry } = openCommits();
  const patienceMs = (): number => Number(ledger.database.pragma('busy_timeout', { simple: true }));
  begin(commits, 2);
  expect(patienceMs()).toBe(1_000);
  hurry.abort();
  expect([...commits.commit(answers([1, 2]).batch, null)]).toHaveLength(1);
  expect(patienceMs()).toBeLessThanOrEqual(250);
});

describe('a batch that another program’s lock keeps out', () => {
  test('is put back; with nothing in flight it is tried again for a while; once it is written nothing was wrong', async () => {
    const { ledger, job, commits, told, beside, time, waited } = openCommits();
    begin(commits, 4);
    const giveBack = lockElsewhere(ledger);
    const early = answers([1]);
    time.nowMs = 500;
    expect([...commits.commit(early.batch, null)]).toEqual([]);
    expect(early.put.back).toBe(1);
    expect(waited).toEqual([]);
    for (const nowMs of [1_000, 60_000, LOCK_PATIENCE_MS + 999]) {
      time.nowMs = nowMs;
      const last = answers([1, 2, 3, 4], true);
      expect([...commits.commit(last.batch, null)]).toEqual([]);
      expect(last.put.back).toBe(1);
    }
    expect(waited).toEqual([`4 calls, ${LOCK_PATIENCE_MS} ms`]);
    expect(told).toEqual(['locked']);
    giveBack();
    const writesBefore = beside.writes;
    expect([...commits.commit(answers([1, 2, 3, 4], true).batch, null)]).toHaveLength(1);
    expect(seqsOf(ledger)).toEqual([1, 2, 3, 4]);
    expect(told).toEqual(['locked', `unlocked after ${LOCK_PATIENCE_MS + 499} ms`]);
    expect(beside.writes).toBe(writesBefore + 1);
    expect(commits.failure).toBeNull();
    await expectSound(ledger, job);
  });

  test('a second time: it is told and waited for as the first time', () => {
    const { ledger, commits, told, time, waited } = openCommits();
    begin(commits, 2);
    for (const [line, nowMs] of [
      [1, 0],
      [2, LOCK_PATIENCE_MS - 1],
    ] as const) {
      time.nowMs = nowMs;
      const giveBack = lockElsewhere(ledger);
      expect([...commits.commit(answers([line], true).batch, null)]).toEqual([]);
      time.nowMs = nowMs + LOCK_PATIENCE_MS - 1;
      const { batch, put } = answers([line], true);
      expect([...commits.commit(batch, null)]).toEqual([]);
      expect(put.back).toBe(1);
      giveBack();
      expect([...commits.commit(answers([line], true).batch, null)]).toHaveLength(1);
    }
    expect(waited).toEqual([`1 calls, ${LOCK_PATIENCE_MS} ms`, `1 calls, ${LOCK_PATIENCE_MS} ms`]);
    const gone = `unlocked after ${LOCK_PATIENCE_MS - 1} ms`;
    expect(told).toEqual(['locked', gone, 'locked', gone]);
    expect(commits.failure).toBeNull();
  });

  test('with nothing in it but starts: it is waited for as well, and to the end it is a lock alone that is told', () => {
    const { ledger, commits, time, waited } = openCommits();
    lockElsewhere(ledger);
    const { batch, put } = turnBatch({ starts: [startOf(1)] });
    expect([...commits.commit(batch, null)]).toEqual([]);
    expect(put.back).toBe(1);
    const empty = turnBatch({}, true);
    expect([...commits.commit(empty.batch, null)]).toEqual([]);
    expect(empty.put.back).toBe(1);
    expect(waited).toEqual([`0 calls, ${LOCK_PATIENCE_MS} ms`]);
    time.nowMs = LOCK_PATIENCE_MS;
    expect(thrownBy(() => [...commits.commit(turnBatch({}, true).batch, null)])).toMatchObject({
      exitCode: EXIT.busy,
      message: expect.stringMatching(
        /another program holds a lock on .*\(SQLITE_BUSY\)$/,
      ) as unknown,
    });
  });

  test.each([
    [
      'the time is over',
      (at: ReturnType<typeof openCommits>) => (at.time.nowMs = LOCK_PATIENCE_MS),
    ],
    ['nobody wants to wait', (at: ReturnType<typeof openCommits>) => at.abort.abort()],
  ])('to the end; %s: what is lost is told', async (_, end) => {
    const at = openCommits();
    const { ledger, job, commits } = at;
    begin(commits, 3);
    const giveBack = lockElsewhere(ledger);
    expect([...commits.commit(answers([1, 2], true).batch, null)]).toEqual([]);
    end(at);
    const { batch, put } = answers([1, 2, 3], true);
    const error = thrownBy(() => [...commits.commit(batch, null)]);
    expect(error).toMatchObject({
      exitCode: EXIT.busy,
      message: expect.stringContaining('; 3 answers in flight could not be written') as unknown,
      hint: expect.stringContaining('may be billed, and will be sent again') as unknown,
    });
    expect(put.back).toBe(0);
    giveBack();
    expect(seqsOf(ledger)).toEqual([]);
    await expectSound(ledger, job);
  });

  test.each([
    ['before: for 3 s', [], 0, 3_000],
    ['while it is waited for: for 3 s more', [120_000], 60_000, 63_000],
    ['shortly before the end: for no longer than without', [120_000], 118_000, 120_000],
  ])('and a signal came %s', (_, waitedBefore, cameMs, endsMs) => {
    const { ledger, commits, time, hurry, waited } = openCommits();
    begin(commits, 2);
    lockElsewhere(ledger);
    const last = () => answers([1, 2], true);
    if (cameMs > 0) expect([...commits.commit(last().batch, null)]).toEqual([]);
    hurry.abort();
    for (const nowMs of [cameMs, endsMs - 1]) {
      time.nowMs = nowMs;
      const { batch, put } = last();
      expect([...commits.commit(batch, null)]).toEqual([]);
      expect(put.back).toBe(1);
    }
    time.nowMs = endsMs;
    expect(thrownBy(() => [...commits.commit(last().batch, null)])).toMatchObject({
      exitCode: EXIT.busy,
      message: expect.stringContaining('; 2 answers in flight could not be written') as unknown,
    });
    expect(waited).toEqual([
      ...waitedBefore.map((forMs) => `2 calls, ${forMs} ms`),
      `2 calls, ${endsMs - cameMs} ms`,
    ]);
  });

  test('and a signal came when the time is over: it is not told that it is tried for 0 s more', () => {
    const { ledger, commits, time, hurry, waited } = openCommits();
    begin(commits, 2);
    lockElsewhere(ledger);
    expect([...commits.commit(answers([1, 2], true).batch, null)]).toEqual([]);
    time.nowMs = LOCK_PATIENCE_MS;
    hurry.abort();
    expect(thrownBy(() => [...commits.commit(answers([1, 2], true).batch, null)])).toMatchObject({
      exitCode: EXIT.busy,
    });
    expect(waited).toEqual([`2 calls, ${LOCK_PATIENCE_MS} ms`]);
  });

  test('at a time that is no whole number: how long it is waited for is told as it is', () => {
    const { ledger, commits, time, waited } = openCommits();
    begin(commits, 1);
    lockElsewhere(ledger);
    // Its sum with 120,000, less itself, is 120,000.00000000001.
    time.nowMs = 12_345.678;
    expect([...commits.commit(answers([1], true).batch, null)]).toEqual([]);
    expect(waited).toEqual([`1 calls, ${LOCK_PATIENCE_MS} ms`]);
  });

  test('and then the disk is full: that is told once', () => {
    const { ledger, commits, told } = openCommits();
    begin(commits, 2);
    const giveBack = lockElsewhere(ledger);
    expect([...commits.commit(answers([1]).batch, null)]).toEqual([]);
    giveBack();
    leaveRoom(ledger, 0);
    for (let nth = 0; nth < 2; nth += 1)
      expect([...commits.commit(answers([1, 2]).batch, null)]).toEqual([]);
    expect(told).toEqual(['locked', `no room: ${EXIT.io}`]);
  });

  test('while the disk is full, and the last answers are written in parts: what is left of them waits', async () => {
    const { ledger, job, commits, time, waited } = openCommits();
    begin(commits);
    leaveRoom(ledger, 0);
    expect([...commits.commit(answers(upTo(LINES)).batch, null)]).toEqual([]);
    leaveRoom(ledger, 12);
    const { batch, put } = answers(upTo(LINES), true);
    const parts = commits.commit(batch, null);
    const written = linesOf(parts.next().value);
    const giveBack = lockElsewhere(ledger);
    expect([...parts]).toEqual([]);
    const left = upTo(LINES).filter((line) => !written.includes(line));
    expect(put.left?.toSorted((one, other) => one - other)).toEqual(left);
    expect(waited).toEqual([`${left.length} calls, ${LOCK_PATIENCE_MS} ms`]);
    time.nowMs = LOCK_PATIENCE_MS - 1;
    expect([...commits.commit(answers(left, true).batch, null)]).toEqual([]);
    giveBack();
    ledger.database.pragma(`max_page_count = ${PAGES_MOST}`);
    expect([...commits.commit(answers(left, true).batch, null)]).toHaveLength(1);
    expect(seqsOf(ledger)).toEqual(upTo(LINES));
    expect(jobOf(ledger).answered).toBe(LINES);
    await expectSound(ledger, job);
  });

  test('while the disk is full, to the end: how many are lost is told', async () => {
    const { ledger, job, commits, time } = openCommits();
    begin(commits);
    leaveRoom(ledger, 0);
    expect([...commits.commit(answers(upTo(LINES)).batch, null)]).toEqual([]);
    leaveRoom(ledger, 12);
    const parts = commits.commit(answers(upTo(LINES), true).batch, null);
    const written = linesOf(parts.next().value);
    const giveBack = lockElsewhere(ledger);
    expect([...parts]).toEqual([]);
    time.nowMs = LOCK_PATIENCE_MS;
    const left = upTo(LINES).filter((line) => !written.includes(line));
    expect(thrownBy(() => [...commits.commit(answers(left, true).batch, null)])).toMatchObject({
      exitCode: EXIT.busy,
      message: expect.stringContaining(
        `; ${left.length} answers in flight could not be written`,
      ) as unknown,
    });
    giveBack();
    expect(jobOf(ledger).answered).toBe(written.length);
    await expectSound(ledger, job);
  });
});
