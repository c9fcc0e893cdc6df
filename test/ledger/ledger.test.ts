import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, QbatchError } from '../../src/errors.ts';
import { openDatabase } from '../../src/ledger/database.ts';
import { deleteJob, listJobs } from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import {
  closeUnknownAttempts,
  outputLineReader,
  outputLinesByNumber,
  outputLinesBySeq,
  priorAttempts,
  reopenFailed,
  settledLines,
} from '../../src/ledger/lines.ts';
import { LineSet } from '../../src/ledger/line-set.ts';
import { openForReading } from '../../src/ledger/open-for-reading.ts';
import { markPath } from '../../src/ledger/mark-path.ts';
import { readMark } from '../../src/ledger/mark.ts';
import type { Batch } from '../../src/ledger/records.ts';
import { SCHEMA_VERSION } from '../../src/ledger/schema.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import {
  addJob,
  commitLines,
  endOf,
  failedOf,
  jobOf,
  openTempLedger,
  settledOf,
  startOf,
  tempFolder,
  usageOf,
  wholeBatch,
} from '../helpers/temp-ledger.ts';

const AT = { wallMs: FAKE_WALL_START_MS, seqBefore: 0, cursor: null };

/** The error a ledger is refused with. */
function refusal(open: () => unknown): QbatchError {
  try {
    open();
  } catch (error) {
    if (error instanceof QbatchError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

const reopen =
  (path: string, adopt = false) =>
  (): Ledger =>
    Ledger.open(path, { adopt, wallMs: FAKE_WALL_START_MS });

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('Ledger: the file', () => {
  test('a new one: WAL, synchronous FULL as read back, pages of 16 KiB, ours by application_id and schema version', () => {
    const { database } = openTempLedger(tempFolder());
    const pragma = (name: string): unknown => database.pragma(name, { simple: true });
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('page_size')).toBe(16384);
    expect(pragma('application_id')).toBe(Buffer.from('qbat').readUInt32BE());
    expect(pragma('user_version')).toBe(SCHEMA_VERSION);
    expect(pragma('foreign_keys')).toBe(1);
  });

  test('opened again: WAL and FULL again, no matter what another program set', () => {
    const folder = tempFolder();
    const first = openTempLedger(folder);
    first.close();
    const other = openDatabase(first.path);
    other.pragma('journal_mode = DELETE');
    other.close();
    const { database, created } = openTempLedger(folder);
    expect(created).toBe(false);
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(database.pragma('synchronous', { simple: true })).toBe(2);
  });

  test('modes under umask 022: ledger, -wal, -shm and mark are private', () => {
    const before = process.umask(0o022);
    try {
      const ledger = openTempLedger(tempFolder());
      addJob(ledger, 'reviews');
      for (const suffix of ['', '-wal', '-shm', '.mark', '.lock'])
        expect(`${suffix} ${modeOf(ledger.path + suffix)}`).toBe(`${suffix} 600`);
    } finally {
      process.umask(before);
    }
  });

  test('a copy that was made readable for all is made private again', () => {
    const folder = tempFolder();
    const first = openTempLedger(folder);
    first.close();
    chmodSync(first.path, 0o644);
    const { path } = openTempLedger(folder);
    expect(modeOf(path)).toBe('600');
  });

  test('a folder that is not there: 73', () => {
    expect(refusal(reopen(join(tempFolder(), 'nowhere', 'a.qbatch.db')))).toMatchObject({
      exitCode: 73,
    });
  });

  test('a folder in the place of the ledger: 73', () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'a.qbatch.db'));
    expect(refusal(reopen(join(folder, 'a.qbatch.db'))).exitCode).toBe(73);
  });

  test('closed with remove while no job is in it: nothing is left of it', () => {
    const ledger = openTempLedger(tempFolder());
    ledger.close({ remove: true });
    for (const suffix of ['', '-wal', '-shm', '.mark'])
      expect(existsSync(ledger.path + suffix)).toBe(false);
  });

  test('closed with remove while a job is in it: it stays', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    addJob(ledger, folder);
    ledger.close({ remove: true });
    expect(listJobs(openTempLedger(folder).database).map(({ name }) => name)).toEqual(['reviews']);
  });
});

