import fc from 'fast-check';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { byKeys, type ByKey } from '../../src/by-keys.ts';
import { UsageError } from '../../src/errors.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { listJobs } from '../../src/ledger/jobs.ts';
import { usageReport } from '../../src/ledger/usage.ts';
import { formatPico } from '../../src/models/price.ts';
import type { UsageGroup, UsageReport } from '../../src/report/usage-report.ts';
import {
  addJob,
  answeredCall,
  FIRST,
  openLedger,
  SAMPLE,
  type SampleLine,
  SECOND,
  STARTED_AT,
  temporaryFolder,
} from './sample-job.ts';

let folder: ReturnType<typeof temporaryFolder>;
let ledger: Ledger;
beforeEach(() => {
  folder = temporaryFolder();
  ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
});
afterEach(() => {
  ledger.close();
  folder.remove();
});

function sample(name = 'exam', lines: readonly SampleLine[] = SAMPLE): ReturnType<typeof addJob> {
  return addJob(ledger, lines, { name, inputPath: path.join(folder.path, `${name}.jsonl`) });
}

/** Of all jobs of a ledger, or of one. */
function usageGroups(
  database: Ledger['database'],
  { jobId }: { readonly jobId?: number },
  by: readonly ByKey[],
): UsageReport {
  const jobs = listJobs(database).filter(({ id }) => jobId === undefined || id === jobId);
  return usageReport([{ ledgerPath: database.name, database, jobs }], by);
}

function counts(report: UsageReport): unknown[] {
  return report.groups.map(({ keys, lines, answered, failed, attempts }) => [
    ...keys,
    lines,
    answered,
    failed,
    attempts,
  ]);
}

test('usageReport: by model, every measure of every group', () => {
  sample();
  const report = usageGroups(ledger.database, {}, ['model']);
  expect(report.by).toEqual(['model']);
  expect(report.groups).toEqual([
    {
      keys: ['my-model'],
      lines: 1,
      answered: 1,
      failed: 0,
      attempts: 3,
      input_tokens: 900,
      output_tokens: 5,
      total_tokens: 905,
      cached_tokens: null,
      reasoning_tokens: null,
      cache_hit_share: null,
      cost: null,
      cost_per_answered_line: null,
      currency: null,
      unpriced_lines: 1,
      possibly_billed: { lines: 1, attempts: 2, tokens: 1_235, amount: null, unpriced_attempts: 2 },
      latency_ms: { p50: 9_001, p90: 9_001, p95: 9_001, p99: 9_001 },
      call_input_tokens: { p50: 900, p90: 900, p99: 900 },
      call_output_tokens: { p50: 5, p90: 5, p99: 5 },
    },
    {
      keys: ['qwen-max'],
      lines: 1,
      answered: 1,
      failed: 0,
      attempts: 1,
      input_tokens: 20,
      output_tokens: 7,
      total_tokens: 27,
      cached_tokens: null,
      reasoning_tokens: 3,
      cache_hit_share: null,
      cost: '1.000000',
      cost_per_answered_line: '1.000000000001',
      currency: 'CNY',
      unpriced_lines: 0,
      possibly_billed: {
        lines: 0,
        attempts: 0,
        tokens: 0,
        amount: '0.000000',
        unpriced_attempts: 0,
      },
      latency_ms: { p50: 4_020, p90: 4_020, p95: 4_020, p99: 4_020 },
      call_input_tokens: { p50: 20, p90: 20, p99: 20 },
      call_output_tokens: { p50: 7, p90: 7, p99: 7 },
    },
    {
      keys: ['qwen-plus'],
      lines: 2,
      answered: 1,
      failed: 1,
      attempts: 5,
      input_tokens: 31,
      output_tokens: 12,
      total_tokens: 43,
      cached_tokens: 8,
      reasoning_tokens: null,
      // 8 of 31 tokens.
      cache_hit_share: 0.2581,
      cost: '0.000123',
      cost_per_answered_line: '0.000123456789',
      currency: 'CNY',
      unpriced_lines: 0,
      possibly_billed: {
        lines: 2,
        attempts: 2,
        tokens: 666,
        amount: '0.000014',
        unpriced_attempts: 0,
      },
      latency_ms: { p50: 812, p90: 812, p95: 812, p99: 812 },
      call_input_tokens: { p50: 31, p90: 31, p99: 31 },
      call_output_tokens: { p50: 12, p90: 12, p99: 12 },
    },
    {
      // Rejected before anything was sent.
      keys: [null],
      lines: 1,
      answered: 0,
      failed: 0,
      attempts: 0,
      input_tokens: null,
      output_tokens: null,
      total_tokens: null,
      cached_tokens: null,
      reasoning_tokens: null,
      cache_hit_share: null,
      cost: '0.000000',
      cost_per_answered_line: null,
      currency: 'CNY',
      unpriced_lines: 0,
      possibly_billed: {
        lines: 0,
        attempts: 0,
        tokens: 0,
        amount: '0.000000',
        unpriced_attempts: 0,
      },
      latency_ms: { p50: null, p90: null, p95: null, p99: null },
      call_input_tokens: { p50: null, p90: null, p99: null },
      call_output_tokens: { p50: null, p90: null, p99: null },
    },
  ]);
  expect(report.totals).toHaveLength(1);
  expect(report.totals[0]).toMatchObject({
    lines: 5,
    answered: 3,
    failed: 1,
    attempts: 9,
    cost: '1.000123',
    currency: 'CNY',
    unpriced_lines: 1,
    possibly_billed: {
      lines: 3,
      attempts: 4,
      tokens: 1_901,
      amount: '0.000014',
      unpriced_attempts: 2,
    },
    // (0.000123456789 + 1.000000000001) / 2: my-model has no price, and no cost is spread over its answer.
    cost_per_answered_line: '0.500061728395',
    latency_ms: { p50: 4_020, p90: 9_001, p95: 9_001, p99: 9_001 },
    call_input_tokens: { p50: 31, p90: 900, p99: 900 },
    call_output_tokens: { p50: 7, p90: 12, p99: 12 },
  });
});

