import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { AttemptClass } from '../../src/failure.ts';
import {
  CURSOR_START,
  describeJob,
  findJob,
  insertJob,
  setOutputs,
  setState,
} from '../../src/ledger/jobs.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { Job, LineState } from '../../src/ledger/records.ts';
import { OutputFile } from '../../src/output/output-file.ts';
import type { Usage } from '../../src/usage.ts';
import { Writer } from '../../src/write.ts';

/** 2026-08-01 09:30 in UTC. */
export const STARTED_AT: number = Date.UTC(2026, 7, 1, 9, 30);

const DAY_MS = 24 * 60 * 60 * 1000;

export type SampleAttempt = {
  /** Null: the process died before it ended. */
  readonly class: AttemptClass | null;
  readonly startedAt: number;
  readonly tookMs: number;
  readonly statusCode: number | null;
  readonly code: string | null;
  /** Input, output, total, cached, reasoning tokens; null: no usage came. */
  readonly tokens: readonly [number, number, number | null, number | null, number | null] | null;
  readonly costPico: number | null;
  readonly estimatedTokens: number;
  readonly estimatedPico: number | null;
};

export type SampleLine = {
  readonly lineNo: number;
  readonly customId: string;
  readonly model: string;
  /** `open`: attempts, but no record yet. */
  readonly state: LineState | 'open';
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly body: string | null;
  readonly attempts: readonly SampleAttempt[];
};

/** A call that was answered after `tookMs`. */
export function answeredCall(
  startedAt: number,
  tookMs: number,
  paid: { readonly tokens: SampleAttempt['tokens']; readonly costPico: number | null },
): SampleAttempt {
  return {
    ...paid,
    class: 'answered',
    startedAt,
    tookMs,
    statusCode: 200,
    code: null,
    estimatedTokens: 400,
    estimatedPico: 9_000_000,
  };
}

function failedCall(
  startedAt: number,
  callClass: AttemptClass | null,
  code: string | null,
  statusCode: number | null,
): SampleAttempt {
  return {
    class: callClass,
    startedAt,
    tookMs: 1_000,
    statusCode,
    code,
    tokens: null,
    costPico: null,
    estimatedTokens: 333,
    estimatedPico: 7_000_001,
  };
}

const NATIVE_BODY =
  '{"output":{"choices":[{"finish_reason":"stop","message":{"role":"assistant","content":"=苏轼，\\"赤壁赋\\""}}]},"usage":{"input_tokens":31,"output_tokens":12,"total_tokens":43,"input_tokens_details":{"cached_tokens":8}},"request_id":"5f1c"}';
const OPENAI_BODY =
  '{"id":"chatcmpl-9","choices":[{"index":0,"finish_reason":"length","message":{"role":"assistant","content":"The capital of Peru is Lima."}}],"usage":{"prompt_tokens":20,"completion_tokens":7,"total_tokens":27,"completion_tokens_details":{"reasoning_tokens":3}}}';
const PARTS_BODY =
  '{"output":{"choices":[{"message":{"content":[{"text":"图中是"},{"text":"一只猫"}]}}]},"usage":{"input_tokens":900,"output_tokens":5}}';

/** Answered at the second attempt, after a throttle. */
export const FIRST: SampleLine = {
  lineNo: 1,
  customId: '语文-1',
  model: 'qwen-plus',
  state: 'answered',
  metadata: { 学科: '语文', 'a"b': 'x' },
  code: null,
  message: null,
  body: NATIVE_BODY,
  attempts: [
    failedCall(STARTED_AT, 'rejected', 'Throttling.RateQuota', 429),
    answeredCall(STARTED_AT + 2_000, 812, { tokens: [31, 12, 43, 8, null], costPico: 123_456_789 }),
  ],
};

/** Answered a day later, with reasoning. */
export const SECOND: SampleLine = {
  lineNo: 2,
  customId: 'geo-2',
  model: 'qwen-max',
  state: 'answered',
  metadata: { 学科: 'geography' },
  code: null,
  message: null,
  body: OPENAI_BODY,
  attempts: [
    answeredCall(STARTED_AT + DAY_MS, 4_020, {
      tokens: [20, 7, 27, null, 3],
      costPico: 1_000_000_000_001,
    }),
  ],
};