describe('Ledger: what is refused', () => {
  function closedLedger(commits = 3): string {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    for (let lineNo = 1; lineNo <= commits; lineNo += 1)
      commitLines(ledger, job, [settledOf(lineNo)], { seqBefore: lineNo - 1 });
    ledger.close();
    return ledger.path;
  }

  test('an empty file: 78, and it stays empty', () => {
    const path = closedLedger();
    truncateSync(path, 0);
    expect(refusal(reopen(path))).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('is empty'),
    });
    expect(statSync(path).size).toBe(0);
  });

  test('gone, but its mark is there: 78 without --adopt-outputs, a new one with it', () => {
    const path = closedLedger();
    rmSync(path);
    const error = refusal(reopen(path));
    expect(error).toMatchObject({ exitCode: 78, hint: expect.stringContaining('--adopt-outputs') });
    expect(existsSync(path)).toBe(false);
    const adopted = reopen(path, true)();
    expect(adopted.created).toBe(true);
    adopted.close();
  });

  test('gone, but for its -wal: a new one takes nothing from that', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    commitLines(ledger, addJob(ledger, folder), [settledOf(1)], { seqBefore: 0 });
    const path = join(tempFolder(), 'a.qbatch.db');
    for (const suffix of ['-wal', '-shm']) copyFileSync(ledger.path + suffix, path + suffix);
    ledger.close();
    const anew = reopen(path)();
    expect(anew.database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(anew.database.prepare('SELECT count(*) FROM jobs').pluck().get()).toBe(0);
    anew.close();
  });

  test('older than its mark: 78 naming both counts, and the mark keeps what it knew', () => {
    const path = closedLedger(2);
    copyFileSync(path, `${path}.older`);
    const ledger = reopen(path)();
    commitLines(ledger, jobOf(ledger), [settledOf(3)], { seqBefore: 2 });
    ledger.close();
    const marked = readMark(path);
    copyFileSync(`${path}.older`, path);
    const error = refusal(reopen(path));
    expect(error.exitCode).toBe(78);
    expect(error.message).toContain(`its .mark file counts ${marked}`);
    expect(readMark(path)).toBe(marked);
  });

  test('a -wal file that was lost: 78', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1)], { seqBefore: 0 });
    const copy = join(folder, 'copy.qbatch.db');
    copyFileSync(ledger.path, copy);
    copyFileSync(markPath(ledger.path), markPath(copy));
    ledger.close();
    expect(refusal(reopen(copy)).exitCode).toBe(78);
  });

  test('another SQLite file: 78, untouched', () => {
    const path = join(tempFolder(), 'notes.db');
    const notes = openDatabase(path);
    notes.exec('CREATE TABLE notes (text TEXT)');
    notes.close();
    const before = readFileSync(path);
    expect(refusal(reopen(path))).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('not a qbatch ledger'),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('a newer schema: 78 with the advice to upgrade', () => {
    const path = closedLedger();
    const newer = openDatabase(path);
    newer.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    newer.close();
    expect(refusal(reopen(path))).toMatchObject({ exitCode: 78, hint: 'upgrade qbatch' });
    expect(refusal(() => openForReading(path))).toMatchObject({
      exitCode: 78,
      hint: 'upgrade qbatch',
    });
  });

  test('a damaged header: 78', () => {
    const path = closedLedger();
    const bytes = readFileSync(path);
    bytes.write('no SQLite file!!', 0, 'latin1');
    writeFileSync(path, bytes);
    expect(refusal(reopen(path))).toBeInstanceOf(ConfigError);
    expect(refusal(() => openForReading(path)).exitCode).toBe(78);
  });

  test('a text file: 78', () => {
    const path = join(tempFolder(), 'a.qbatch.db');
    writeFileSync(path, '{"custom_id":"a"}\n'.repeat(2000));
    expect(refusal(reopen(path)).exitCode).toBe(78);
  });

  test('refused: the lock is free again', () => {
    const path = closedLedger();
    const bytes = readFileSync(path);
    truncateSync(path, 0);
    refusal(reopen(path));
    writeFileSync(path, bytes);
    reopen(path)().close();
  });

  test('reading one that was closed: its folder and its bytes are as before, whoever may write them', () => {
    const path = closedLedger();
    const folder = dirname(path);
    const files = readdirSync(folder).toSorted();
    const before = readFileSync(path);
    const look = (): void => {
      const reader = openForReading(path);
      expect(reader.prepare('SELECT count(*) FROM jobs').pluck().get()).toBe(1);
      expect(() => reader.exec('DELETE FROM jobs')).toThrow('readonly');
      reader.close();
      expect(readFileSync(path).equals(before)).toBe(true);
    };
    look();
    expect(readdirSync(folder).toSorted()).toEqual(files);
    chmodSync(path, 0o400);
    look();
  });

  test('reading one as a crash left it: the last commits are seen, and stay in the -wal', () => {
    const ledger = openTempLedger(tempFolder());
    addJob(ledger, 'reviews');
    const path = join(tempFolder(), 'a.qbatch.db');
    for (const suffix of ['', '-wal']) copyFileSync(ledger.path + suffix, path + suffix);
    const before = ['', '-wal'].map((suffix) => [suffix, readFileSync(path + suffix)] as const);
    const reader = openForReading(path);
    expect(reader.prepare('SELECT count(*) FROM jobs').pluck().get()).toBe(1);
    reader.close();
    for (const [suffix, bytes] of before)
      expect(readFileSync(path + suffix).equals(bytes)).toBe(true);
  });

  test('reading one that is not there: 66', () => {
    expect(refusal(() => openForReading(join(tempFolder(), 'a.qbatch.db'))).exitCode).toBe(66);
  });
});

