import { ConfigError } from '../errors.ts';
import type { RunSummary } from '../reporters/reporter.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import type {
  Cursor,
  Identity,
  Job,
  JobEndpoint,
  LastStop,
  RunFlags,
  SurveyFacts,
} from './records.ts';
import { bodyKeys } from './schema.ts';

type JobRow = {
  id: bigint;
  name: string;
  state: 'open' | 'finished';
  created_at: bigint;
  updated_at: bigint;
  input_path: string;
  input_sha256: string;
  input_bytes: bigint;
  line_count: bigint;
  last_line_no: bigint;
  identity: string;
  survey: string;
  endpoint: string;
  currency: string;
  output_order: 'input' | 'settled';
  results_path: string;
  errors_path: string;
  output_mode: 'append' | 'replace';
  cursor_line: bigint;
  cursor_seq: bigint;
  cursor_input_line: bigint;
  cursor_input_bytes: bigint;
  results_bytes: bigint;
  errors_bytes: bigint;
  answered: bigint;
  failed: bigint;
  rejected: bigint;
  cost_pico: bigint;
  generation: bigint;
  /** Missing in an older ledger opened only for reading. */
  ledger_path?: string | null;
  run_flags?: string | null;
  last_stop?: string | null;
};

/** The cursor of a job without any output written. */
export const CURSOR_START: Cursor = {
  line: 0,
  seq: 0,
  inputLine: 1,
  inputBytes: 0,
  resultsBytes: 0,
  errorsBytes: 0,
};

/** JSON written by this program; anything else means that the file was damaged. */
function storedJson<T>(
  row: JobRow,
  column: 'identity' | 'survey' | 'endpoint' | 'run_flags' | 'last_stop',
  unsaid: 'null' | '{}' = '{}',
): T {
  try {
    return JSON.parse(row[column] ?? unsaid) as T;
  } catch (error) {
    throw new ConfigError(
      `the ${column} of job ${row.name} cannot be read: the ledger is damaged`,
      'qbatch status --verify names what is wrong; restore the ledger from a copy',
      error,
    );
  }
}

function toJob(row: JobRow): Job {
  return {
    id: Number(row.id),
    name: row.name,
    state: row.state,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    inputPath: row.input_path,
    inputSha256: row.input_sha256,
    inputBytes: Number(row.input_bytes),
    lineCount: Number(row.line_count),
    lastLineNo: Number(row.last_line_no),
    identity: storedJson<Identity>(row, 'identity'),
    survey: storedJson<SurveyFacts>(row, 'survey'),
    endpoint: storedJson<JobEndpoint>(row, 'endpoint'),
    currency: row.currency,
    outputOrder: row.output_order,
    resultsPath: row.results_path,
    errorsPath: row.errors_path,
    outputMode: row.output_mode,
    cursor: {
      line: Number(row.cursor_line),
      seq: Number(row.cursor_seq),
      inputLine: Number(row.cursor_input_line),
      inputBytes: Number(row.cursor_input_bytes),
      resultsBytes: Number(row.results_bytes),
      errorsBytes: Number(row.errors_bytes),
    },
    answered: Number(row.answered),
    failed: Number(row.failed),
    rejected: Number(row.rejected),
    costPico: row.cost_pico,
    generation: Number(row.generation),
    ledgerPath: row.ledger_path ?? null,
    runFlags: storedJson<RunFlags>(row, 'run_flags'),
    lastStop: storedJson<LastStop | null>(row, 'last_stop', 'null'),
  };
}

/** All jobs of a ledger, oldest first. */
export function listJobs(database: Database): Job[] {
  const rows = database.prepare('SELECT * FROM jobs ORDER BY id').safeIntegers().all();
  return (rows as JobRow[]).map(toJob);
}

/** The job of that name, or null. */
export function findJob(database: Database, name: string): Job | null {
  const row = database.prepare('SELECT * FROM jobs WHERE name = ?').safeIntegers().get(name);
  return row === undefined ? null : toJob(row as JobRow);
}

/** A job's line counts for reports; open are those without a terminal record. */
export function lineCounts(job: Job): RunSummary['lines'] {
  const { lineCount: total, answered, failed, rejected } = job;
  return {
    total,
    answered,
    failed,
    rejected,
    open: Math.max(0, total - answered - failed - rejected),
  };
}

/** What a run determines about its job before it sends anything. */
export type JobFields = Pick<
  Job,
  | 'inputPath'
  | 'inputSha256'
  | 'inputBytes'
  | 'lineCount'
  | 'lastLineNo'
  | 'identity'
  | 'survey'
  | 'endpoint'
  | 'currency'
  | 'outputOrder'
  | 'resultsPath'
  | 'errorsPath'
>;

const NO_SURVEY: SurveyFacts = {
  lines: 0,
  valid: 0,
  invalid: 0,
  inputTokens: 0,
  outputExpectedTokens: 0,
  expectedPico: 0,
  models: [],
};

