import { isoTime } from '../clock.ts';
import type { AttemptClass } from '../failure.ts';
import { exactPico } from '../models/price.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { type Database, numberOf } from './database.ts';
import type { Job } from './records.ts';

type AttemptRow = {
  line_no: bigint;
  attempt: bigint;
  custom_id: string | null;
  model: string;
  started_at: bigint;
  ended_at: bigint | null;
  class: AttemptClass | null;
  status_code: bigint | null;
  code: string | null;
  request_id: string | null;
  input_tokens: bigint | null;
  output_tokens: bigint | null;
  total_tokens: bigint | null;
  cached_tokens: bigint | null;
  reasoning_tokens: bigint | null;
  cost_pico: bigint | null;
};

/**
 * Input order: lines in order, removed ones last. Settled order: calls by their end, or by their start if the end is
 * unknown.
 */
const ORDERS: Readonly<Record<'input' | 'settled', string>> = {
  input: 'line_no < 0, abs(line_no), attempt',
  settled: 'coalesce(ended_at, started_at), line_no, attempt',
};

function toRecord(row: AttemptRow, currency: string): AttemptRecord {
  return {
    line: row.line_no > 0n ? Number(row.line_no) : null,
    custom_id: row.custom_id,
    attempt: Number(row.attempt),
    model: row.model,
    started_at: isoTime(Number(row.started_at)),
    ended_at: row.ended_at === null ? null : isoTime(Number(row.ended_at)),
    status_code: numberOf(row.status_code),
    code: row.code,
    // A call of unknown outcome may have been billed; the next run records it as such.
    class: row.class ?? 'possibly_billed',
    request_id: row.request_id,
    input_tokens: numberOf(row.input_tokens),
    output_tokens: numberOf(row.output_tokens),
    total_tokens: numberOf(row.total_tokens),
    cached_tokens: numberOf(row.cached_tokens),
    reasoning_tokens: numberOf(row.reasoning_tokens),
    cost: row.cost_pico === null ? null : exactPico(row.cost_pico),
    currency,
  };
}

/** All calls of a job, one by one, in the given order. */
export function* attemptRecords(
  database: Database,
  job: Pick<Job, 'id' | 'currency'>,
  order: 'input' | 'settled',
): Generator<AttemptRecord> {
  const rows = database
    .prepare(`SELECT * FROM attempts WHERE job_id = ? ORDER BY ${ORDERS[order]}`)
    .safeIntegers()
    .iterate(job.id);
  for (const row of rows) yield toRecord(row as AttemptRow, job.currency);
}

/** Identifies one call of a job. */
export type Call = {
  readonly lineNo: number;
  readonly attempt: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
};

/** The call of a job that started last; undefined if there is none. Reads all of them. */
export function lastCall(database: Database, jobId: number): Call | undefined {
  return database
    .prepare<[number], Call>(
      `SELECT line_no AS lineNo, attempt, started_at AS startedAt FROM attempts WHERE job_id = ?
       ORDER BY started_at DESC, line_no DESC, attempt DESC LIMIT 1`,
    )
    .get(jobId);
}

/** When that call started, according to this ledger; undefined if unknown to it. */
export function startOfCall(
  database: Database,
  jobId: number,
  { lineNo, attempt }: Call,
): number | undefined {
  return database
    .prepare<[number, number, number], number>(
      'SELECT started_at FROM attempts WHERE job_id = ? AND line_no = ? AND attempt = ?',
    )
    .pluck()
    .get(jobId, lineNo, attempt);
}
