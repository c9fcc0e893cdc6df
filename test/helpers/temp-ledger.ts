import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  CURSOR_START,
  describeJob,
  findJob,
  insertJob,
  type JobFields,
} from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type {
  AttemptEnd,
  AttemptStart,
  Batch,
  Cursor,
  Job,
  SettledLine,
} from '../../src/ledger/records.ts';
import { UNKNOWN_USAGE, type Usage } from '../../src/usage.ts';
import { FAKE_WALL_START_MS } from './fake-clock.ts';

/** A private folder that is gone when the test is over. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'qbatch-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A ledger in a folder, closed when the test is over; closing it earlier is fine. */
export function openTempLedger(
  folder: string,
  options: { name?: string; adopt?: boolean } = {},
): Ledger {
  const ledger = Ledger.open(join(folder, options.name ?? 'reviews.qbatch.db'), {
    adopt: options.adopt ?? false,
    wallMs: FAKE_WALL_START_MS,
  });
  onTestFinished(() => {
    if (ledger.database.open) ledger.close();
  });
  return ledger;
}

/** Makes a job of `lineCount` lines, outputs beside the ledger. */
export function addJob(
  ledger: Ledger,
  folder: string,
  fields: Partial<JobFields> & { name?: string } = {},
): Job {
  const { name = 'reviews', ...rest } = fields;
  const lineCount = rest.lineCount ?? 10;
  ledger.transact(() => {
    const id = insertJob(ledger, name, FAKE_WALL_START_MS);
    describeJob(ledger, id, {
      inputPath: join(folder, `${name}.jsonl`),
      inputSha256: '00',
      inputBytes: 0,
      lineCount,
      lastLineNo: lineCount,
      identity: { model: null, system: null, protocol: 'auto', set: {}, simulated: false },
      survey: {
        lines: lineCount,
        valid: lineCount,
        invalid: 0,
        inputTokens: 0,
        outputExpectedTokens: 0,
        expectedPico: 0,
        models: [{ model: 'qwen-plus', lines: lineCount }],
      },
      endpoint: {
        region: 'beijing',
        dashscope: 'http://127.0.0.1/api/v1',
        openai: 'http://127.0.0.1/v1',
        scope: 'cn',
      },
      currency: 'CNY',
      outputOrder: 'input',
      resultsPath: join(folder, `${name}.results.jsonl`),
      errorsPath: join(folder, `${name}.errors.jsonl`),
      ...rest,
    });
  });
  return jobOf(ledger, name);
}

/** The job as the ledger holds it now. */
export function jobOf(ledger: Ledger, name = 'reviews'): Job {
  const job = findJob(ledger.database, name);
  if (job === null) throw new Error(`no job ${name}`);
  return job;
}

/** Token usage with the given fields; all others were not reported. */
export function usageOf(fields: Partial<Usage> = {}): Usage {
  return { ...UNKNOWN_USAGE, ...fields };
}

export function startOf(
  lineNo: number,
  attempt = 1,
  fields: Partial<AttemptStart> = {},
): AttemptStart {
  return {
    lineNo,
    attempt,
    customId: `评论-${lineNo}`,
    model: 'qwen-plus',
    startedAt: FAKE_WALL_START_MS,
    estimatedTokens: 300,
    estimatedPico: 1_000,
    ...fields,
  };
}

export function endOf(lineNo: number, attempt = 1, fields: Partial<AttemptEnd> = {}): AttemptEnd {
  return {
    lineNo,
    attempt,
    endedAt: FAKE_WALL_START_MS + 800,
    class: 'answered',
    counted: true,
    statusCode: 200,
    code: null,
    requestId: `request-${lineNo}`,
    usage: usageOf({ inputTokens: 20, outputTokens: 10, totalTokens: 30 }),
    costPico: 700,
    ...fields,
  };
}

/** Fields of a settled line, its body as text. */
type SettledFields = Partial<Omit<SettledLine, 'body'>> & { readonly body?: string | null };

export function settledOf(lineNo: number, fields: SettledFields = {}): SettledLine {
  const { body = `{"output":{"text":"第 ${lineNo} 条：好评"}}`, ...rest } = fields;
  return {
    lineNo,
    state: 'answered',
    customId: `评论-${lineNo}`,
    model: 'qwen-plus',
    attempts: 1,
    statusCode: 200,
    code: null,
    message: null,
    param: null,
    requestId: `request-${lineNo}`,
    metadata: null,
    body: body === null ? null : Buffer.from(body),
    settledAt: FAKE_WALL_START_MS + 800,
    ...rest,
  };
}

/** A failed line, as a service's refusal makes it. */
export function failedOf(lineNo: number, fields: SettledFields = {}): SettledLine {
  return settledOf(lineNo, {
    state: 'failed',
    statusCode: 400,
    code: 'DataInspectionFailed',
    message: 'Input data may contain inappropriate content.',
    body: '{"code":"DataInspectionFailed"}',
    ...fields,
  });
}

/** A batch in which each of these lines makes its one attempt and settles. */
export function wholeBatch(lines: readonly SettledLine[]): Batch {
  return {
    starts: lines.map(({ lineNo }) => startOf(lineNo)),
    ends: lines.map(({ lineNo, state, code, statusCode }) =>
      state === 'answered'
        ? endOf(lineNo)
        : endOf(lineNo, 1, { class: 'rejected', code, statusCode, usage: null, costPico: null }),
    ),
    settled: [...lines],
  };
}

/** Commits lines with one attempt each. */
export function commitLines(
  ledger: Ledger,
  job: Job,
  lines: readonly SettledLine[],
  at: { seqBefore: number; cursor?: Cursor | null },
): void {
  ledger.commit(job.id, wholeBatch(lines), {
    wallMs: FAKE_WALL_START_MS,
    seqBefore: at.seqBefore,
    cursor: at.cursor ?? null,
  });
}

export { CURSOR_START };
