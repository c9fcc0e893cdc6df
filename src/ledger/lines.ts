import { crc32 } from 'node:zlib';
import { ConfigError } from '../errors.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import { LineSet } from './line-set.ts';
import { INTERRUPTED } from './possibly-billed.ts';
import type { Job, LineState } from './records.ts';
import { BODY_KEY, bodyKey } from './schema.ts';
import { TIME_LIMIT_CODES } from '../time-limit.ts';

/** A settled line as written to the output files. */
export type OutputLine = {
  readonly lineNo: number;
  readonly seq: number;
  readonly state: LineState;
  readonly customId: string | null;
  readonly statusCode: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly param: string | null;
  readonly requestId: string | null;
  /** Compact raw JSON in UTF-8. */
  readonly body: Buffer | null;
};

type OutputRow = OutputLine & { readonly checksum: number | null };

const OUTPUT_COLUMNS = `l.line_no AS lineNo, l.seq, l.state, l.custom_id AS customId, l.status_code AS statusCode,
  l.code, l.message, l.param, l.request_id AS requestId, b.body, b.checksum
  FROM lines l LEFT JOIN bodies b ON b.id = ${BODY_KEY}`;

function proven({ checksum, ...line }: OutputRow): OutputLine {
  if (line.body !== null && crc32(line.body) !== checksum) {
    throw new ConfigError(
      `the stored answer of line ${line.lineNo} does not match its checksum: the ledger is damaged`,
      'qbatch status --verify names what is wrong; restore the ledger from a copy',
    );
  }
  return line;
}

/** Settled lines in input order, `afterLine` exclusive, `toLine` inclusive; verifies each answer's checksum. */
export function* outputLinesByNumber(
  database: Database,
  jobId: number,
  range: { afterLine: number; toLine: number },
): Generator<OutputLine> {
  const rows = database
    .prepare(
      `SELECT ${OUTPUT_COLUMNS} WHERE l.job_id = ? AND l.line_no > ? AND l.line_no <= ? ORDER BY l.line_no`,
    )
    .iterate(jobId, range.afterLine, range.toLine);
  for (const row of rows) yield proven(row as OutputRow);
}

/**
 * The numbers of lines settled after `afterSeq`, in settling order. Takes 8 bytes a line; SQLite would sort rows of some 50
 * bytes in memory.
 */
function* settlingOrder(database: Database, jobId: number, afterSeq: number): Generator<number> {
  const where = 'FROM lines WHERE job_id = ? AND seq > ?';
  const count = database.prepare(`SELECT count(*) ${where}`).pluck().get(jobId, afterSeq) as number;
  // Pairs sorted as single 64-bit numbers, low half first: assumes a little-endian machine.
  let halves = new Uint32Array(2 * count);
  let at = 0;
  const rows = database.prepare(`SELECT line_no, seq ${where}`).raw().iterate(jobId, afterSeq);
  for (const row of rows) {
    if (at === halves.length) {
      // A run has settled lines since the count.
      const grown = new Uint32Array(2 * at + 1024);
      grown.set(halves);
      halves = grown;
    }
    [halves[at], halves[at + 1]] = row as [number, number];
    at += 2;
  }
  new BigUint64Array(halves.buffer, 0, at / 2).sort();
  for (let low = 0; low < at; low += 2) yield halves[low] ?? 0;
}

/** Settled lines in settling order, `afterSeq` exclusive. */
export function* outputLinesBySeq(
  database: Database,
  jobId: number,
  afterSeq: number,
): Generator<OutputLine> {
  const one = database.prepare(`SELECT ${OUTPUT_COLUMNS} WHERE l.job_id = ? AND l.line_no = ?`);
  for (const lineNo of settlingOrder(database, jobId, afterSeq))
    yield proven(one.get(jobId, lineNo) as OutputRow);
}

/** Looks up single settled lines by number; null for an open one. */
export function outputLineReader(
  database: Database,
  jobId: number,
): (lineNo: number) => OutputLine | null {
  const one = database.prepare(`SELECT ${OUTPUT_COLUMNS} WHERE l.job_id = ? AND l.line_no = ?`);
  return (lineNo) => {
    const row = one.get(jobId, lineNo);
    return row === undefined ? null : proven(row as OutputRow);
  };
}

/** Which lines after `afterLine` are settled. */
export function settledLines(database: Database, jobId: number, afterLine: number): LineSet {
  const settled = new LineSet();
  const page = database
    .prepare(
      'SELECT line_no FROM lines WHERE job_id = ? AND line_no > ? ORDER BY line_no LIMIT 50000',
    )
    .pluck();
  for (let after = afterLine; ;) {
    const numbers = page.all(jobId, after) as number[];
    for (const lineNo of numbers) settled.add(lineNo);
    const last = numbers.at(-1);
    if (last === undefined) return settled;
    after = last;
  }
}

/**
 * The highest `seq` in use in a job; 0 if none. Looks only at lines after `known.line`: no earlier one has a higher `seq`
 * than `known.seq` (as in a cursor).
 */
export function lastSeq(
  database: Database,
  jobId: number,
  known: { readonly line: number; readonly seq: number } = { line: 0, seq: 0 },
): number {
  const later = database
    .prepare('SELECT coalesce(max(seq), 0) FROM lines WHERE job_id = ? AND line_no > ?')
    .pluck()
    .get(jobId, known.line);
  return Math.max(known.seq, Number(later));
}

/** What earlier runs have tried on an open line. */
export type PriorAttempts = {
  /** Highest attempt number. */
  readonly last: number;
  /** How many count toward `--max-attempts`, and how many of those may have been billed. */
  readonly counted: number;
  readonly ambiguous: number;
  /** An unstreamed call hit the service's time limit. */
  readonly tooSlow: boolean;
};