describe('Ledger: commits', () => {
  test('each commit raises the counter by one and the mark follows', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const before = readMark(ledger.path) ?? -1;
    const job = addJob(ledger, folder);
    for (let lineNo = 1; lineNo <= 3; lineNo += 1)
      commitLines(ledger, job, [settledOf(lineNo)], { seqBefore: lineNo - 1 });
    const counter = ledger.database.prepare('SELECT commit_counter FROM ledger').pluck().get();
    expect(counter).toBe(before + 4);
    expect(readMark(ledger.path)).toBe(counter);
  });

  test('a batch: lines, attempts, bodies, sums and cursor, all there after reopening', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const cursor = {
      line: 2,
      seq: 2,
      inputLine: 1,
      inputBytes: 0,
      resultsBytes: 120,
      errorsBytes: 60,
    };
    commitLines(ledger, job, [settledOf(1), failedOf(2), settledOf(3, { body: null })], {
      seqBefore: 0,
      cursor,
    });
    ledger.close();
    const again = openTempLedger(folder);
    expect(jobOf(again)).toMatchObject({
      answered: 2,
      failed: 1,
      rejected: 0,
      costPico: 1400n,
      cursor,
    });
    expect([...outputLinesByNumber(again.database, job.id, { afterLine: 0, toLine: 10 })]).toEqual([
      {
        lineNo: 1,
        seq: 1,
        state: 'answered',
        customId: '评论-1',
        statusCode: 200,
        code: null,
        message: null,
        param: null,
        requestId: 'request-1',
        body: Buffer.from('{"output":{"text":"第 1 条：好评"}}'),
      },
      expect.objectContaining({ lineNo: 2, seq: 2, state: 'failed', code: 'DataInspectionFailed' }),
      expect.objectContaining({ lineNo: 3, seq: 3, body: null }),
    ]);
    const attempts = again.database
      .prepare('SELECT line_no, class, total_tokens, cost_pico FROM attempts ORDER BY line_no')
      .all();
    expect(attempts).toEqual([
      { line_no: 1, class: 'answered', total_tokens: 30, cost_pico: 700 },
      { line_no: 2, class: 'rejected', total_tokens: null, cost_pico: null },
      { line_no: 3, class: 'answered', total_tokens: 30, cost_pico: 700 },
    ]);
  });

  test('settling a line twice: throws, and nothing of that batch stays', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1)], { seqBefore: 0 });
    const marked = readMark(ledger.path);
    const batch: Batch = {
      starts: [startOf(2), startOf(1, 2)],
      ends: [endOf(2), endOf(1, 2)],
      settled: [settledOf(2), settledOf(1)],
    };
    expect(() => {
      ledger.commit(job.id, batch, { ...AT, seqBefore: 1 });
    }).toThrow();
    expect(settledLines(ledger.database, job.id, 0).size).toBe(1);
    expect(ledger.database.prepare('SELECT count(*) FROM attempts').pluck().get()).toBe(1);
    expect(jobOf(ledger)).toMatchObject({ answered: 1, costPico: 700n });
    expect(readMark(ledger.path)).toBe(marked);
    commitLines(ledger, job, [settledOf(2)], { seqBefore: 1 });
    expect(jobOf(ledger).answered).toBe(2);
  });

  test.each([new TypeError('no such thing'), new RangeError('too much')])(
    'a bug inside a transaction (%s): told as it is, and nothing of it stays',
    (bug) => {
      const folder = tempFolder();
      const ledger = openTempLedger(folder);
      expect(() =>
        ledger.transact(() => {
          ledger.database.exec('UPDATE ledger SET commit_counter = 99');
          throw bug;
        }),
      ).toThrow(bug);
      const counter = 'SELECT commit_counter FROM ledger';
      expect(ledger.database.prepare(counter).pluck().get()).toBe(0);
    },
  );

  test('an end without a start: a bug (AssertionError), and nothing of that batch stays', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    expect(() => {
      ledger.commit(job.id, { starts: [startOf(1)], ends: [endOf(1), endOf(2)], settled: [] }, AT);
    }).toThrow(/attempt 1 of line 2 ended without a start/);
    expect(ledger.database.prepare('SELECT count(*) FROM attempts').pluck().get()).toBe(0);
  });

  test('an error in the middle of any change: nothing of it stays', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1), failedOf(2)], { seqBefore: 0 });
    const before = ledger.database
      .prepare(
        'SELECT (SELECT count(*) FROM lines), (SELECT count(*) FROM attempts), (SELECT count(*) FROM bodies), (SELECT commit_counter FROM ledger)',
      )
      .raw()
      .get();
    expect(() => {
      ledger.transact(() => {
        ledger.settleLine(job.id, 3, settledOf(3));
        deleteJob(ledger, job.id);
        throw new Error('the gate refused');
      });
    }).toThrow();
    const after = ledger.database
      .prepare(
        'SELECT (SELECT count(*) FROM lines), (SELECT count(*) FROM attempts), (SELECT count(*) FROM bodies), (SELECT commit_counter FROM ledger)',
      )
      .raw()
      .get();
    expect(after).toEqual(before);
    expect(jobOf(ledger).failed).toBe(1);
  });

  test('the disk is full: 74, nothing of that batch stays, and the next one goes through once there is room', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1)], { seqBefore: 0 });
    const pages = Number(ledger.database.pragma('page_count', { simple: true }));
    ledger.database.pragma(`max_page_count = ${pages + 1}`);
    const big = settledOf(2, { body: JSON.stringify({ text: '差评'.repeat(40_000) }) });
    expect(
      refusal(() => {
        ledger.commit(job.id, wholeBatch([big]), { ...AT, seqBefore: 1 });
      }),
    ).toMatchObject({ exitCode: 74 });
    expect(settledLines(ledger.database, job.id, 0).size).toBe(1);
    ledger.database.pragma('max_page_count = 1073741823');
    ledger.commit(job.id, wholeBatch([big]), { ...AT, seqBefore: 1 });
    expect(outputLineReader(ledger.database, job.id)(2)?.body).toEqual(big.body);
  });

  test('values survive: big numbers, quotes, astral characters, a body of 3 MB', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const body = `{"n":12345678901234567890.10,"t":"😀\\u2028 '\\"","long":"${'好'.repeat(1_000_000)}"}`;
    commitLines(
      ledger,
      job,
      [settledOf(1, { body, customId: "Robert'); DROP TABLE lines;--😀" })],
      { seqBefore: 0 },
    );
    const read = outputLineReader(ledger.database, job.id)(1);
    expect(read?.customId).toBe("Robert'); DROP TABLE lines;--😀");
    // Not compared byte by byte in JavaScript: that takes half a minute.
    expect(read?.body?.equals(Buffer.from(body))).toBe(true);
  });

  test('usage of an attempt: every field in its own column', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const usage = usageOf({
      inputTokens: 1,
      outputTokens: 2,
      totalTokens: 3,
      cachedTokens: 4,
      reasoningTokens: 5,
    });
    ledger.commit(
      job.id,
      {
        starts: [startOf(1)],
        ends: [endOf(1, 1, { usage, costPico: 9_007_199_254_740_991 })],
        settled: [settledOf(1)],
      },
      AT,
    );
    expect(
      ledger.database
        .prepare(
          'SELECT input_tokens, output_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_pico FROM attempts',
        )
        .raw()
        .get(),
    ).toEqual([1, 2, 3, 4, 5, 9_007_199_254_740_991]);
    expect(jobOf(ledger).costPico).toBe(9_007_199_254_740_991n);
  });

  test('only answered attempts count in the certain cost', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const ends = [
      endOf(1, 1, { class: 'possibly_billed', costPico: 500 }),
      endOf(1, 2, { costPico: 300 }),
    ];
    ledger.commit(
      job.id,
      { starts: [startOf(1), startOf(1, 2)], ends, settled: [settledOf(1)] },
      AT,
    );
    expect(jobOf(ledger).costPico).toBe(300n);
  });

  test('a reader sees the last commit while the writer goes on', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1)], { seqBefore: 0 });
    const reader = openForReading(ledger.path);
    ledger.transact(() => {
      ledger.settleLine(job.id, 2, settledOf(2));
      expect(settledLines(reader, job.id, 0).size).toBe(1);
    });
    expect(settledLines(reader, job.id, 0).size).toBe(2);
    reader.close();
  });
});

