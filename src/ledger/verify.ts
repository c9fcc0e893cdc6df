import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { EXIT, QbatchError } from '../errors.ts';
import { type Database, sqliteCode } from './database.ts';
import { Findings } from './findings.ts';
import type { Job } from './records.ts';
import { BODY_KEY, bodyKeys } from './schema.ts';
import { verifyOutputs } from './verify-outputs.ts';
import { tokenDifference } from './verify-usage.ts';

/** The result of `status --verify`; `ok` if there are no findings. */
export type Verification = { readonly ok: boolean; readonly findings: readonly string[] };

export type VerifyOptions = {
  readonly ledgerPath: string;
  /** Whether a run is processing the job: what it has not committed yet is then no finding. */
  readonly running: boolean;
  /** The result of `readMark` before `database` read anything: a run raises it after each commit. */
  readonly mark: number | null;
  readonly stop: AbortSignal;
};

type Check = (database: Database, job: Job, findings: Findings) => void | Promise<void>;

/** Rows processed between two turns of the event loop, so that Ctrl-C is handled. */
const ROWS_A_TURN = 20_000;

/**
 * Cross-checks a job's part of the ledger and its output files; changes nothing.
 *
 * Covers SQLite's own integrity check, each stored answer's checksum and its usage against the recorded tokens, the running
 * sums against the rows, the invariants of settled lines, the mark, and the files byte for byte. Memory is constant except
 * for the settling order (8 bytes a line). Every problem becomes a finding, including an unreadable file; throws only on
 * `stop` (130). `database` should be in a read transaction.
 */
export async function verifyLedger(
  database: Database,
  job: Job,
  options: VerifyOptions,
): Promise<Verification> {
  const findings = new Findings();
  const checks: readonly Check[] = [
    checkIntegrity,
    () => {
      checkMark(database, options, findings);
    },
    checkSums,
    checkLines,
    checkSequence,
    () => checkBodies(database, { job, findings, stop: options.stop }),
    () =>
      verifyOutputs(database, job, {
        findings,
        running: options.running,
        turn: () => turn(options.stop),
      }),
  ];
  for (const check of checks) {
    await turn(options.stop);
    try {
      await check(database, job, findings);
    } catch (error) {
      const isData =
        sqliteCode(error) !== '' ||
        (error instanceof QbatchError && error.exitCode !== EXIT.interrupted);
      if (!isData || !(error instanceof Error)) throw error;
      findings.add(`cannot be read: ${error.message}`);
    }
  }
  const all = findings.all();
  return { ok: all.length === 0, findings: all };
}

/** Yields for one turn of the event loop. Throws 130 if the user wants to stop. */
async function turn(stop: AbortSignal): Promise<void> {
  await setImmediate();
  if (stop.aborted) throw new QbatchError(EXIT.interrupted, 'interrupted while checking');
}

function checkIntegrity(database: Database, _job: Job, findings: Findings): void {
  const lines = database.pragma('integrity_check') as { integrity_check: string }[];
  for (const { integrity_check: text } of lines) {
    if (text !== 'ok') findings.add(`SQLite finds damage: ${text}`);
  }
}

function checkMark(database: Database, options: VerifyOptions, findings: Findings): void {
  const counter = Number(database.prepare('SELECT commit_counter FROM ledger').pluck().get());
  if (options.mark === null) {
    findings.add(
      `${options.ledgerPath}.mark is missing or torn: a ledger that goes backwards would not be noticed; the next run writes it`,
    );
  } else if (options.mark > counter) {
    findings.add(
      `the ledger went backwards: it has ${counter} commits, but its .mark file counts ${options.mark}`,
    );
  }
}

const COUNTS = `SELECT count(*) FILTER (WHERE state = 'answered') AS answered, count(*) FILTER (WHERE state = 'failed') AS failed,
  count(*) FILTER (WHERE state = 'rejected') AS rejected, coalesce(max(line_no), 0) AS last FROM lines WHERE job_id = ?`;

function checkSums(database: Database, job: Job, findings: Findings): void {
  const counts = database.prepare(COUNTS).get(job.id) as Record<
    'answered' | 'failed' | 'rejected' | 'last',
    number
  >;
  for (const state of ['answered', 'failed', 'rejected'] as const) {
    if (counts[state] !== job[state])
      findings.add(
        `the job counts ${job[state]} ${state} lines, the ledger holds ${counts[state]}`,
      );
  }
  const settled = counts.answered + counts.failed + counts.rejected;
  if (settled > job.lineCount || (job.state === 'finished' && settled < job.lineCount)) {
    findings.add(
      `the job is ${job.state} with ${job.lineCount} lines, of which ${settled} are settled`,
    );
  }
  if (counts.last > job.lastLineNo)
    findings.add(`line ${counts.last} is settled, the input ends at line ${job.lastLineNo}`);
  const cost =
    "SELECT coalesce(sum(cost_pico), 0) FROM attempts WHERE job_id = ? AND class = 'answered'";
  const costPico = BigInt(database.prepare(cost).pluck().safeIntegers().get(job.id) as bigint);
  if (costPico !== job.costPico) {
    findings.add(
      `the job's cost is ${job.costPico} pico-${job.currency}, its answered calls add up to ${costPico}`,
    );
  }
}