/** The number of lines after `line` with a terminal record. */
export function settledAfter(database: Database, jobId: number, line: number): number {
  return database
    .prepare('SELECT count(*) FROM lines WHERE job_id = ? AND line_no > ?')
    .pluck()
    .get(jobId, line) as number;
}

/** Looks up earlier runs' attempts on a line; undefined: none. */
export type PriorLookup = { get(lineNo: number): PriorAttempts | undefined };

/**
 * Earlier runs' attempts on lines after `afterLine`. Keeps one bit per tried line; the attempts are read on demand, before
 * the line is retried.
 */
export function priorAttempts(database: Database, jobId: number, afterLine: number): PriorLookup {
  const tried = new LineSet();
  const numbers = database
    .prepare('SELECT DISTINCT line_no FROM attempts WHERE job_id = ? AND line_no > ?')
    .pluck()
    .iterate(jobId, afterLine);
  for (const lineNo of numbers) tried.add(lineNo as number);
  const codes = TIME_LIMIT_CODES.map(() => '?').join(', ');
  const one = database
    .prepare(
      `SELECT max(attempt), sum(counted), sum(counted = 1 AND class = 'possibly_billed'),
         total(code IN (${codes}))
       FROM attempts WHERE job_id = ? AND line_no = ?`,
    )
    .raw();
  return {
    get(lineNo) {
      if (!tried.has(lineNo)) return undefined;
      const row = one.get(...TIME_LIMIT_CODES, jobId, lineNo);
      const [last, counted, ambiguous, slow] = row as [number, number, number, number];
      return { last, counted, ambiguous, tooSlow: slow > 0 };
    },
  };
}

/**
 * Marks attempts of dead runs as possibly billed, counted against the line only if `counted` (`--on-ambiguous fail`).
 * Inside a transaction. Returns how many there were.
 */
export function closeUnknownAttempts(
  ledger: Ledger,
  jobId: number,
  at: { readonly afterLine: number; readonly counted: boolean },
): number {
  return ledger.database
    .prepare(
      `UPDATE attempts SET class = 'possibly_billed', counted = ?, code = '${INTERRUPTED}'
       WHERE job_id = ? AND line_no > ? AND class IS NULL`,
    )
    .run(at.counted ? 1 : 0, jobId, at.afterLine).changes;
}

/** Selects failed lines by code or HTTP status; all of them if both are empty. */
export type FailedSelection = {
  readonly codes: readonly string[];
  readonly statusCodes: readonly number[];
};

const SELECTED = `FROM lines WHERE job_id = @jobId AND state = 'failed' AND (@all = 1
  OR code IN (SELECT value FROM json_each(@codes)) OR status_code IN (SELECT value FROM json_each(@statusCodes)))`;

function boundTo(jobId: number, { codes, statusCodes }: FailedSelection): object {
  return {
    jobId,
    all: codes.length === 0 && statusCodes.length === 0 ? 1 : 0,
    codes: JSON.stringify(codes),
    statusCodes: JSON.stringify(statusCodes),
  };
}

/** The numbers of the selected failed lines, in no order. */
export function selectedLines(
  database: Database,
  jobId: number,
  selection: FailedSelection,
): number[] {
  return database
    .prepare(`SELECT line_no ${SELECTED}`)
    .pluck()
    .all(boundTo(jobId, selection)) as number[];
}

/**
 * Reopens the selected failed lines. Their attempts stay on record but no longer count. Inside a transaction. Returns how
 * many were reopened.
 */
export function reopenFailed(ledger: Ledger, job: Job, selection: FailedSelection): number {
  const { database } = ledger;
  const lines = selectedLines(database, job.id, selection);
  const uncount = database.prepare(
    'UPDATE attempts SET counted = 0 WHERE job_id = ? AND line_no = ?',
  );
  const dropBody = database.prepare('DELETE FROM bodies WHERE id = ?');
  for (const lineNo of lines) {
    uncount.run(job.id, lineNo);
    dropBody.run(bodyKey(job.id, lineNo));
  }
  database.prepare(`DELETE ${SELECTED}`).run(boundTo(job.id, selection));
  return lines.length;
}

/** Deletes a settled line's record and answer; inside a transaction. Its attempts stay. */
export function dropLine({ database }: Ledger, jobId: number, lineNo: number): void {
  database.prepare('DELETE FROM bodies WHERE id = ?').run(bodyKey(jobId, lineNo));
  database.prepare('DELETE FROM lines WHERE job_id = ? AND line_no = ?').run(jobId, lineNo);
}

/** Failed and rejected lines by code, most frequent first, with the first line and its message. */
export function failuresByCode(
  database: Database,
  jobId: number,
): { code: string; lines: number; example: string; line: number }[] {
  return database
    .prepare(
      `SELECT coalesce(code, '') AS code, count(*) AS lines, coalesce(message, '') AS example, min(line_no) AS line
       FROM lines WHERE job_id = ? AND state <> 'answered' GROUP BY code ORDER BY lines DESC, line`,
    )
    .all(jobId) as { code: string; lines: number; example: string; line: number }[];
}

/** The codes of the failed lines, in alphabetical order. */
export function failedCodes(database: Database, jobId: number): string[] {
  return database
    .prepare(
      "SELECT DISTINCT coalesce(code, '') FROM lines WHERE job_id = ? AND state = 'failed' ORDER BY 1",
    )
    .pluck()
    .all(jobId) as string[];
}