/** Refused after a timeout that may have been billed. */
const THIRD: SampleLine = {
  lineNo: 3,
  customId: '=SUM(A1)',
  model: 'qwen-plus',
  state: 'failed',
  metadata: { 学科: '语文' },
  code: 'DataInspectionFailed',
  message: '输入内容不合规',
  body: '{"code":"DataInspectionFailed","message":"输入内容不合规"}',
  attempts: [
    failedCall(STARTED_AT + 3_000, 'possibly_billed', 'qbatch_timeout', null),
    failedCall(STARTED_AT + 9_000, 'rejected', 'DataInspectionFailed', 400),
  ],
};

const FOURTH: SampleLine = {
  lineNo: 4,
  customId: 'bad-4',
  model: 'qwen-plus',
  state: 'rejected',
  metadata: null,
  code: 'qbatch_invalid_request',
  message: 'top_p must be in (0, 1]',
  body: null,
  attempts: [],
};

/** Of a model without a price: possibly billed on two days, then answered. */
export const UNPRICED: SampleLine = {
  lineNo: 5,
  customId: '看图-5',
  model: 'my-model',
  state: 'answered',
  metadata: null,
  code: null,
  message: null,
  body: PARTS_BODY,
  attempts: [
    {
      ...failedCall(STARTED_AT + DAY_MS, 'possibly_billed', 'qbatch_partial_response', 200),
      tokens: [900, 2, null, null, null],
      estimatedPico: null,
    },
    {
      ...failedCall(STARTED_AT + 2 * DAY_MS, 'possibly_billed', 'qbatch_connection_error', null),
      estimatedPico: null,
    },
    answeredCall(STARTED_AT + 2 * DAY_MS + 5_000, 9_001, {
      tokens: [900, 5, 905, null, null],
      costPico: null,
    }),
  ],
};

const SIXTH: SampleLine = {
  lineNo: 6,
  customId: 'open-6',
  model: 'qwen-plus',
  state: 'open',
  metadata: null,
  code: null,
  message: null,
  body: null,
  attempts: [failedCall(STARTED_AT + 4_000, null, null, null)],
};

/** A job that has seen everything; its process died during the call of line 6. */
export const SAMPLE: readonly SampleLine[] = [FIRST, SECOND, THIRD, FOURTH, UNPRICED, SIXTH];

/** The sample with line 6 failed: every line has its record. */
export const FINISHED_SAMPLE: readonly SampleLine[] = [
  ...SAMPLE.slice(0, -1),
  {
    ...SIXTH,
    state: 'failed',
    code: 'InternalError',
    message: 'try later',
    attempts: [failedCall(STARTED_AT + 4_000, 'rejected', 'InternalError', 500)],
  },
];

function usageOf(tokens: SampleAttempt['tokens']): Usage | null {
  if (tokens === null) return null;
  const [inputTokens, outputTokens, totalTokens, cachedTokens, reasoningTokens] = tokens;
  return {
    inputTokens,
    outputTokens,
    totalTokens,
    cachedTokens,
    reasoningTokens,
    cacheCreationTokens: null,
    explicitCache: false,
    inputText: null,
    inputImage: null,
    inputVideo: null,
    inputAudio: null,
    outputText: null,
    outputAudio: null,
    searchCount: null,
    searchStrategy: null,
    imageSearchCount: null,
  };
}

export type SampleOptions = {
  readonly name: string;
  readonly inputPath: string;
  readonly currency?: string;
  readonly order?: 'input' | 'settled';
  readonly lineCount?: number;
  readonly simulated?: boolean;
};

