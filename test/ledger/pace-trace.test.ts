import { describe, expect, test } from 'vitest';
import { deleteJob } from '../../src/ledger/jobs.ts';
import { learnedLimits, putLearnedLimits } from '../../src/ledger/learned-limits.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { PaceBucket, PaceLane } from '../../src/ledger/pace-records.ts';
import { beginPaceTrace, bucketStart, type PaceTraceWriter } from '../../src/ledger/pace-trace.ts';
import { dispatchFacts } from '../../src/ledger/read-trace.ts';
import type { Job } from '../../src/ledger/records.ts';
import { FAKE_WALL_START_MS } from '../helpers/fake-clock.ts';
import { addJob, openTempLedger, tempFolder } from '../helpers/temp-ledger.ts';

const NONE = { rate: 0, tokens: 0, burst: 0 };

function begun(): { ledger: Ledger; job: Job; writer: PaceTraceWriter } {
  const folder = tempFolder();
  const ledger = openTempLedger(folder);
  const job = addJob(ledger, folder);
  const writer = ledger.transact(() => beginPaceTrace(ledger, job.id, FAKE_WALL_START_MS));
  return { ledger, job, writer };
}

function bucketAt(second: number, writer: PaceTraceWriter, model = 'qwen-plus'): PaceBucket {
  const spanSeconds = writer.spanSeconds(model);
  return {
    model,
    at: bucketStart(FAKE_WALL_START_MS + second * 1000, spanSeconds),
    spanSeconds,
    seconds: 1,
    starts: 10,
    startsMost: 10,
    throttles: { rate: second % 2, tokens: 0, burst: 0 },
    tokens: 300,
    rpm: second,
    tpm: null,
    rpmLimit: 600,
    tpmLimit: null,
    waiting: 5,
    inFlight: 3,
  };
}

function laneOf(model: string): PaceLane {
  return {
    model,
    rpmLimit: 600,
    rpmOrigin: 'flag',
    tpmLimit: null,
    tpmOrigin: 'unknown',
    firstStartAt: FAKE_WALL_START_MS,
    lastStartAt: FAKE_WALL_START_MS + 9000,
    starts: 99,
    startsMost: 11,
    throttles: NONE,
    tokens: 3000,
    usedRequests: 99,
    allowedRequests: 100,
    usedTokens: 0,
    allowedTokens: 0,
  };
}

function rowsOf(ledger: Ledger, model = 'qwen-plus'): Record<string, number>[] {
  return ledger.database
    .prepare('SELECT * FROM pace_seconds WHERE model = ? ORDER BY at')
    .all(model) as Record<string, number>[];
}

describe('beginPaceTrace', () => {
  test('a week of seconds keeps a bounded number of rows, and loses no start, throttle or peak', () => {
    const { ledger, writer } = begun();
    const seconds = 7 * 86_400;
    const step = 60;
    // Every minute one second, so that the test is quick: as many buckets as a week of seconds would open.
    const batches = seconds / step / 720;
    for (let batch = 0; batch < batches; batch += 1) {
      const buckets: PaceBucket[] = [];
      for (let at = 0; at < 720; at += 1) buckets.push(bucketAt((batch * 720 + at) * step, writer));
      ledger.transact(() => {
        writer.write({ buckets, lanes: [], changes: [] });
      });
      expect(rowsOf(ledger).length).toBeLessThanOrEqual(3600);
    }
    const rows = rowsOf(ledger);
    const sum = (name: string): number => rows.reduce((all, row) => all + (row[name] ?? 0), 0);
    expect(rows.length).toBeGreaterThan(1000);
    expect(sum('starts')).toBe((seconds / step) * 10);
    expect(sum('seconds')).toBe(seconds / step);
    // Odd seconds only: none of the multiples of 60.
    expect(sum('throttled_rate')).toBe(0);
    expect(new Set(rows.map((row) => row['starts_most']))).toEqual(new Set([10]));
    for (const [index, row] of rows.entries()) {
      const next = rows[index + 1];
      if (next === undefined) break;
      expect((next['at'] ?? 0) - (row['at'] ?? 0)).toBeGreaterThanOrEqual(
        (row['span_s'] ?? 0) * 1000,
      );
    }
  });

  test('seconds of one bucket add up; the pace is their mean, the limits are the latest', () => {
    const { ledger, writer } = begun();
    const [a, b] = [bucketAt(1, writer), { ...bucketAt(3, writer), startsMost: 14, rpmLimit: 300 }];
    const wide = { at: bucketStart(a.at, 60), spanSeconds: 60 };
    ledger.transact(() => {
      writer.write({
        buckets: [
          { ...a, ...wide },
          { ...b, ...wide },
        ],
        lanes: [],
        changes: [],
      });
    });
    expect(rowsOf(ledger)).toMatchObject([
      {
        starts: 20,
        starts_most: 14,
        throttled_rate: 2,
        rpm: 2,
        rpm_limit: 300,
        seconds: 2,
        tpm: null,
      },
    ]);
    expect(writer.spanSeconds('qwen-plus')).toBe(60);
  });

  test('many lanes share the rows of a run', () => {
    const { ledger, writer } = begun();
    const models = Array.from({ length: 40 }, (_, index) => `qwen-${index}`);
    for (let second = 0; second < 200; second += 10) {
      ledger.transact(() => {
        const seconds = Array.from({ length: 10 }, (_, index) => second + index);
        const buckets = seconds.flatMap((at) => models.map((model) => bucketAt(at, writer, model)));
        writer.write({ buckets, lanes: [], changes: [] });
      });
    }
    const count = ledger.database.prepare('SELECT count(*) FROM pace_seconds').pluck().get();
    expect(count).toBeLessThanOrEqual(3600);
    const starts = ledger.database.prepare('SELECT sum(starts) FROM pace_seconds').pluck().get();
    expect(starts).toBe(40 * 200 * 10);
  });

  test('only the last changes are kept', () => {
    const { ledger, job, writer } = begun();
    const changes = Array.from({ length: 1500 }, (_, index) => ({
      model: 'qwen-plus',
      at: FAKE_WALL_START_MS + index,
      dimension: 'requests',
      from: index,
      to: index + 1,
      reason: 'probe',
    }));
    ledger.transact(() => {
      writer.write({ buckets: [], lanes: [], changes });
    });
    const count = ledger.database.prepare('SELECT count(*) FROM pace_changes').pluck().get();
    expect(count).toBe(1000);
    const facts = dispatchFacts(ledger.database, job, 2);
    expect(facts?.changes.map(({ to }) => to)).toEqual([1499, 1500]);
  });

  test('a second run gets the next number, and its lanes are those that are told', () => {
    const { ledger, job, writer } = begun();
    ledger.transact(() => {
      writer.write({ buckets: [], lanes: [laneOf('qwen-plus')], changes: [] });
      writer.end(FAKE_WALL_START_MS + 10_000);
    });
    expect(dispatchFacts(ledger.database, job, 5)).toMatchObject({
      run: 1,
      endedAt: FAKE_WALL_START_MS + 10_000,
      lanes: [
        { model: 'qwen-plus', starts: 99, rpmOrigin: 'flag', throttles: NONE, latencyMs: null },
      ],
    });
    const second = ledger.transact(() =>
      beginPaceTrace(ledger, job.id, FAKE_WALL_START_MS + 20_000),
    );
    expect(second.run).toBe(2);
    expect(dispatchFacts(ledger.database, job, 5)).toMatchObject({
      run: 2,
      endedAt: null,
      lanes: [],
    });
  });

  test('the details of runs long ago go, their sums stay; a job that is forgotten leaves nothing', () => {
    const { ledger, job, writer } = begun();
    ledger.transact(() => {
      writer.write({ buckets: [bucketAt(0, writer)], lanes: [laneOf('qwen-plus')], changes: [] });
    });
    for (let run = 2; run <= 51; run += 1)
      ledger.transact(() => beginPaceTrace(ledger, job.id, FAKE_WALL_START_MS));
    const count = (table: string): unknown =>
      ledger.database.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
    expect([count('pace_seconds'), count('pace_lanes'), count('runs')]).toEqual([0, 1, 51]);
    ledger.transact(() => {
      deleteJob(ledger, job.id);
    });
    expect([count('pace_seconds'), count('pace_lanes'), count('runs')]).toEqual([0, 0, 0]);
  });
});

