import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobSummary } from '../../src/ledger/job-summary.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import {
  addJob,
  commitLines,
  FIRST,
  jobOf,
  openLedger,
  SAMPLE,
  temporaryFolder,
  UNPRICED,
} from './sample-job.ts';

const CONTEXT = { ledger: '/数据/exam.qbatch.db', elapsedMs: 61_000, stopped: null };

let folder: ReturnType<typeof temporaryFolder>;
let ledger: Ledger;
let inputPath: string;

beforeEach(() => {
  folder = temporaryFolder();
  ledger = openLedger(path.join(folder.path, 'exam.qbatch.db'));
  inputPath = path.join(folder.path, 'exam.jsonl');
});
afterEach(() => {
  ledger.close();
  folder.remove();
});

test('jobSummary: a job that has seen everything, sums of answered calls and of possibly billed ones apart', () => {
  const job = addJob(ledger, SAMPLE, { name: 'exam', inputPath });
  expect(jobSummary(ledger.database, job, CONTEXT)).toEqual({
    schema: 1,
    job: 'exam',
    ledger: '/数据/exam.qbatch.db',
    lines: { total: 6, answered: 3, failed: 1, rejected: 1, open: 1 },
    attempts: 9,
    usage: {
      input_tokens: 31 + 20 + 900,
      output_tokens: 12 + 7 + 5,
      total_tokens: 43 + 27 + 905,
      cached_tokens: 8,
      reasoning_tokens: 3,
    },
    // 123,456,789 + 1,000,000,000,001 pico-units
    cost: { amount: '1.000123', currency: 'CNY', unpriced_lines: 1 },
    // Line 3 as estimated, line 5 once as reported (900 + 2) and once as estimated, line 6 of unknown fate.
    possibly_billed: {
      lines: 3,
      attempts: 4,
      tokens: 333 + 902 + 333 + 333,
      amount: '0.000014',
      unpriced_attempts: 2,
    },
    outputs: {
      results: path.join(folder.path, 'exam.results.jsonl'),
      errors: path.join(folder.path, 'exam.errors.jsonl'),
    },
    estimate: null,
    elapsed_ms: 61_000,
    simulated: false,
    stopped: null,
  });
});

test('jobSummary: a job without calls, token sums are null and nothing is possibly billed', () => {
  const summary = jobSummary(
    ledger.database,
    addJob(ledger, [], { name: 'new', inputPath, lineCount: 4 }),
    CONTEXT,
  );
  expect(summary.lines.open).toBe(4);
  expect(summary.usage).toEqual({
    input_tokens: null,
    output_tokens: null,
    total_tokens: null,
    cached_tokens: null,
    reasoning_tokens: null,
  });
  expect(summary.cost).toEqual({ amount: '0.000000', currency: 'CNY', unpriced_lines: 0 });
  expect(summary.possibly_billed).toEqual({
    lines: 0,
    attempts: 0,
    tokens: 0,
    amount: '0.000000',
    unpriced_attempts: 0,
  });
});

test('jobSummary: possibly billed calls of unpriced models alone, their amount is unknown', () => {
  const summary = jobSummary(
    ledger.database,
    addJob(ledger, [UNPRICED], { name: 'own', inputPath }),
    CONTEXT,
  );
  expect(summary.possibly_billed).toEqual({
    lines: 1,
    attempts: 2,
    tokens: 902 + 333,
    amount: null,
    unpriced_attempts: 2,
  });
});

test('jobSummary: sums beyond 2^53, exact to the pico-unit before they are rounded for print', () => {
  const call = {
    ...FIRST.attempts[0],
    startedAt: 0,
    tookMs: 5,
    statusCode: 200,
    code: null,
    tokens: null,
    estimatedTokens: 1,
  };
  const line = (lineNo: number): typeof FIRST => ({
    ...FIRST,
    lineNo,
    customId: `诗-${lineNo}`,
    attempts: [{ ...call, class: 'answered', costPico: 8_999_999_500_000_001, estimatedPico: 1 }],
  });
  const job = addJob(ledger, [line(1)], { name: 'big', inputPath, lineCount: 3 });
  // A commit of its own: costs of one commit are added as plain numbers.
  commitLines(ledger, job.id, [line(2)], 1);
  const unknown = { ...call, class: null, costPico: null, estimatedPico: 9_007_199_254_740_991 };
  commitLines(ledger, job.id, [{ ...line(3), state: 'open', attempts: [unknown, unknown] }], 2);
  const big = jobOf(ledger, 'big');
  const summary = jobSummary(ledger.database, big, CONTEXT);
  expect(big.costPico).toBe(17_999_999_000_000_002n);
  expect(summary.cost.amount).toBe('17999.999000');
  expect(summary.possibly_billed.amount).toBe('18014.398509');
});

test('jobSummary: calls on lines that left the input count, results on stdout have no path', () => {
  addJob(ledger, SAMPLE, { name: 'gone', inputPath });
  ledger.transact(() => {
    ledger.database.exec(
      "UPDATE attempts SET line_no = -line_no; UPDATE jobs SET results_path = '-'",
    );
  });
  const summary = jobSummary(ledger.database, jobOf(ledger, 'gone'), CONTEXT);
  expect(summary.attempts).toBe(9);
  expect(summary.possibly_billed.lines).toBe(3);
  expect(summary.outputs.results).toBeNull();
});