describe('Ledger: reading lines', () => {
  test('a stored answer that changed: refused with 78, naming the line', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(1), settledOf(2)], { seqBefore: 0 });
    ledger.database
      .prepare(
        "UPDATE bodies SET body = CAST(replace(CAST(body AS TEXT), '第 2 条', '第 3 条') AS BLOB)",
      )
      .run();
    const read = (): unknown => [
      ...outputLinesByNumber(ledger.database, job.id, { afterLine: 0, toLine: 2 }),
    ];
    expect(refusal(read)).toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('line 2'),
    });
    expect(refusal(() => [...outputLinesBySeq(ledger.database, job.id, 0)]).exitCode).toBe(78);
    expect(outputLineReader(ledger.database, job.id)(1)?.lineNo).toBe(1);
  });

  test('order of settling: any order, over many batches and with gaps: by seq', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder, { lineCount: 3000 });
    // 3,001 has no factor in common with 1,009: every line once, in no order.
    const order = Array.from({ length: 3000 }, (_, index) => ((index + 1) * 1009) % 3001);
    for (let first = 0; first < 3000; first += 500) {
      const lines = order.slice(first, first + 500).map((lineNo) => settledOf(lineNo));
      commitLines(ledger, job, lines, { seqBefore: first * 7 });
    }
    const after = (seq: number): number[] =>
      [...outputLinesBySeq(ledger.database, job.id, seq)].map(({ lineNo }) => lineNo);
    expect(after(0)).toEqual(order);
    expect(after(7 * 1000 + 3)).toEqual(order.slice(1003));
    expect(after(1e9)).toEqual([]);
  });

  test('order of settling: as the batches came, within one as they stood', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    commitLines(ledger, job, [settledOf(5), failedOf(2)], { seqBefore: 0 });
    commitLines(ledger, job, [settledOf(1)], { seqBefore: 2 });
    expect([...outputLinesBySeq(ledger.database, job.id, 0)].map(({ lineNo }) => lineNo)).toEqual([
      5, 2, 1,
    ]);
    expect([...outputLinesBySeq(ledger.database, job.id, 2)].map(({ lineNo }) => lineNo)).toEqual([
      1,
    ]);
    expect(
      [...outputLinesByNumber(ledger.database, job.id, { afterLine: 1, toLine: 4 })].map(
        ({ lineNo }) => lineNo,
      ),
    ).toEqual([2]);
  });

  test('two jobs in one ledger: their lines and answers do not meet', () => {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const reviews = addJob(ledger, folder);
    const titles = addJob(ledger, folder, { name: 'titles' });
    commitLines(ledger, reviews, [settledOf(1)], { seqBefore: 0 });
    commitLines(ledger, titles, [settledOf(1, { body: '{"output":{"text":"标题"}}' })], {
      seqBefore: 0,
    });
    ledger.transact(() => {
      deleteJob(ledger, reviews.id);
    });
    expect(outputLineReader(ledger.database, reviews.id)(1)).toBeNull();
    expect(outputLineReader(ledger.database, titles.id)(1)?.body?.toString()).toBe(
      '{"output":{"text":"标题"}}',
    );
    expect(ledger.database.prepare('SELECT count(*) FROM attempts').pluck().get()).toBe(1);
  });
});