/** Invariants between lines, calls and answers: each query returns the lines that violate one. */
const LINE_RULES: readonly { readonly sql: string; readonly says: (lineNo: number) => string }[] = [
  {
    sql: `SELECT l.line_no FROM lines l WHERE l.job_id = ? AND l.state = 'answered' AND 1 <> (SELECT count(*) FROM attempts a
      WHERE a.job_id = l.job_id AND a.line_no = l.line_no AND a.class = 'answered')`,
    says: (lineNo) => `line ${lineNo} is answered, but not by exactly one answered call`,
  },
  {
    sql: `SELECT l.line_no FROM lines l WHERE l.job_id = ? AND l.state = 'answered'
      AND NOT EXISTS (SELECT 1 FROM bodies b WHERE b.id = ${BODY_KEY})`,
    says: (lineNo) => `line ${lineNo} is answered, but its answer is missing`,
  },
  {
    sql: `SELECT DISTINCT a.line_no FROM attempts a LEFT JOIN lines l ON l.job_id = a.job_id AND l.line_no = a.line_no
      WHERE a.job_id = ? AND a.line_no > 0 AND a.class = 'answered' AND l.state IS NOT 'answered'`,
    says: (lineNo) => `line ${lineNo} has an answered call, but is not answered`,
  },
  {
    sql: `SELECT DISTINCT a.line_no FROM attempts a JOIN lines l ON l.job_id = a.job_id AND l.line_no = a.line_no
      WHERE a.job_id = ? AND a.class IS NULL`,
    says: (lineNo) => `line ${lineNo} is settled, but one of its calls has not ended`,
  },
  {
    sql: `SELECT l.line_no FROM lines l JOIN attempts a ON a.job_id = l.job_id AND a.line_no = l.line_no AND a.class = 'answered'
      WHERE l.job_id = ? AND l.state = 'answered'
        AND (l.model IS NOT a.model OR l.status_code IS NOT a.status_code OR l.request_id IS NOT a.request_id)`,
    says: (lineNo) => `line ${lineNo} and its answered call differ in model, status or request id`,
  },
  {
    // A price needs both counts.
    sql: `SELECT DISTINCT a.line_no FROM attempts a WHERE a.job_id = ? AND a.line_no > 0 AND a.class = 'answered'
      AND a.cost_pico IS NOT NULL AND (a.input_tokens IS NULL OR a.output_tokens IS NULL)`,
    says: (lineNo) =>
      `the answered call of line ${lineNo} has a cost, but not the tokens that it was worked out from`,
  },
];

function checkLines(database: Database, job: Job, findings: Findings): void {
  for (const { sql, says } of LINE_RULES) {
    const rule = findings.rule();
    for (const lineNo of database.prepare(sql).pluck().iterate(job.id))
      rule.add(says(Number(lineNo)));
  }
}

function checkSequence(database: Database, job: Job, findings: Findings): void {
  const twice =
    'SELECT seq, count(*) FROM lines WHERE job_id = ? GROUP BY seq HAVING count(*) > 1 OR seq < 1';
  const rule = findings.rule();
  for (const row of database.prepare(twice).raw().iterate(job.id)) {
    const [seq, lines] = row as [number, number];
    rule.add(`place ${seq} in the order of settling is given to ${lines} lines`);
  }
}

type BodyRow = [
  lineNo: number,
  body: Buffer,
  checksum: number,
  state: string | null,
  attempt: number | null,
  input: number | null,
  output: number | null,
  total: number | null,
  cached: number | null,
  reasoning: number | null,
];

/** Checks every stored answer's checksum, that it belongs to a settled line, and its usage against the tokens of its call. */
async function checkBodies(
  database: Database,
  at: { readonly job: Job; readonly findings: Findings; readonly stop: AbortSignal },
): Promise<void> {
  const { job, findings } = at;
  const [first, last] = bodyKeys(job.id);
  // If there are several answered calls, which is a finding of its own, uses the first.
  const bodies = database
    .prepare(
      `SELECT b.id - @first, b.body, b.checksum, l.state, a.attempt, a.input_tokens, a.output_tokens, a.total_tokens, a.cached_tokens, a.reasoning_tokens
       FROM bodies b LEFT JOIN lines l ON l.job_id = @job AND l.line_no = b.id - @first
       LEFT JOIN attempts a ON l.state = 'answered' AND a.job_id = @job AND a.line_no = l.line_no AND a.attempt =
         (SELECT min(attempt) FROM attempts WHERE job_id = @job AND line_no = l.line_no AND class = 'answered')
       WHERE b.id BETWEEN @first AND @last`,
    )
    .raw()
    .iterate({ job: job.id, first, last });
  const damaged = findings.rule();
  const orphans = findings.rule();
  const tokens = findings.rule();
  let seen = 0;
  for (const row of bodies) {
    const [lineNo, body, checksum, state, attempt, ...counts] = row as BodyRow;
    const [inputTokens, outputTokens, totalTokens, cachedTokens, reasoningTokens] = counts;
    if (state === null) orphans.add(`an answer is stored for line ${lineNo}, which is not settled`);
    if (crc32(body) !== checksum)
      damaged.add(`the stored answer of line ${lineNo} does not match its checksum`);
    else if (attempt !== null) {
      const difference = tokenDifference(body, {
        inputTokens,
        outputTokens,
        totalTokens,
        cachedTokens,
        reasoningTokens,
      });
      if (difference !== null) tokens.add(`line ${lineNo}: ${difference}`);
    }
    seen += 1;
    if (seen % ROWS_A_TURN === 0) await turn(at.stop);
  }
}