describe('learnedLimits', () => {
  const HOST = 'https://dashscope.aliyuncs.com/api/v1';
  const learned = { model: 'qwen-plus', rpm: 588, tpm: null, windowMs: 1000 };

  test('by endpoint and model; what is not known any better stays', () => {
    const { ledger } = begun();
    ledger.transact(() => {
      putLearnedLimits(ledger, HOST, [learned], FAKE_WALL_START_MS);
      putLearnedLimits(
        ledger,
        'http://127.0.0.1:8000/v1',
        [{ ...learned, rpm: 6 }],
        FAKE_WALL_START_MS,
      );
    });
    ledger.transact(() => {
      const later = { ...learned, rpm: null, tpm: 90_000, windowMs: 60_000 };
      putLearnedLimits(ledger, HOST, [later], FAKE_WALL_START_MS + 5);
    });
    expect([...learnedLimits(ledger.database, HOST, FAKE_WALL_START_MS + 10)]).toEqual([
      ['qwen-plus', { model: 'qwen-plus', rpm: 588, tpm: 90_000, windowMs: 60_000 }],
    ]);
  });

  test('what was learned more than 30 days ago is no start', () => {
    const { ledger } = begun();
    ledger.transact(() => {
      putLearnedLimits(ledger, HOST, [learned], FAKE_WALL_START_MS);
    });
    const days = (count: number): number => FAKE_WALL_START_MS + count * 86_400_000;
    expect(learnedLimits(ledger.database, HOST, days(29)).size).toBe(1);
    expect(learnedLimits(ledger.database, HOST, days(31)).size).toBe(0);
  });

  test.each([
    [
      'requests',
      { ...learned, rpm: 600, tpm: null },
      { ...learned, rpm: null, tpm: 90_000 },
      { rpm: 600, tpm: null },
    ],
    [
      'tokens',
      { ...learned, rpm: null, tpm: 80_000 },
      { ...learned, rpm: 588, tpm: null },
      { rpm: null, tpm: 80_000 },
    ],
  ])(
    '%s that are learned every day do not keep the other limit from getting old',
    (_, daily, once, left) => {
      const { ledger } = begun();
      const days = (count: number): number => FAKE_WALL_START_MS + count * 86_400_000;
      const put = (limit: typeof daily, atMs: number): void => {
        ledger.transact(() => {
          putLearnedLimits(ledger, HOST, [limit], atMs);
        });
      };
      put(once, days(0));
      for (let day = 1; day <= 31; day += 1) put(daily, days(day));
      expect(learnedLimits(ledger.database, HOST, days(29)).get('qwen-plus')).toMatchObject({
        ...once,
        ...Object.fromEntries(Object.entries(daily).filter(([, value]) => value !== null)),
      });
      expect(learnedLimits(ledger.database, HOST, days(31)).get('qwen-plus')).toMatchObject(left);
    },
  );
});
