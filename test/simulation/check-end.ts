import { readFileSync } from 'node:fs';
import { jobSummary } from '../../src/ledger/job-summary.ts';
import { findJob } from '../../src/ledger/jobs.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { readMark } from '../../src/ledger/mark.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { textOf } from './check-history.ts';
import type { Event, History } from './history.ts';

type Settle = Extract<Event, { kind: 'settle' }>;

type OutputJson = {
  readonly id: string;
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly body: unknown } | null;
  readonly error: { readonly code: string; readonly line: number } | null;
};

/** Whole lines of a file; what is wrong with its end. */
function linesOf(path: string, wrong: string[]): string[] {
  const text = readFileSync(path, 'utf8');
  if (text !== '' && !text.endsWith('\n')) wrong.push(`${path} ends in a torn line`);
  return text.split('\n').slice(0, -1);
}

function checkResults(lines: readonly string[], settled: readonly Settle[], wrong: string[]): void {
  if (lines.length !== settled.length)
    wrong.push(`results: ${lines.length} lines for ${settled.length} answered`);
  for (const [index, { line, body }] of settled.entries()) {
    const text = lines[index] ?? '{}';
    const requestId = `r-${String(textOf(body ?? '{}'))}`;
    const expected = `{"id":"job-${line}","custom_id":"c-${line}","response":{"status_code":200,"request_id":"${requestId}","body":${body}},"error":null}`;
    if (text !== expected) wrong.push(`results, line ${index + 1}: ${text}, not ${expected}`);
  }
}

function checkErrors(lines: readonly string[], settled: readonly Settle[], wrong: string[]): void {
  if (lines.length !== settled.length)
    wrong.push(`errors: ${lines.length} lines for ${settled.length} failed`);
  for (const [index, { line }] of settled.entries()) {
    const row = JSON.parse(lines[index] ?? 'null') as OutputJson | null;
    const isOwn =
      row?.id === `job-${line}` && row.custom_id === `c-${line}` && row.error?.line === line;
    if (!isOwn || row.error?.code === '') wrong.push(`errors, line ${index + 1}: ${lines[index]}`);
  }
}

/** Money and tokens of the ledger against what the service billed. */
function checkBill(ledger: Ledger, history: History, wrong: string[]): void {
  const { database } = ledger;
  const rows = database
    .prepare(
      'SELECT class, count(*) AS calls, sum(total_tokens) AS tokens FROM attempts GROUP BY class',
    )
    .all() as { class: string | null; calls: number; tokens: number | null }[];
  const count = (kind: string | null): number => rows.find((row) => row.class === kind)?.calls ?? 0;
  const certain = count('answered');
  const possible = count('possibly_billed') + count(null);
  const billed = history.fates.filter((fate) => fate.billed).length;
  if (billed < certain || billed > certain + possible)
    wrong.push(`billed ${billed} calls; certain ${certain}, possible ${possible}`);
  const tokens = rows.find((row) => row.class === 'answered')?.tokens ?? 0;
  const expected = history.fates
    .filter(({ token }) => token !== null)
    .reduce((sum, fate) => sum + fate.tokens, 0);
  if (possible === 0 && tokens !== expected)
    wrong.push(`no fate is unknown, and yet ${tokens} tokens are not the ${expected} billed`);
}

/** Each number of calls in flight that was set anew, and surely taken over, against the trace. */
export function checkTrace(ledger: Ledger, retuned: readonly number[], wrong: string[]): void {
  const rows = ledger.database
    .prepare("SELECT reason, to_value FROM pace_changes WHERE dimension = 'concurrency'")
    .all() as { reason: string; to_value: number }[];
  // Where failures hold the calls in flight down, another setting may change nothing.
  if (rows.some(({ reason }) => reason !== 'set anew')) return;
  for (const value of new Set(retuned)) {
    const sure = retuned.filter((one) => one === value).length;
    const told = rows.filter((row) => row.to_value === value).length;
    if (told < sure) wrong.push(`set to ${value} in flight ${sure} times, ${told} in the trace`);
  }
}

/** What the finished job left, in the ledger and the files, against its history. */
export async function checkEnd(
  ledger: Ledger,
  history: History,
  path: (name: string) => string,
): Promise<string[]> {
  const wrong: string[] = [];
  const job = findJob(ledger.database, 'job');
  if (job === null) return ['the ledger holds no job'];
  const settled = history.events.filter((event): event is Settle => event.kind === 'settle');
  const inOrder = settled.toSorted((a, b) => a.line - b.line);
  if (new Set(settled.map(({ line }) => line)).size !== history.lines)
    wrong.push(`${settled.length} records for ${history.lines} lines`);
  const { lines } = jobSummary(ledger.database, job, {
    ledger: ledger.path,
    elapsedMs: 0,
    stopped: null,
  });
  if (lines.total !== history.lines || lines.open !== 0) wrong.push(JSON.stringify(lines));
  const order = job.outputOrder === 'input' ? inOrder : settled;
  const answered = order.filter(({ state }) => state === 'answered');
  const failed = order.filter(({ state }) => state !== 'answered');
  checkResults(linesOf(path('job.results.jsonl'), wrong), answered, wrong);
  checkErrors(linesOf(path('job.errors.jsonl'), wrong), failed, wrong);
  checkBill(ledger, history, wrong);
  const answers = history.events.filter(
    (event) => event.kind === 'end' && event.class === 'answered',
  ) as Extract<Event, { kind: 'end' }>[];
  const pico = answers.reduce((sum, end) => sum + (end.pico ?? 0), 0);
  if (Number(job.costPico) !== pico) wrong.push(`cost ${job.costPico}, not ${pico}`);
  // What the program itself makes of it: whatever happened, it must find nothing.
  const { findings } = await verifyLedger(ledger.database, job, {
    ledgerPath: ledger.path,
    running: false,
    mark: readMark(ledger.path),
    stop: new AbortController().signal,
  });
  wrong.push(...findings.map((finding) => `verify: ${finding}`));
  return wrong;
}