function makeJob(ledger: Ledger, lineCount: number, options: SampleOptions): number {
  const { name, inputPath } = options;
  const stem = inputPath.replace(/\.jsonl$/, '');
  return ledger.transact(() => {
    const jobId = insertJob(ledger, name, STARTED_AT);
    describeJob(ledger, jobId, {
      inputPath,
      inputSha256: 'a'.repeat(64),
      inputBytes: 100,
      lineCount,
      lastLineNo: lineCount,
      identity: {
        model: null,
        system: '你是一位语文老师',
        protocol: 'auto',
        set: {},
        simulated: options.simulated ?? false,
      },
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
        dashscope: 'https://dashscope.aliyuncs.com/api/v1',
        openai: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
        scope: 'beijing',
      },
      currency: options.currency ?? 'CNY',
      outputOrder: options.order ?? 'input',
      resultsPath: `${stem}.results.jsonl`,
      errorsPath: `${stem}.errors.jsonl`,
    });
    return jobId;
  });
}

/** Commits lines the way a run does, all starts durable before the ends; the later lines settle first, so that the two orders differ. */
export function commitLines(
  ledger: Ledger,
  jobId: number,
  lines: readonly SampleLine[],
  seqBefore = 0,
): void {
  const calls = lines.flatMap(({ lineNo, customId, model, attempts }) =>
    attempts.map((attempt, index) => ({ ...attempt, lineNo, customId, model, attempt: index + 1 })),
  );
  ledger.commit(
    jobId,
    { starts: calls, ends: [], settled: [] },
    { wallMs: STARTED_AT, seqBefore, cursor: null },
  );
  const ends = calls.flatMap((call) =>
    call.class === null
      ? []
      : [
          {
            ...call,
            class: call.class,
            endedAt: call.startedAt + call.tookMs,
            counted: true,
            requestId: `req-${call.lineNo}-${call.attempt}`,
            usage: usageOf(call.tokens),
          },
        ],
  );
  const settled = lines.flatMap((line) => {
    if (line.state === 'open') return [];
    const last = line.attempts.at(-1);
    return [
      {
        ...line,
        state: line.state,
        model: line.state === 'rejected' ? null : line.model,
        attempts: line.attempts.length,
        statusCode: last?.statusCode ?? null,
        param: null,
        body: line.body === null ? null : Buffer.from(line.body),
        requestId: last === undefined ? null : `req-${line.lineNo}-${line.attempts.length}`,
        metadata: line.metadata === null ? null : JSON.stringify(line.metadata),
        settledAt: last === undefined ? STARTED_AT : last.startedAt + last.tookMs,
      },
    ];
  });
  ledger.commit(
    jobId,
    { starts: [], ends, settled: settled.toReversed() },
    { wallMs: STARTED_AT + 60_000, seqBefore, cursor: null },
  );
}

/** Makes a job and commits `lines` to it. */
export function addJob(ledger: Ledger, lines: readonly SampleLine[], options: SampleOptions): Job {
  commitLines(ledger, makeJob(ledger, options.lineCount ?? lines.length, options), lines);
  return jobOf(ledger, options.name);
}

/** The job of that name as the ledger has it now. */
export function jobOf(ledger: Ledger, name: string): Job {
  const job = findJob(ledger.database, name);
  if (job === null) throw new Error(`no job ${name}`);
  return job;
}

/** Writes the output files with the program's own writer, and finishes the job where every line is settled. */
export async function writeOutputs(ledger: Ledger, job: Job): Promise<Job> {
  const results = new OutputFile(job.resultsPath, 0);
  const errors = new OutputFile(job.errorsPath, 0);
  const writer = new Writer({
    clock: systemClock,
    database: ledger.database,
    job,
    results,
    errors,
    order: job.outputOrder,
    cursor: CURSOR_START,
  });
  const settled = job.answered + job.failed + job.rejected;
  await writer.catchUp(settled + 1);
  const cursor = await writer.finish();
  results.close();
  errors.close();
  ledger.transact(() => {
    setOutputs(ledger, job.id, { mode: 'append', cursor });
    if (settled === job.lineCount) setState(ledger, job.id, 'finished', STARTED_AT + 60_000);
  });
  return jobOf(ledger, job.name);
}

/** A private folder for one test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'qbatch-test-'));
  return {
    path: folder,
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens (or makes) a ledger for writing, for one of its jobs where that is told. */
export function openLedger(ledgerPath: string, jobName?: string): Ledger {
  const options = { adopt: false, wallMs: STARTED_AT };
  return Ledger.open(ledgerPath, jobName === undefined ? options : { ...options, jobName });
}