test('usageReport: by status, calls follow their line; open lines have calls but no lines', () => {
  sample();
  expect(counts(usageGroups(ledger.database, {}, ['status']))).toEqual([
    ['answered', 3, 3, 0, 6],
    ['failed', 1, 0, 1, 2],
    ['open', 0, 0, 0, 1],
    ['rejected', 1, 0, 0, 0],
  ]);
});

test('usageReport: by status, calls of lines that left the input are vanished', () => {
  sample();
  ledger.transact(() => {
    ledger.database.exec(
      'UPDATE attempts SET line_no = -line_no WHERE line_no = 2; DELETE FROM lines WHERE line_no = 2',
    );
  });
  const { groups, totals } = usageGroups(ledger.database, {}, ['status']);
  expect(groups.find(({ keys }) => keys[0] === 'vanished')).toMatchObject({
    lines: 0,
    attempts: 1,
    cost: '1.000000',
  });
  // Their answers are in the cost, so they are among those that it is spread over.
  expect(totals[0]?.cost_per_answered_line).toBe('0.500061728395');
});

test('usageReport: by code, throttles that were overcome show, a call of unknown fate has the code the next run gives it', () => {
  sample();
  expect(counts(usageGroups(ledger.database, {}, ['code']))).toEqual([
    ['DataInspectionFailed', 1, 0, 1, 1],
    ['Throttling.RateQuota', 0, 0, 0, 1],
    ['qbatch_connection_error', 0, 0, 0, 1],
    ['qbatch_interrupted', 0, 0, 0, 1],
    ['qbatch_invalid_request', 1, 0, 0, 0],
    ['qbatch_partial_response', 0, 0, 0, 1],
    ['qbatch_timeout', 0, 0, 0, 1],
    [null, 3, 3, 0, 3],
  ]);
});

