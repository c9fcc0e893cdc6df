import fc from 'fast-check';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { reportData } from '../../src/ledger/report-data.ts';
import { Steps } from '../../src/ledger/report-steps.ts';
import type { ReportData } from '../../src/report/report-data.ts';
import {
  addJob,
  answeredCall,
  FIRST,
  openLedger,
  SAMPLE,
  type SampleAttempt,
  type SampleLine,
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

function dataOf(lines: readonly SampleLine[], state = 'open'): ReportData {
  const inputPath = path.join(folder.path, 'exam.jsonl');
  const job = addJob(ledger, lines, { name: 'exam', inputPath });
  return reportData([{ ledgerPath: ledger.path, database: ledger.database, jobs: [job] }], {
    by: ['model'],
    nowMs: STARTED_AT,
    stateOf: () => state,
  });
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0);

test('reportData: the sums of the timeline are those of the ledger', () => {
  const { timeline, totals, jobs } = dataOf(SAMPLE);
  expect(sumOf(timeline.answered)).toBe(3);
  expect(sumOf(timeline.unanswered)).toBe(6);
  expect(sumOf(timeline.inputTokens)).toBe(31 + 20 + 900);
  expect(sumOf(timeline.outputTokens)).toBe(12 + 7 + 5);
  expect(sumOf(timeline.cost)).toBeCloseTo(1.000_123_456_79, 11);
  expect(timeline.series.map(({ model }) => model)).toEqual(['qwen-max', 'qwen-plus', 'my-model']);
  expect(totals[0]?.cost).toBe('1.000123');
  expect(jobs).toMatchObject([
    { job: 'exam', lines: { total: 6, answered: 3, failed: 1, open: 1 } },
  ]);
});

test('reportData: lines tried, of each currency: open ones count, those rejected before a call do not', () => {
  const inputPath = path.join(folder.path, 'exam.jsonl');
  const jobs = [
    addJob(ledger, [FIRST], { name: 'abroad', inputPath, currency: 'USD' }),
    addJob(ledger, SAMPLE, { name: 'exam', inputPath }),
    addJob(ledger, SAMPLE.slice(-3), { name: 'late', inputPath }),
  ];
  const { totals, linesTried } = reportData(
    [{ ledgerPath: ledger.path, database: ledger.database, jobs }],
    { by: [], nowMs: STARTED_AT, stateOf: () => 'open' },
  );
  expect(totals.map(({ currency, lines }) => [currency, lines])).toEqual([
    ['CNY', 5 + 2],
    ['USD', 1],
  ]);
  expect(linesTried).toEqual([5 + 2, 1]);
});

test('reportData: a call of unknown fate was interrupted, but not while the job runs', () => {
  const codes = ({ failures }: ReportData): string[] => failures.map(({ code }) => code);
  expect(codes(dataOf(SAMPLE))).toContain('qbatch_interrupted');
  const other = openLedger(path.join(folder.path, 'other.qbatch.db'));
  const job = addJob(other, SAMPLE, { name: 'b', inputPath: path.join(folder.path, 'b.jsonl') });
  const running = reportData([{ ledgerPath: other.path, database: other.database, jobs: [job] }], {
    by: [],
    nowMs: STARTED_AT,
    stateOf: () => 'running',
  });
  other.close();
  expect(codes(running)).not.toContain('qbatch_interrupted');
  expect(sumOf(running.timeline.unanswered)).toBe(5);
});

test('reportData: what a job was expected to take is compared with fractions, not whole units', () => {
  const lines = [1, 2].map((lineNo): SampleLine => ({
    ...FIRST,
    lineNo,
    customId: `题-${lineNo}`,
    attempts: [
      answeredCall(STARTED_AT, 10, { tokens: [5, 7, 12, null, null], costPico: 250_000_000_000 }),
    ],
  }));
  expect(dataOf(lines).estimates).toMatchObject([
    { model: null, lines: 2, inputActual: 10, outputActual: 14, costActual: 0.5, currency: 'CNY' },
  ]);
});

test('reportData: a code is overcome only where every line that met it was answered', () => {
  const overcome = (lines: readonly SampleLine[], state = 'open'): Record<string, boolean> => {
    ledger.close();
    ledger = openLedger(path.join(folder.path, `${lines.length}-${state}.qbatch.db`));
    return Object.fromEntries(dataOf(lines, state).failures.map((one) => [one.code, one.overcome]));
  };
  const [throttled, answered] = FIRST.attempts;
  const busy = { ...throttled, code: 'InternalError', statusCode: 500 } as SampleAttempt;
  const refused = { ...throttled, code: 'InvalidParameter', statusCode: 400 } as SampleAttempt;
  const interrupted = {
    ...busy,
    class: 'possibly_billed',
    code: 'qbatch_interrupted',
    statusCode: null,
  } as const;
  const flying = { ...interrupted, class: null, code: null };
  const line = (lineNo: number, state: SampleLine['state'], ...attempts: SampleAttempt[]) => {
    const code = state === 'failed' ? (attempts.at(-1)?.code ?? null) : null;
    return { ...FIRST, lineNo, customId: `题-${lineNo}`, state, code, attempts };
  };
  const whole = line(1, 'answered', busy, interrupted, answered as SampleAttempt);
  expect(overcome([whole])).toEqual({ InternalError: true, qbatch_interrupted: true });
  const failed = line(2, 'failed', busy, busy, refused);
  expect(overcome([whole, failed])).toEqual({
    InternalError: false,
    InvalidParameter: false,
    qbatch_interrupted: true,
  });
  const open = [whole, line(2, 'open', flying), line(3, 'open', flying)];
  expect(overcome(open)).toEqual({ InternalError: true, qbatch_interrupted: false });
  // In flight, they have met nothing yet.
  expect(overcome(open, 'running')).toEqual({ InternalError: true, qbatch_interrupted: true });
});

test('reportData: models beyond those with a colour are one series', () => {
  const lines = Array.from({ length: 12 }, (_, at): SampleLine => ({
    ...FIRST,
    lineNo: at + 1,
    customId: `题-${at}`,
    model: `model-${at}`,
    attempts: [
      answeredCall(STARTED_AT, 10, { tokens: [1, 1, 2, null, null], costPico: (at + 1) * 1_000 }),
    ],
  }));
  const { timeline, outputTokens } = dataOf(lines);
  expect(timeline.series.map(({ model }) => model)).toEqual([
    ...['model-11', 'model-10', 'model-9', 'model-8', 'model-7', 'model-6', 'model-5'],
    null,
  ]);
  expect(sumOf(timeline.answered)).toBe(12);
  expect(outputTokens.counts.map(sumOf)).toEqual([1, 1, 1, 1, 1, 1, 1, 5]);
});

test('reportData: three samples a code, messages cut, most lines first', () => {
  const lines = Array.from({ length: 7 }, (_, at): SampleLine => ({
    ...(SAMPLE[2] as SampleLine),
    lineNo: at + 1,
    customId: `题-${at + 1}`,
    code: at < 5 ? 'DataInspectionFailed' : 'Arrearage',
    message: '长'.repeat(1_000),
  }));
  const { failures } = dataOf(lines);
  expect(
    failures.slice(0, 2).map(({ code, lines: count, samples }) => [code, count, samples.length]),
  ).toEqual([
    ['DataInspectionFailed', 5, 3],
    ['Arrearage', 2, 2],
  ]);
  expect(failures[0]?.samples.map(({ line }) => line)).toEqual([1, 2, 3]);
  expect(failures[0]?.samples[0]?.message).toHaveLength(300);
});

test('Steps: any moments, nothing lost, not too many steps, each holds what fell into it', () => {
  const moments = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.constantFrom('a', 'b')),
    { minLength: 1, maxLength: 200 },
  );
  fc.assert(
    fc.property(moments, (drawn) => {
      const steps = new Steps();
      for (const [at, key] of drawn) steps.at(at, key).answered += 1;
      const merged = steps.merged((key) => key);
      const { spanMs } = steps;
      for (const { at, key, answered } of merged) {
        const inside = drawn.filter(([one, of]) => of === key && one >= at && one < at + spanMs);
        expect(answered).toBe(inside.length);
      }
      expect(sumOf(merged.map(({ answered }) => answered))).toBe(drawn.length);
      const all = drawn.map(([at]) => at);
      expect((Math.max(...all) - Math.min(...all)) / spanMs).toBeLessThanOrEqual(130);
    }),
  );
});