describe('Ledger: attempts of earlier runs', () => {
  function ledgerWithAttempts() {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const throttled = {
      class: 'rejected',
      counted: false,
      code: 'Throttling.RateQuota',
      usage: null,
      costPico: null,
    } as const;
    const lost = {
      class: 'possibly_billed',
      counted: true,
      code: 'qbatch_connection_error',
      usage: null,
      costPico: null,
    } as const;
    const refused = {
      class: 'rejected',
      counted: true,
      code: 'InternalError',
      usage: null,
      costPico: null,
    } as const;
    ledger.commit(
      job.id,
      {
        starts: [
          startOf(1),
          startOf(2),
          startOf(2, 2),
          startOf(2, 3),
          startOf(3),
          startOf(3, 2),
          startOf(4),
        ],
        ends: [
          endOf(1),
          endOf(2, 1, throttled),
          endOf(2, 2, lost),
          endOf(2, 3, refused),
          endOf(3, 1, refused),
        ],
        settled: [settledOf(1)],
      },
      AT,
    );
    return { ledger, job };
  }

  test('priorAttempts: numbers, counted and ambiguous ones of lines after a line', () => {
    const { ledger, job } = ledgerWithAttempts();
    const prior = priorAttempts(ledger.database, job.id, 2);
    expect([1, 2, 3, 4, 5, 6].map((lineNo) => prior.get(lineNo))).toEqual([
      undefined,
      undefined,
      { last: 2, counted: 1, ambiguous: 0, tooSlow: false },
      { last: 1, counted: 0, ambiguous: 0, tooSlow: false },
      undefined,
      undefined,
    ]);
    expect(priorAttempts(ledger.database, job.id, 0).get(2)).toEqual({
      last: 3,
      counted: 2,
      ambiguous: 1,
      tooSlow: false,
    });
  });

  test.each(['qbatch_partial_response', 'RequestTimeOut'])(
    'priorAttempts: %s says that an unstreamed call was too slow',
    (code) => {
      const { ledger, job } = ledgerWithAttempts();
      ledger.commit(
        job.id,
        { starts: [], ends: [endOf(4, 1, { class: 'possibly_billed', code })], settled: [] },
        AT,
      );
      expect(priorAttempts(ledger.database, job.id, 2).get(4)).toMatchObject({ tooSlow: true });
      expect(priorAttempts(ledger.database, job.id, 2).get(3)).toMatchObject({ tooSlow: false });
    },
  );

  test('closeUnknownAttempts: those without an end are possibly billed and do not count', () => {
    const { ledger, job } = ledgerWithAttempts();
    const closed = ledger.transact(() =>
      closeUnknownAttempts(ledger, job.id, { afterLine: 0, counted: false }),
    );
    expect(closed).toBe(2);
    const rows = ledger.database
      .prepare(
        "SELECT line_no, attempt, counted FROM attempts WHERE code = 'qbatch_interrupted' AND class = 'possibly_billed' ORDER BY line_no",
      )
      .raw()
      .all();
    expect(rows).toEqual([
      [3, 2, 0],
      [4, 1, 0],
    ]);
    expect(
      ledger.transact(() => closeUnknownAttempts(ledger, job.id, { afterLine: 0, counted: false })),
    ).toBe(0);
  });

  test('closeUnknownAttempts, counted: they are attempts that may have been billed, until a retry', () => {
    const { ledger, job } = ledgerWithAttempts();
    ledger.transact(() => closeUnknownAttempts(ledger, job.id, { afterLine: 0, counted: true }));
    expect(priorAttempts(ledger.database, job.id, 0).get(4)).toMatchObject({
      counted: 1,
      ambiguous: 1,
    });
  });

  test('settledLines: those after a line only', () => {
    const { ledger, job } = ledgerWithAttempts();
    commitLines(ledger, job, [settledOf(7)], { seqBefore: 1 });
    const settled = settledLines(ledger.database, job.id, 1);
    expect([settled.size, settled.has(1), settled.has(7)]).toEqual([1, false, true]);
  });
});

