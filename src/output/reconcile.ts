import { ConfigError, EXIT, OutputError } from '../errors.ts';
import { scanObject } from '../json/json-scan.ts';
import { CURSOR_START } from '../ledger/jobs.ts';
import type { Database } from '../ledger/database.ts';
import { outputLineReader } from '../ledger/lines.ts';
import type { Cursor, Job } from '../ledger/records.ts';
import { fileLines, outputSize } from './output-file.ts';
import { outputText } from './output-line.ts';

/** The line number in an output line's id (`<job>-<lineNo>`); null if it is not a line of this job. */
export function ownLineNo(text: string, job: string): number | null {
  try {
    const value = JSON.parse(text) as { id?: unknown } | null;
    const id = value?.id;
    if (typeof id !== 'string' || !id.startsWith(`${job}-`)) return null;
    const lineNo = Number(id.slice(job.length + 1));
    return Number.isSafeInteger(lineNo) && lineNo > 0 && scanObject(text).duplicate === null
      ? lineNo
      : null;
  } catch {
    return null;
  }
}

/**
 * Whether a line was torn by a power loss: unsynced parts of a file read as zeros, and no line of ours holds a zero byte
 * (JSON escapes them).
 */
function isTorn(text: string): boolean {
  return text.includes('\0');
}

/** The first whole line of a file; empty if there is none. */
function firstLine(path: string): [] | [string] {
  for (const text of fileLines(path, 0)) return [text];
  return [];
}

/** Whether a file begins with an output line of this job. */
export function ownFirstLine(path: string, job: string): boolean {
  const [first] = firstLine(path);
  return first !== undefined && ownLineNo(first, job) !== null;
}

/**
 * Whether a file holds only what the ledger would write into it for this job, byte for byte (except torn lines): then it
 * can be rewritten without a loss, wherever it is.
 */
export function holdsOwnLines(database: Database, job: Job, path: string): boolean {
  const lineOf = outputLineReader(database, job.id);
  let lines = 0;
  for (const text of fileLines(path, 0)) {
    if (isTorn(text)) continue;
    const lineNo = ownLineNo(text, job.name);
    const line = lineNo === null ? null : lineOf(lineNo);
    if (line === null || outputText(job.name, line) !== `${text}\n`) return false;
    lines += 1;
  }
  return lines > 0;
}

/**
 * The true state of a job's output files, before anything is truncated or sent.
 *
 * If both are at least as long as the cursor says: the cursor, after checking what follows it. If one is missing or
 * shorter: the start, and both are rebuilt. A complete line after the cursor that the ledger does not hold means that the
 * ledger went backwards: throws 78, nothing touched. A file that begins with a foreign line has replaced the job's: throws
 * 73.
 */
export function reconcileOutputs(database: Database, job: Job): Cursor {
  const errors = outputSize(job.errorsPath);
  if (errors !== null) refuseForeign(job.errorsPath, job);
  if (job.resultsPath === '-') {
    // Stdout starts over with every run, and so do the errors.
    checkTail(database, job, { path: job.errorsPath, size: errors, from: 0 });
    return CURSOR_START;
  }
  const results = outputSize(job.resultsPath);
  if (results !== null) refuseForeign(job.resultsPath, job);
  const { resultsBytes, errorsBytes } = job.cursor;
  checkTail(database, job, { path: job.resultsPath, size: results, from: resultsBytes });
  checkTail(database, job, { path: job.errorsPath, size: errors, from: errorsBytes });
  if ((results ?? -1) < resultsBytes || (errors ?? -1) < errorsBytes) return CURSOR_START;
  return job.cursor;
}

/** Refuses (73) an existing file of the job that something else has replaced. */
export function refuseForeign(path: string, job: Job): void {
  const [first] = firstLine(path);
  if (first === undefined || isTorn(first) || ownLineNo(first, job.name) !== null) return;
  throw new OutputError(
    EXIT.cannotCreate,
    `${path} begins with a line that job ${job.name} did not write: another file took its place`,
    'move it away, then run the same command again: the job’s own file is rewritten from the ledger',
  );
}

/**
 * Numbers of the lines in a file, from a byte on, that are not settled in the ledger; null for one that the job did not
 * write. Skips torn lines.
 */
export function* linesNotHeld(
  database: Database,
  job: Job,
  { path, from }: { readonly path: string; readonly from: number },
): Generator<number | null> {
  const settled = database.prepare('SELECT 1 FROM lines WHERE job_id = ? AND line_no = ?').pluck();
  for (const text of fileLines(path, from)) {
    if (isTorn(text)) continue;
    const lineNo = ownLineNo(text, job.name);
    if (lineNo === null || settled.get(job.id, lineNo) !== 1) yield lineNo;
  }
}

function checkTail(
  database: Database,
  job: Job,
  file: { path: string; size: number | null; from: number },
): void {
  if (file.size === null || file.size <= file.from) return;
  for (const lineNo of linesNotHeld(database, job, file)) {
    const what =
      lineNo === null
        ? 'a line that this job did not write'
        : `line ${lineNo}, which the ledger does not hold`;
    throw new ConfigError(
      `${file.path} holds ${what}: the ledger went backwards, or the file was changed`,
      'restore the newest ledger, or rerun with --adopt-outputs to take the answers from the output files',
    );
  }
}
