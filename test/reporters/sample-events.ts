import type { RunEvent } from '../../src/reporters/reporter.ts';

type EventOf<Name extends RunEvent['event']> = Extract<RunEvent, { readonly event: Name }>;

/** A job of Chinese exam questions, started fresh. */
export function jobStart(over: Partial<EventOf<'job-start'>> = {}): RunEvent {
  return {
    event: 'job-start',
    job: '高考题',
    input: '高考题.jsonl',
    ledger: '高考题.qbatch.db',
    endpoint: 'https://dashscope.aliyuncs.com',
    resuming: false,
    lines: { total: 1000, settled: 0, open: 1000 },
    ...over,
  };
}

/** In the middle of that job: 412 of 1,000 settled. */
export function progress(over: Partial<EventOf<'progress'>> = {}): EventOf<'progress'> {
  return {
    event: 'progress',
    total: 1000,
    answered: 409,
    failed: 3,
    rejected: 0,
    inFlight: 12,
    rpm: 580,
    tpm: 92_000,
    rpmLimit: 600,
    tpmLimit: 100_000,
    cost: '1.230000',
    costProjected: '4.310000',
    unpricedLines: 0,
    maxCost: null,
    possiblyBilled: null,
    currency: 'CNY',
    throttled: 0,
    etaMs: 192_000,
    slow: null,
    elapsedMs: 61_000,
    ...over,
  };
}

/** What SIGUSR1 shows of it: one model at its limit, one that is throttled. */
export function dispatchState(
  over: Partial<EventOf<'dispatch-state'>> = {},
): EventOf<'dispatch-state'> {
  return {
    event: 'dispatch-state',
    elapsedMs: 61_000,
    settled: 412,
    total: 1000,
    inFlight: 12,
    concurrency: 64,
    stopping: false,
    controlFile: '/数据/高考题.qbatch.db.control.json',
    models: [
      {
        model: 'qwen-plus',
        state: 'known',
        rpm: 594,
        rpmLimit: 600,
        rpmOrigin: 'flag',
        tpm: null,
        tpmLimit: null,
        tpmOrigin: 'unknown',
        waiting: 500,
        inFlight: 10,
        pausedMs: 0,
        throttles: { rate: 0, tokens: 0, burst: 0 },
      },
      {
        model: 'qwen-max',
        state: 'paused',
        rpm: 58.8,
        rpmLimit: 60,
        rpmOrigin: 'learned live',
        tpm: 98_000,
        tpmLimit: 100_000,
        tpmOrigin: 'control file',
        waiting: 76,
        inFlight: 2,
        pausedMs: 4000,
        throttles: { rate: 3, tokens: 1, burst: 0 },
      },
    ],
    ...over,
  };
}

/** The end of a job of 415 lines, of which 3 failed. */
export function jobEnd(over: Partial<EventOf<'job-end'>> = {}): EventOf<'job-end'> {
  return {
    event: 'job-end',
    summary: {
      schema: 1,
      job: 'exam',
      ledger: '/数据/exam.qbatch.db',
      lines: { total: 415, answered: 412, failed: 3, rejected: 0, open: 0 },
      attempts: 431,
      usage: {
        input_tokens: 900_000,
        output_tokens: 300_000,
        total_tokens: 1_200_000,
        cached_tokens: 2_048,
        reasoning_tokens: null,
      },
      cost: { amount: '4.310000', currency: 'CNY', unpriced_lines: 0 },
      possibly_billed: {
        lines: 2,
        attempts: 3,
        tokens: 1_200,
        amount: '0.012345',
        unpriced_attempts: 0,
      },
      estimate: null,
      outputs: { results: '/数据/exam.results.jsonl', errors: '/数据/exam.errors.jsonl' },
      elapsed_ms: 192_000,
      simulated: false,
      stopped: null,
    },
    failures: [
      { code: 'InvalidParameter', lines: 2, example: 'temperature must be below 2', line: 12 },
      { code: 'DataInspectionFailed', lines: 1, example: '输入数据可能包含不当内容', line: 40 },
    ],
    exitCode: 1,
    next: 'qbatch retry /数据/exam.qbatch.db',
    ...over,
  };
}

/** Text as a hostile server or input could send it: title change, colour, erase, bidi override, line breaks. */
export const HOSTILE =
  'ok\u001B]0;pwned\u0007\u001B[31mred\u001B[2J\u202Eevil\u009B1A\r\nsecond line\u0000end';

// Everything that a terminal would obey or be confused by, line breaks aside.
export const TERMINAL_CONTROL: RegExp = /[^\P{Cc}\n]|[\u202A-\u202E\u2066-\u2069]/u;