describe('reopenFailed', () => {
  function failures() {
    const folder = tempFolder();
    const ledger = openTempLedger(folder);
    const job = addJob(ledger, folder);
    const rejected = settledOf(5, {
      state: 'rejected',
      code: 'qbatch_invalid_request',
      statusCode: null,
      body: null,
      attempts: 0,
    });
    commitLines(
      ledger,
      job,
      [
        settledOf(1),
        failedOf(2),
        failedOf(3, { code: 'InternalError', statusCode: 500 }),
        failedOf(4, { code: 'qbatch_timeout', statusCode: null, body: null }),
      ],
      { seqBefore: 0 },
    );
    ledger.commit(job.id, { starts: [], ends: [], settled: [rejected] }, { ...AT, seqBefore: 4 });
    const only = (codes: string[], statusCodes: number[]): number =>
      ledger.transact(() => reopenFailed(ledger, job, { codes, statusCodes }));
    const settled = (): number[] =>
      [1, 2, 3, 4, 5].filter((lineNo) => settledLines(ledger.database, job.id, 0).has(lineNo));
    return { ledger, job, only, settled };
  }

  test('all failed lines: reopened, answered and rejected ones stay', () => {
    const { only, settled } = failures();
    expect(only([], [])).toBe(3);
    expect(settled()).toEqual([1, 5]);
  });

  test('by code and by status: the union of both', () => {
    const { only, settled } = failures();
    expect(only(['qbatch_timeout'], [500])).toBe(2);
    expect(settled()).toEqual([1, 2, 5]);
  });

  test('the code of an answered or rejected line: nothing is reopened', () => {
    const { only, settled } = failures();
    expect(only(['qbatch_invalid_request'], [200])).toBe(0);
    expect(settled()).toEqual([1, 2, 3, 4, 5]);
  });

  test('old attempts stay on record and no longer count; the body is gone; the line can settle again', () => {
    const { ledger, job, only } = failures();
    only([], []);
    expect(priorAttempts(ledger.database, job.id, 0).get(2)).toEqual({
      last: 1,
      counted: 0,
      ambiguous: 0,
      tooSlow: false,
    });
    ledger.commit(
      job.id,
      { starts: [startOf(2, 2)], ends: [endOf(2, 2)], settled: [settledOf(2, { attempts: 2 })] },
      { ...AT, seqBefore: 5 },
    );
    expect(outputLineReader(ledger.database, job.id)(2)).toMatchObject({
      state: 'answered',
      seq: 6,
    });
    expect(
      ledger.database.prepare('SELECT count(*) FROM attempts WHERE line_no = 2').pluck().get(),
    ).toBe(2);
  });
});

describe('LineSet', () => {
  test('any numbers: the same as a Set', () => {
    const numbers = [1, 7, 8, 9, 8191, 8192, 8193, 100_000, 7, 10_000_000];
    const set = new LineSet();
    for (const lineNo of numbers) set.add(lineNo);
    const model = new Set(numbers);
    expect(set.size).toBe(model.size);
    for (const lineNo of [...numbers, 2, 6, 10, 8190, 99_999, 10_000_001, 20_000_000])
      expect(set.has(lineNo)).toBe(model.has(lineNo));
  });
});