test('usageReport: by thinking, a line with reasoning tokens takes all its calls along', () => {
  sample();
  expect(counts(usageGroups(ledger.database, {}, ['thinking']))).toEqual([
    ['false', 4, 2, 1, 8],
    ['true', 1, 1, 0, 1],
  ]);
});

test('usageReport: by tag, names in Chinese and with quotes are found, lines without are null', () => {
  sample();
  expect(counts(usageGroups(ledger.database, {}, ['tag:学科']))).toEqual([
    ['geography', 1, 1, 0, 1],
    ['语文', 2, 1, 1, 4],
    [null, 2, 1, 0, 4],
  ]);
  expect(counts(usageGroups(ledger.database, {}, ['tag:a"b']))[0]).toEqual(['x', 1, 1, 0, 2]);
});

test.each([
  ['day', 10],
  ['hour', 13],
] as const)('usageReport: by %s, local time', (key, length) => {
  sample();
  const local = (wallMs: number): string => {
    const text = new Date(wallMs - new Date(wallMs).getTimezoneOffset() * 60_000)
      .toISOString()
      .slice(0, length)
      .replace('T', ' ');
    return key === 'hour' ? `${text}:00` : text;
  };
  const expected = new Map<string, number>();
  for (const { class: callClass, startedAt, tookMs } of SAMPLE.flatMap(
    ({ attempts }) => attempts,
  )) {
    const at = local(callClass === null ? startedAt : startedAt + tookMs);
    expected.set(at, (expected.get(at) ?? 0) + 1);
  }
  const { groups } = usageGroups(ledger.database, {}, [key]);
  const found = groups
    .filter(({ attempts }) => attempts > 0)
    .map(({ keys, attempts }) => [keys[0], attempts]);
  expect(found).toEqual([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1)));
});

test.each([
  ['America/New_York', '2026-11-01T04:30Z', ['00:00', '01:00-04:00', '01:00-05:00', '02:00']],
  ['Europe/Berlin', '2026-10-24T23:30Z', ['01:00', '02:00+02:00', '02:00+01:00', '03:00']],
  // At 2:00 by half an hour: the first half of the hour comes once.
  ['Australia/Lord_Howe', '2026-04-04T13:10Z', ['00:00', '01:00+11:00', '01:00+10:30', '02:00']],
  ['America/New_York', '2026-03-08T05:30Z', ['00:00', '01:00', '03:00', '04:00']],
  ['Asia/Shanghai', '2026-11-01T04:30Z', ['12:00', '13:00', '14:00', '15:00']],
])(
  'usageReport: by hour in %s from %s on, no two hours are one, and they are in the order they came',
  (timeZone, from, hours) => {
    vi.stubEnv('TZ', timeZone);
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const lines = hours.map((hour, at): SampleLine => {
      const paid = { tokens: null, costPico: null };
      const attempts = [answeredCall(Date.parse(from) + at * 3_600_000, 0, paid)];
      return { ...FIRST, lineNo: at + 1, customId: hour, attempts };
    });
    sample('exam', lines);
    const { groups } = usageGroups(ledger.database, {}, ['hour']);
    const found = groups.map(({ keys, lines: count, attempts }) => [
      keys[0]?.slice('2026-11-01 '.length),
      count,
      attempts,
    ]);
    expect(found).toEqual(hours.map((hour) => [hour, 1, 1]));
  },
);

test('usageReport: a line with possibly billed calls on two days is in both groups, but one line in the total', () => {
  sample();
  const report = usageGroups(ledger.database, {}, ['day', 'model']);
  const own = report.groups
    .filter(({ keys }) => keys[1] === 'my-model')
    .map((one) => one.possibly_billed.lines);
  expect(own).toEqual([1, 1]);
  expect(report.totals[0]?.possibly_billed.lines).toBe(3);
});

test('usageReport: one job of several, by its number', () => {
  sample('first');
  const second = sample('second', [FIRST]);
  expect(counts(usageGroups(ledger.database, { jobId: second.id }, ['job']))).toEqual([
    ['second', 1, 1, 0, 2],
  ]);
  expect(counts(usageGroups(ledger.database, {}, ['job']))).toHaveLength(2);
});

