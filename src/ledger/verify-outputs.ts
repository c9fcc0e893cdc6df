import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { QbatchError } from '../errors.ts';
import { outputSize } from '../output/output-file.ts';
import { outputText } from '../output/output-line.ts';
import { linesNotHeld } from '../output/reconcile.ts';
import type { Database } from './database.ts';
import type { Findings } from './findings.ts';
import { lastSeq, type OutputLine, outputLinesByNumber, outputLinesBySeq } from './lines.ts';
import type { Job } from './records.ts';

export type OutputCheck = {
  readonly findings: Findings;
  readonly running: boolean;
  /** Yields for one turn of the event loop; throws if the user wants to stop. */
  readonly turn: () => Promise<void>;
};

const CHUNK_BYTES = 1024 * 1024;
const LINES_A_TURN = 2_000;

/** Compares a file with the bytes it should hold, piece by piece from its start. */
class FileComparison {
  readonly path: string;
  readonly size: number;
  /** Where the file first differs; null so far. */
  difference: { readonly position: number; readonly lineNo: number } | null = null;
  position = 0;
  private readonly file: number;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.path = path;
    this.file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    this.size = fstatSync(this.file).size;
  }

  /** Checks that the next bytes are `text`; after the first difference nothing more is compared. */
  expect(text: string, lineNo: number): void {
    if (this.difference !== null) return;
    const wanted = Buffer.from(text, 'utf8');
    if (this.take(wanted.length).equals(wanted)) this.position += wanted.length;
    else this.difference = { position: this.position, lineNo };
  }

  close(): void {
    closeSync(this.file);
  }

  private take(length: number): Buffer {
    while (this.chunk.length < length) {
      const next = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, length - this.chunk.length));
      const count = readSync(this.file, next, 0, next.length, this.position + this.chunk.length);
      if (count === 0) break;
      this.chunk = Buffer.concat([this.chunk, next.subarray(0, count)]);
    }
    const taken = this.chunk.subarray(0, length);
    this.chunk = this.chunk.subarray(taken.length);
    return taken;
  }
}

/**
 * Checks a job's output files against the ledger: up to the cursor they must be the projection of the settled lines, byte
 * for byte and in order; after it only lines that the ledger holds may follow, and in a finished job nothing. Not checked:
 * results sent to stdout, and finished files of an earlier run waiting to be replaced.
 */
export async function verifyOutputs(
  database: Database,
  job: Job,
  check: OutputCheck,
): Promise<void> {
  if (job.outputMode === 'replace' && job.state === 'open') return;
  checkCursor(database, job, check.findings);
  const { resultsBytes, errorsBytes } = job.cursor;
  const results =
    job.resultsPath === '-' ? null : openComparison(job.resultsPath, job, check.findings);
  try {
    const errors = openComparison(job.errorsPath, job, check.findings);
    try {
      await compareLines(database, job, { results, errors, turn: check.turn });
      if (results !== null) tell(results, resultsBytes, { database, job, check });
      if (errors !== null) tell(errors, errorsBytes, { database, job, check });
    } finally {
      errors?.close();
    }
  } finally {
    results?.close();
  }
}

/** Null, and a finding, for a file that is missing or cannot be inspected. */
function openComparison(path: string, job: Job, findings: Findings): FileComparison | null {
  try {
    if (outputSize(path) !== null) return new FileComparison(path);
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    findings.add(`cannot be read: ${unreadable(path, error)}`);
    return null;
  }
  // Nothing was written yet: the run creates the files when it begins.
  const isNew = job.state === 'open' && job.cursor.resultsBytes + job.cursor.errorsBytes === 0;
  if (!isNew) findings.add(`${path} is missing; the same run command rebuilds it from the ledger`);
  return null;
}

/** Why a file cannot be read. The error's own text is meant for writers. */
function unreadable(path: string, error: QbatchError): string {
  const { code, message } = (error.cause ?? {}) as Partial<NodeJS.ErrnoException>;
  if (code === 'ELOOP') return `${path} is a symbolic link, which is not followed`;
  // The system's message without the call and its path.
  return message === undefined ? error.message : `${path}: ${message.replace(/, \w+ '.*$/su, '')}`;
}

/** In a finished job the cursor must be at the last line. */
function checkCursor(database: Database, job: Job, findings: Findings): void {
  if (job.state !== 'finished') return;
  if (job.outputOrder === 'settled') {
    const last = lastSeq(database, job.id);
    if (job.cursor.seq < last)
      findings.add(
        `the job is finished, but its files end at ${job.cursor.seq} of ${last} settled lines`,
      );
    return;
  }
  const beyond = database
    .prepare('SELECT count(*) FROM lines WHERE job_id = ? AND line_no > ?')
    .pluck();
  const count = Number(beyond.get(job.id, job.cursor.line));
  if (count > 0)
    findings.add(
      `the job is finished, but ${count} settled lines after line ${job.cursor.line} are in no file`,
    );
}

function* writtenLines(database: Database, job: Job): Generator<OutputLine> {
  const { cursor } = job;
  if (job.outputOrder === 'input') {
    yield* outputLinesByNumber(database, job.id, { afterLine: 0, toLine: cursor.line });
    return;
  }
  for (const line of outputLinesBySeq(database, job.id, 0)) {
    if (line.seq > cursor.seq) return;
    yield line;
  }
}

async function compareLines(
  database: Database,
  job: Job,
  at: {
    readonly results: FileComparison | null;
    readonly errors: FileComparison | null;
    readonly turn: () => Promise<void>;
  },
): Promise<void> {
  if (at.results === null && at.errors === null) return;
  let seen = 0;
  for (const line of writtenLines(database, job)) {
    const file = line.state === 'answered' ? at.results : at.errors;
    if (file !== null) file.expect(outputText(job.name, line), line.lineNo);
    seen += 1;
    if (seen % LINES_A_TURN === 0) await at.turn();
  }
}

function tell(
  file: FileComparison,
  cursorBytes: number,
  at: { readonly database: Database; readonly job: Job; readonly check: OutputCheck },
): void {
  const { database, job, check } = at;
  const { findings } = check;
  if (file.size < cursorBytes) {
    findings.add(
      `${file.path} has ${file.size} bytes, the ledger remembers ${cursorBytes}; the same run command rebuilds it`,
    );
    return;
  }
  if (file.difference !== null) {
    const { lineNo, position } = file.difference;
    findings.add(
      `${file.path} differs from the ledger at byte ${position}, where line ${lineNo} belongs; move it away, and the same run command rebuilds it`,
    );
    return;
  }
  if (file.position !== cursorBytes) {
    findings.add(
      `${file.path}: the ledger's lines make ${file.position} bytes, its cursor says ${cursorBytes}`,
    );
    return;
  }
  if (job.state === 'finished' && file.size > cursorBytes) {
    findings.add(`${file.path} has ${file.size - cursorBytes} bytes after its last line`);
  } else if (!check.running) {
    // What was appended after the last sync may be anything the ledger holds, and will be rewritten.
    const rule = findings.rule();
    for (const lineNo of linesNotHeld(database, job, { path: file.path, from: cursorBytes }))
      rule.add(
        lineNo === null
          ? `${file.path} holds a line that this job did not write`
          : `${file.path} holds line ${lineNo}, which the ledger does not hold as settled`,
      );
  }
}
