import { costOfAnswer } from '../pricing/cost-of-answer.ts';
import { encodeRequest } from '../encode.ts';
import { EXIT, InputError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { scanObject } from '../json/json-scan.ts';
import { CURSOR_START, findJob, recountJob, setOutputs, setState } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { closeUnknownAttempts, dropLine, lastSeq, outputLineReader } from '../ledger/lines.ts';
import { CUT_CODES } from '../ledger/possibly-billed.ts';
import type { Job, SettledLine } from '../ledger/records.ts';
import { fileLines } from './output-file.ts';
import { outputText } from './output-line.ts';
import { modeAnew } from './output-set.ts';
import { parseLine, type Request } from '../parse.ts';
import { searchAsked } from '../plan.ts';
import type { JobRequest } from '../job/job-request.ts';
import { readLines } from '../read.ts';
import { readUsage } from '../read-usage.ts';
import { ownLineNo } from './reconcile.ts';

type Adopted = {
  line_no: number;
  custom_id: string | null;
  status_code: number | null;
  request_id: string | null;
  body: string | null;
  code: string | null;
  message: string | null;
  param: string | null;
};

type OutputJson = {
  custom_id?: string | null;
  response?: { status_code?: number; request_id?: string | null } | null;
  error?: { code?: string; message?: string; param?: string | null } | null;
};

/** The raw text of `response.body` in an output line; null if it is null. */
function rawBody(text: string): string | null {
  const response = scanObject(text).members.find(({ key }) => key === 'response');
  if (response === undefined || text[response.valueStart] !== '{') return null;
  const body = scanObject(text, response.valueStart).members.find(({ key }) => key === 'body');
  const raw = body === undefined ? 'null' : text.slice(body.valueStart, body.valueEnd);
  return raw === 'null' ? null : raw;
}

/**
 * Reads what a job's output files hold and its ledger lost (`--adopt-outputs`), before the job is surveyed or moved to a
 * changed input; `adoptOutputs` takes it over. `known` is the job in the ledger; null: none.
 *
 * Skips what the ledger holds verbatim: such a line that is open later was changed. Also skips old files waiting to be
 * replaced if the ledger lost nothing: their open lines were reopened on purpose. Throws 65, with nothing changed, if a
 * line is not at its place in the input: the input has changed, and a line without a place would be overwritten. With
 * `--accept-changed-input` it is ignored.
 */
export async function collectOutputs(
  ledger: Ledger,
  known: Job | null,
  request: JobRequest,
): Promise<void> {
  ledger.database.exec(
    `CREATE TEMP TABLE adopted (line_no INTEGER PRIMARY KEY, custom_id TEXT, status_code INTEGER,
       request_id TEXT, body TEXT, code TEXT, message TEXT, param TEXT, placed INTEGER NOT NULL DEFAULT 0);
     CREATE INDEX temp.adopted_ids ON adopted (custom_id)`,
  );
  if (known?.outputMode === 'replace' && !ledger.isBehind) return;
  collect(ledger, known, request);
  if (!request.acceptChangedInput) await refuseUnplaced(ledger, request);
}

/**
 * Takes what `collectOutputs` found into a ledger that lost it.
 *
 * Each line found settles the input line with its `custom_id`, with the usage from its body; all others stay open. The
 * files are then rewritten from the ledger. Returns the updated job.
 */
export async function adoptOutputs(ledger: Ledger, job: Job, request: JobRequest): Promise<Job> {
  const { database } = ledger;
  // The counter is about to skip commits. If this run ends between the file and its log, such a gap would look as if the
  // ledger went backwards: write the current counter to the log first.
  await request.whenUnlocked(() => {
    database.pragma('wal_checkpoint(TRUNCATE)');
    ledger.transact(() => {
      // SQLite does not write unchanged pages; the end of the transaction corrects the value.
      database.exec('UPDATE ledger SET commit_counter = commit_counter + 1');
    });
  });
  const find = database.prepare('SELECT * FROM adopted WHERE custom_id = ?');
  const take = database.prepare('DELETE FROM adopted WHERE line_no = ?');
  const stateOf = database
    .prepare('SELECT state FROM lines WHERE job_id = ? AND line_no = ?')
    .pluck();
  const adopt = async (): Promise<void> => {
    let seq = lastSeq(database, job.id);
    for await (const lines of readLines(request.inputPath, {
      maxLineBytes: request.maxLineBytes,
    })) {
      for (const line of lines) {
        const parsed = parseLine(line, request.defaults);
        const row = find.get(parsed.customId) as Adopted | undefined;
        if (row === undefined) continue;
        if (parsed.kind === 'rejected') continue;
        take.run(row.line_no);
        const state = stateOf.get(job.id, line.lineNo);
        // A line that had failed when the older ledger was copied may have been answered since (`retry`).
        const isAnsweredSince = state === 'failed' && row.code === null;
        if (state !== undefined && !isAnsweredSince) continue;
        if (isAnsweredSince) dropLine(ledger, job.id, line.lineNo);
        seq += 1;
        settle(ledger, { job, seq, row: { ...row, line_no: line.lineNo }, parsed, request });
      }
    }
    ledger.adopted();
    // The older ledger may have calls in flight whose ends it lost; if all lines are adopted no dispatch closes them.
    const counted = request.onAmbiguous === 'fail';
    closeUnknownAttempts(ledger, job.id, { afterLine: 0, counted });
    recountJob(ledger, job.id);
    setOutputs(ledger, job.id, { mode: modeAnew(job), cursor: CURSOR_START });
    setState(ledger, job.id, 'open', request.clock.wallMs());
  };
  await request.whenUnlocked(() => ledger.transactWhile(adopt));
  database.exec('DROP TABLE adopted');
  return findJob(database, job.name) ?? job;
}

/** An answer without a place in the input would be overwritten: it was paid for, and the input is not the one it belongs to. */
async function refuseUnplaced({ database }: Ledger, request: JobRequest): Promise<void> {
  const { inputPath, inputShown, maxLineBytes } = request;
  const first = database.prepare(
    `SELECT line_no, custom_id, (SELECT count(*) FROM adopted WHERE placed = 0) AS lines FROM adopted
     WHERE placed = 0 ORDER BY line_no LIMIT 1`,
  );
  if (first.get() === undefined) return;
  const place = database.prepare(
    'UPDATE adopted SET placed = 1 WHERE line_no = ? AND custom_id = ?',
  );
  for await (const lines of readLines(inputPath, { maxLineBytes })) {
    for (const line of lines) place.run(line.lineNo, parseLine(line, request.defaults).customId);
  }
  const left = first.get() as (Adopted & { readonly lines: number }) | undefined;
  if (left === undefined) return;
  throw new InputError(
    EXIT.invalidInput,
    `${inputShown} has changed since the outputs of job ${request.name} were written: ${left.lines} of their lines no longer match it, the first is line ${left.line_no} (custom_id ${left.custom_id ?? 'none'}); nothing was sent`,
    'put the input back as it was, or take the answers of the custom_ids that are still there with --accept-changed-input (outputs do not hold prompts: a line whose prompt changed keeps its old answer)',
  );
}

function collect({ database }: Ledger, known: Job | null, request: JobRequest): void {
  const { name, onAmbiguous } = request;
  const { resultsPath, errorsPath } = known ?? request;
  const heldLine = known === null ? () => null : outputLineReader(database, known.id);
  const insert = database.prepare(
    'INSERT OR IGNORE INTO adopted VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)',
  );
  for (const path of [resultsPath, errorsPath]) {
    if (path === '-' || !isThere(path)) continue;
    for (const text of fileLines(path, 0)) {
      const lineNo = ownLineNo(text, name);
      if (lineNo === null) continue;
      const held = heldLine(lineNo);
      if (held !== null && outputText(name, held) === `${text}\n`) continue;
      const { custom_id: customId, response, error } = JSON.parse(text) as OutputJson;
      // Rejected lines are judged again by the survey; cut-off calls are repeated, if that is wanted.
      const wasCut = onAmbiguous === 'fail' && CUT_CODES.includes(error?.code ?? '');
      if ((response === null || response === undefined) && !wasCut) continue;
      insert.run(
        lineNo,
        customId ?? null,
        response?.status_code ?? null,
        response?.request_id ?? null,
        rawBody(text),
        error?.code ?? null,
        error?.message ?? null,
        error?.param ?? null,
      );
    }
  }
}

function settle(
  ledger: Ledger,
  at: { job: Job; seq: number; row: Adopted; parsed: Request; request: JobRequest },
): void {
  const { job, row, parsed, request } = at;
  const wallMs = request.clock.wallMs();
  const model = parsed.view.model;
  const answered = row.code === null;
  const line: SettledLine = {
    lineNo: row.line_no,
    state: answered ? 'answered' : 'failed',
    customId: parsed.customId,
    model,
    attempts: 1,
    statusCode: row.status_code,
    code: row.code,
    message: row.message,
    param: row.param,
    requestId: row.request_id,
    metadata: parsed.metadata,
    body: row.body === null ? null : Buffer.from(row.body, 'utf8'),
    settledAt: wallMs,
  };
  ledger.settleLine(job.id, at.seq, line);
  if (!answered || row.body === null) return;
  const body = JSON.parse(row.body) as { usage?: unknown };
  const usage = readUsage(body.usage);
  const costPico = costOfAnswer(
    { usage, body: row.body },
    { model, search: searchAsked(parsed), body: () => encodeRequest(parsed).body },
    request.pricing,
  );
  ledger.database
    .prepare(
      `INSERT INTO attempts (job_id, line_no, attempt, custom_id, model, started_at, ended_at, class, counted, status_code,
         request_id, input_tokens, output_tokens, total_tokens, cached_tokens, reasoning_tokens, cost_pico, estimated_tokens)
       SELECT @job, @line, coalesce(max(attempt), 0) + 1, @customId, @model, @at, @at, 'answered', 1, @status,
         @requestId, @input, @output, @total, @cached, @reasoning, @cost, 0
       FROM attempts WHERE job_id = @job AND line_no = @line`,
    )
    .run({
      job: job.id,
      line: row.line_no,
      customId: parsed.customId,
      model,
      at: wallMs,
      status: row.status_code,
      requestId: row.request_id,
      input: usage?.inputTokens ?? null,
      output: usage?.outputTokens ?? null,
      total: usage?.totalTokens ?? null,
      cached: usage?.cachedTokens ?? null,
      reasoning: usage?.reasoningTokens ?? null,
      cost: costPico,
    });
}