test('usageReport: jobs of one name in two ledgers, by job told apart; any other key adds them up', () => {
  const first = sample();
  const other = openLedger(path.join(folder.path, 'june.qbatch.db'));
  const inputPath = path.join(folder.path, 'june.jsonl');
  const second = addJob(other, [FIRST, SECOND], { name: 'exam', inputPath });
  const sources = [
    { ledgerPath: ledger.path, database: ledger.database, jobs: [first] },
    { ledgerPath: other.path, database: other.database, jobs: [second] },
  ];
  const report = usageReport(sources, ['job']);
  const byStatus = usageReport(sources, ['status']);
  other.close();
  expect(report.groups.map(({ keys, lines, attempts }) => [...keys, lines, attempts])).toEqual([
    ['exam (exam.qbatch.db)', 5, 9],
    ['exam (june.qbatch.db)', 2, 3],
  ]);
  expect(byStatus.totals).toEqual(report.totals);
  expect(byStatus.groups.map(({ keys, lines }) => [...keys, lines])).toContainEqual([
    'answered',
    5,
  ]);
});

test('usageReport: two ledgers in two currencies, never added up', () => {
  const first = sample();
  const other = openLedger(path.join(folder.path, 'abroad.qbatch.db'));
  const second = addJob(other, [FIRST, SECOND], {
    name: 'exam',
    inputPath: path.join(folder.path, 'abroad.jsonl'),
    currency: 'USD',
  });
  const sources = [
    { ledgerPath: ledger.path, database: ledger.database, jobs: [first] },
    { ledgerPath: other.path, database: other.database, jobs: [second] },
  ];
  const report = usageReport(sources, ['job']);
  other.close();
  expect(
    report.groups.map(({ keys, currency, attempts }) => [...keys, currency, attempts]),
  ).toEqual([
    ['exam (abroad.qbatch.db)', 'USD', 3],
    ['exam (exam.qbatch.db)', 'CNY', 9],
  ]);
  expect(report.totals.map(({ currency, cost, lines }) => [currency, cost, lines])).toEqual([
    ['CNY', '1.000123', 5],
    ['USD', '1.000123', 2],
  ]);
});

test('usageReport: percentiles are nearest ranks', () => {
  const lines = Array.from({ length: 20 }, (_, index): SampleLine => ({
    ...FIRST,
    lineNo: index + 1,
    customId: `诗-${index}`,
    attempts: [answeredCall(STARTED_AT, (index + 1) * 100, { tokens: null, costPico: null })],
  }));
  sample('times', lines);
  // 20 calls of 100 ... 2,000 ms: ranks 10, 18, 19 and 20.
  expect(usageGroups(ledger.database, {}, []).totals[0]?.latency_ms).toEqual({
    p50: 1_000,
    p90: 1_800,
    p95: 1_900,
    p99: 2_000,
  });
});

test('usageReport: answers taken over from output files have no latency', () => {
  sample('adopted', [FIRST, SECOND]);
  ledger.transact(() => {
    ledger.database.exec(
      'UPDATE attempts SET ended_at = started_at, estimated_tokens = 0 WHERE line_no = 1',
    );
  });
  expect(usageGroups(ledger.database, {}, []).totals[0]?.latency_ms.p50).toBe(4_020);
});

test('byKeys: an unknown key, wrong usage', () => {
  expect(byKeys(['model', 'tag:客户'])).toEqual(['model', 'tag:客户']);
  for (const wrong of ['tag:', 'toString', 'MODEL', ''])
    expect(() => byKeys([wrong])).toThrow(UsageError);
});

