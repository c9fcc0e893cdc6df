import { CURSOR_START } from '../ledger/jobs.ts';
import type { LineChunk } from '../execute/line-chunk.ts';
import type { LineSet } from '../ledger/line-set.ts';
import type { PriorLookup } from '../ledger/lines.ts';
import type { Cursor, Job } from '../ledger/records.ts';
import type { LineDefaults } from '../input/request-parts.ts';
import { parseLine } from '../parse.ts';
import { type OutputSeen, type PlannedLine, planLine } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import { isCompressed, type RawLine, readLines } from '../read.ts';
import { ConfigError, EXIT, InputError } from '../errors.ts';
import type { Database } from '../ledger/database.ts';
import { fingerprint } from '../fingerprint.ts';
import { fingerprintReader } from '../ledger/fingerprints.ts';

/** Planned lines stay in memory until settled: small chunks keep few of them waiting. */
const CHUNK_BYTES = 64 * 1024;

export type OpenLinesOptions = {
  readonly database: Database;
  readonly job: Job;
  readonly settled: LineSet;
  /** Input order: lines up to here are settled, whatever `settled` says. */
  readonly settledTo: number;
  readonly prior: PriorLookup;
  readonly defaults: LineDefaults;
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  readonly maxLineBytes: number;
  readonly cursor: Cursor;
};

/** Where chunks of the input begin, so that a later run can start reading near its first open line. */
export class ChunkStarts {
  private starts: { line: number; bytes: number }[] = [];

  add(line: number, bytes: number): void {
    this.starts.push({ line, bytes });
  }

  /** The last known start at or before `line`. */
  at(line: number): { inputLine: number; inputBytes: number } {
    const found = this.starts.findLast((start) => start.line <= line);
    return found === undefined ? CURSOR_START : { inputLine: found.line, inputBytes: found.bytes };
  }

  /** The last known start at or before the line after `line`; drops earlier ones. */
  before(line: number): { inputLine: number; inputBytes: number } {
    let last = { line: CURSOR_START.inputLine, bytes: CURSOR_START.inputBytes };
    let count = 0;
    for (const start of this.starts) {
      if (start.line > line + 1) break;
      last = start;
      count += 1;
    }
    if (count > 1) this.starts = this.starts.slice(count - 1);
    return { inputLine: last.line, inputBytes: last.bytes };
  }
}

/** Selects the lines of one model, for re-reading. */
export type Again = {
  readonly model: string;
  /** The first line wanted, as it stands when called. */
  readonly fromLine: () => number;
};

type LineCheck = OpenLinesOptions & {
  readonly fingerprintOf: ReturnType<typeof fingerprintReader>;
  readonly again: Again | null;
  readonly textScales: ReadonlyMap<string, number | undefined>;
};

/**
 * Pass 2: the open lines, parsed and planned, one array per chunk of input that holds some. The input was proven unchanged,
 * so every open line parses as it did in the survey. A changed line, or a file that ends early, stops the run with 65;
 * appended lines are left to the next run. A stricter release of this program: 78.
 *
 * `again`: every chunk is yielded, with the wanted lines of this one model.
 */
export async function* openLines(
  options: OpenLinesOptions,
  starts: ChunkStarts,
  again: Again | null = null,
): AsyncGenerator<LineChunk<PlannedLine>> {
  const { job } = options;
  const near = again === null ? options.cursor : starts.at(again.fromLine());
  const { inputLine, inputBytes } = isCompressed(job.inputPath) ? CURSOR_START : near;
  const from = { byteOffset: inputBytes, lineNo: inputLine };
  const textScales = new Map(job.survey.models.map(({ model, textScale }) => [model, textScale]));
  const fingerprintOf = fingerprintReader(options.database, job.id);
  // The survey accepted these lines; this run's strictness does not matter.
  const defaults = { ...options.defaults, strict: false };
  const check = { ...options, defaults, fingerprintOf, again, textScales };
  let lastSeen = inputLine - 1;
  for await (const lines of readLines(job.inputPath, {
    maxLineBytes: options.maxLineBytes,
    chunkBytes: CHUNK_BYTES,
    from,
  })) {
    const first = lines[0];
    if (first !== undefined && again === null) starts.add(first.lineNo, first.byteOffset);
    const fromLine = again === null ? options.settledTo + 1 : again.fromLine();
    const open: PlannedLine[] = [];
    for (const line of lines) {
      // The reader skips blank lines: a surveyed line must not vanish that way.
      const blanked = firstOpen(check, Math.max(lastSeen + 1, fromLine), line.lineNo);
      if (blanked !== null) throw changedMeanwhile(job.inputPath, `line ${blanked} has changed`);
      // Lines appended since the survey were never checked: the next run decides.
      if (line.lineNo > job.lastLineNo) break;
      lastSeen = line.lineNo;
      if (line.lineNo < fromLine || options.settled.has(line.lineNo)) continue;
      const planned = planOpen(line, check);
      if (planned !== null) open.push(planned);
    }
    if (open.length > 0 || again !== null) yield { lines: open, nextLineNo: lastSeen + 1 };
    if (lastSeen >= job.lastLineNo) return;
  }
  if (job.lineCount > 0 && lastSeen < job.lastLineNo) {
    throw changedMeanwhile(
      job.inputPath,
      `it ends after line ${lastSeen} instead of ${job.lastLineNo}`,
    );
  }
}

/** An open line, checked and planned; null if another model is wanted. */
function planOpen(line: RawLine, check: LineCheck): PlannedLine | null {
  const { job, defaults, again, pricing, outputSeen } = check;
  if (line.problem?.code === 'qbatch_line_too_long') {
    throw new ConfigError(
      `${job.inputPath}:${line.lineNo} is longer than --max-line ${check.maxLineBytes} allows, but was accepted when the job started`,
      `give --max-line ${job.runFlags['max-line'] ?? '32MiB'}, which is enough for all lines`,
    );
  }
  if (check.fingerprintOf(line.lineNo) !== fingerprint(line.bytes)) {
    throw changedMeanwhile(job.inputPath, `line ${line.lineNo} has changed`);
  }
  const parsed = parseLine(line, defaults);
  if (parsed.kind === 'rejected') {
    const reason = parsed.problems[0]?.message ?? 'unknown reason';
    throw new ConfigError(
      `${job.inputPath}:${line.lineNo} was valid in the survey and is now invalid (${reason})`,
      'the file was changed, or qbatch was upgraded and is stricter; run again with --accept-changed-input, or --fresh',
    );
  }
  const { model } = parsed.view;
  if (again !== null && again.model !== model) return null;
  const before = check.prior.get(parsed.lineNo) ?? null;
  const textScale = check.textScales.get(model);
  return planLine(parsed, before, { pricing, outputSeen, textScale });
}

/** The first open line in [`first`, `end`) that the survey has seen; null: none. */
function firstOpen(
  { job, settled, fingerprintOf }: LineCheck,
  first: number,
  end: number,
): number | null {
  for (let lineNo = first; lineNo < Math.min(end, job.lastLineNo + 1); lineNo += 1) {
    if (!settled.has(lineNo) && fingerprintOf(lineNo) !== null) return lineNo;
  }
  return null;
}

function changedMeanwhile(path: string, what: string): InputError {
  return new InputError(
    EXIT.invalidInput,
    `${path} was changed while the job ran: ${what}`,
    'put the file back as it was, or keep the answers of unchanged lines with --accept-changed-input',
  );
}