/** Inserts an empty job row, to be filled after the survey; inside a transaction. Returns its id. */
export function insertJob(ledger: Ledger, name: string, wallMs: number): number {
  const { lastInsertRowid } = ledger.database
    .prepare(
      `INSERT INTO jobs (name, state, created_at, updated_at, input_path, input_sha256, input_bytes, line_count,
         last_line_no, identity, survey, endpoint, currency, output_order, results_path, errors_path, output_mode,
         cursor_line, cursor_seq, cursor_input_line, cursor_input_bytes, results_bytes, errors_bytes, answered, failed, rejected,
         cost_pico, generation)
       VALUES (?, 'open', ?, ?, '', '', 0, 0, 0, '{}', ?, '{}', '', 'input', '', '', 'append',
         0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)`,
    )
    .run(name, wallMs, wallMs, JSON.stringify(NO_SURVEY));
  return Number(lastInsertRowid);
}

/** Stores the survey's and settings' data of a job; inside a transaction. */
export function describeJob(ledger: Ledger, jobId: number, fields: JobFields): void {
  ledger.database
    .prepare(
      `UPDATE jobs SET input_path = ?, input_sha256 = ?, input_bytes = ?, line_count = ?, last_line_no = ?,
         identity = ?, survey = ?, endpoint = ?, currency = ?, output_order = ?, results_path = ?, errors_path = ?
       WHERE id = ?`,
    )
    .run(
      fields.inputPath,
      fields.inputSha256,
      fields.inputBytes,
      fields.lineCount,
      fields.lastLineNo,
      JSON.stringify(fields.identity),
      JSON.stringify(fields.survey),
      JSON.stringify(fields.endpoint),
      fields.currency,
      fields.outputOrder,
      fields.resultsPath,
      fields.errorsPath,
      jobId,
    );
}

/** Recomputes a job's sums from its rows, after lines were moved or reopened; inside a transaction. */
export function recountJob(ledger: Ledger, jobId: number): void {
  ledger.database
    .prepare(
      `UPDATE jobs SET
         answered = (SELECT count(*) FROM lines WHERE job_id = jobs.id AND state = 'answered'),
         failed = (SELECT count(*) FROM lines WHERE job_id = jobs.id AND state = 'failed'),
         rejected = (SELECT count(*) FROM lines WHERE job_id = jobs.id AND state = 'rejected'),
         cost_pico = (SELECT coalesce(sum(cost_pico), 0) FROM attempts WHERE job_id = jobs.id AND class = 'answered')
       WHERE id = ?`,
    )
    .run(jobId);
}

/** Sets the output cursor and mode of a job; inside a transaction. */
export function setOutputs(
  ledger: Ledger,
  jobId: number,
  to: { readonly mode: 'append' | 'replace'; readonly cursor: Cursor },
): void {
  ledger.database.prepare('UPDATE jobs SET output_mode = ? WHERE id = ?').run(to.mode, jobId);
  ledger.moveCursor(jobId, to.cursor);
}

/** Records that a run of a job is in progress, or why it ended before every line was settled; inside a transaction. */
export function setLastStop(ledger: Ledger, jobId: number, lastStop: LastStop): void {
  ledger.database
    .prepare('UPDATE jobs SET last_stop = ? WHERE id = ?')
    .run(JSON.stringify(lastStop), jobId);
}

/** Whether a job's output files are still those of before, to be replaced as a whole once every line is settled. */
export function filesWait({ state, outputMode }: Job): boolean {
  return state === 'open' && outputMode === 'replace';
}

/** Opens or finishes a job, which clears the last stop; inside a transaction. */
export function setState(ledger: Ledger, jobId: number, state: Job['state'], wallMs: number): void {
  ledger.database
    .prepare('UPDATE jobs SET state = ?, updated_at = ?, last_stop = NULL WHERE id = ?')
    .run(state, wallMs, jobId);
}

/** Deletes a job with all its lines, attempts and answers; inside a transaction. */
export function deleteJob(ledger: Ledger, jobId: number): void {
  for (const table of [
    'lines',
    'attempts',
    'input_blocks',
    'runs',
    'pace_lanes',
    'pace_seconds',
    'pace_changes',
    'estimates',
  ]) {
    // Table names cannot be bound; these are constants.
    ledger.database.prepare(`DELETE FROM ${table} WHERE job_id = ?`).run(jobId);
  }
  deleteBodies(ledger, jobId);
  ledger.database.prepare('DELETE FROM jobs WHERE id = ?').run(jobId);
}

/** Deletes all answers of a job; inside a transaction. */
function deleteBodies(ledger: Ledger, jobId: number): void {
  ledger.database.prepare('DELETE FROM bodies WHERE id BETWEEN ? AND ?').run(...bodyKeys(jobId));
}