const attempts = fc.record({
  class: fc.constantFrom('rejected' as const, 'never_sent' as const, 'possibly_billed' as const),
  startedAt: fc.integer({ min: STARTED_AT, max: STARTED_AT + 40 * 3_600_000 }),
  tookMs: fc.integer({ min: 1, max: 90_000 }),
  statusCode: fc.constantFrom(null, 429, 500),
  code: fc.constantFrom('Throttling', 'InternalError'),
  tokens: fc.option(
    fc.tuple(
      fc.nat(9_000),
      fc.nat(900),
      fc.constant(null),
      fc.option(fc.nat(50)),
      fc.option(fc.nat(50)),
    ),
  ),
  costPico: fc.option(fc.nat(2_000_000_000)),
  estimatedTokens: fc.integer({ min: 1, max: 5_000 }),
  estimatedPico: fc.option(fc.nat(2_000_000_000)),
});

const jobs = fc.array(
  fc.record({
    model: fc.constantFrom('qwen-plus', 'qwen-max', 'deepseek-r1'),
    state: fc.constantFrom('answered' as const, 'failed' as const, 'open' as const),
    customer: fc.option(fc.constantFrom('甲', '乙')),
    earlier: fc.array(attempts, { maxLength: 3 }),
    last: attempts,
  }),
  { minLength: 1, maxLength: 25 },
);

const GROUPINGS: readonly (readonly ByKey[])[] = [
  ['model'],
  ['day', 'hour'],
  ['status', 'code'],
  ['thinking', 'tag:customer'],
  [],
];

test('usageReport: any job, groups add up to the total and the total to sums made by hand', () => {
  let made = 0;
  const check = (lines: readonly SampleLine[]): void => {
    made += 1;
    const job = sample(`job-${made}`, lines);
    const calls = lines.flatMap((line) => line.attempts);
    const paid = calls.filter((call) => call.class === 'answered');
    const costPico = paid.reduce((sum, call) => sum + BigInt(call.costPico ?? 0), 0n);
    const unpriced = paid.length > 0 && paid.every((call) => call.costPico === null);
    const input = paid.reduce((sum, call) => sum + (call.tokens?.[0] ?? 0), 0);
    const uncertain = calls.filter((call) => call.class === 'possibly_billed');
    const uncertainTokens = uncertain.reduce(
      (sum, { tokens, estimatedTokens }) =>
        sum + (tokens === null ? estimatedTokens : tokens[0] + tokens[1]),
      0,
    );
    expect(job.costPico).toBe(costPico);
    for (const by of GROUPINGS) {
      const { groups, totals } = usageGroups(ledger.database, { jobId: job.id }, by);
      const add = (measure: (one: UsageGroup) => number): number =>
        groups.reduce((sum, one) => sum + measure(one), 0);
      expect(totals[0]).toMatchObject({
        attempts: calls.length,
        answered: paid.length,
        cost: unpriced ? null : formatPico(costPico),
      });
      expect([totals[0]?.input_tokens ?? 0, add((one) => one.input_tokens ?? 0)]).toEqual([
        input,
        input,
      ]);
      expect([totals[0]?.possibly_billed.tokens, add((one) => one.possibly_billed.tokens)]).toEqual(
        [uncertainTokens, uncertainTokens],
      );
      expect(add((one) => one.attempts)).toBe(calls.length);
      expect(add((one) => one.lines)).toBe(lines.filter(({ state }) => state !== 'open').length);
      // Each printed amount is rounded to a millionth.
      expect(
        Math.abs(add((one) => Number(one.cost ?? 0)) - Number(totals[0]?.cost ?? 0)),
      ).toBeLessThan(1e-6 * (groups.length + 1));
    }
  };
  fc.assert(
    fc.property(jobs, (drawn) => {
      check(
        drawn.map(({ model, state, customer, earlier, last }, index) => ({
          lineNo: index + 1,
          customId: `题-${index}`,
          model,
          state,
          metadata: customer === null ? null : { customer },
          code: state === 'answered' ? null : 'InternalError',
          message: null,
          body: state === 'answered' ? '{}' : null,
          attempts: [
            ...earlier,
            state === 'answered' ? { ...last, class: 'answered', code: null } : last,
          ],
        })),
      );
    }),
    { numRuns: 25 },
  );
});
