import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { refuseChanged } from './input/input-hash.ts';
import { CustomIdIndex, hashCustomId } from './input/custom-id-index.ts';
import { Fingerprints, type OnFingerprints } from './input/fingerprints.ts';
import { FirstLines } from './input/first-lines.ts';
import type { LineDefaults } from './input/request-parts.ts';
import { parseLine, type Rejected, type Request } from './parse.ts';
import type { OutputSeen } from './plan.ts';
import type { Pricing } from './pricing.ts';
import type { LineProblem, Problem, ProblemCounts } from './problem.ts';
import { isCompressed, readLines } from './read.ts';
import { shown } from './schemas/findings.ts';
import { boundedProblem } from './job/bounded-problem.ts';
import { SampleCounter } from './job/scale-survey.ts';
import { type ModelSurvey, SurveyTally } from './job/survey-tally.ts';

/** The results of the first pass; memory does not grow with the input except for ids and problems. */
export type Survey = {
  readonly sha256: string;
  /** Of the decompressed content. */
  readonly bytes: number;
  /** Non-blank lines. */
  readonly lines: number;
  readonly lastLineNo: number;
  readonly valid: number;
  readonly invalid: number;
  readonly problems: readonly LineProblem[];
  readonly problemCounts: ProblemCounts;
  readonly models: ReadonlyMap<string, ModelSurvey>;
};

export type SurveyOptions = {
  readonly maxLineBytes: number;
  readonly defaults: LineDefaults;
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  /** False if the input will not be compared later: `sha256` is then of no content. */
  readonly wantsHash?: boolean;
  /** False for lines that will not be sent (again): they are checked, but not in the tokens and cost. Default: all will. */
  readonly isSent?: (lineNo: number) => boolean;
  /** Called for each model at its first valid line; throws to abort. */
  readonly onModel?: (model: string) => void;
  /** Called once for every rejected line; duplicates come last. */
  readonly onRejected?: (rejected: Rejected) => void;
  /** Called once per chunk of input; throws to abort. */
  readonly checkStop?: () => void;
  readonly onFingerprints?: OnFingerprints;
};

/** JSON lines are about this many times as large as their gzip. */
const GZIP_TIMES = 5;
/** A few more lines may come than the first chunk suggests, and one table is faster than two. */
const LINES_MARGIN = 1.1;

const NO_PROBLEMS: readonly Problem[] = [];

/** Estimates the number of lines from the size of the file and what was read so far. */
function expectedLines(path: string, read: { bytes: number; lines: number }): number {
  const size = statSync(path).size * (isCompressed(path) ? GZIP_TIMES : 1);
  return Math.ceil((size / Math.max(1, read.bytes)) * read.lines * LINES_MARGIN);
}

/**
 * Pass 1: reads, parses and checks every line; sends nothing. Estimates are scaled by exact counts of a sample of the
 * lines. Throws InputError (66) if the input cannot be read.
 */
export async function surveyInput(path: string, options: SurveyOptions): Promise<Survey> {
  const counter = new SampleCounter();
  try {
    return await readSurvey(path, options, counter);
  } finally {
    await counter.close();
  }
}

async function readSurvey(
  path: string,
  options: SurveyOptions,
  counter: SampleCounter,
): Promise<Survey> {
  const content = createHash('sha256');
  let bytes = 0;
  const tally = new SurveyTally(options);
  const fingerprints =
    options.onFingerprints === undefined ? null : new Fingerprints(options.onFingerprints);
  let ids: CustomIdIndex | undefined;
  /** Ids seen twice, or sharing a hash with one that was. */
  const suspects = new CustomIdIndex();
  let hasSuspects = false;
  const onBytes = (chunk: Buffer): void => {
    if (options.wantsHash !== false) content.update(chunk);
    bytes += chunk.length;
  };
  for await (const lines of readLines(path, { maxLineBytes: options.maxLineBytes, onBytes })) {
    options.checkStop?.();
    ids ??= new CustomIdIndex(expectedLines(path, { bytes, lines: lines.length }));
    for (const line of lines) {
      fingerprints?.add(line);
      const parsed = parseLine(line, options.defaults);
      tally.lines += 1;
      tally.lastLineNo = line.lineNo;
      const problems =
        parsed.problems.length === 0 ? NO_PROBLEMS : parsed.problems.map(boundedProblem);
      if (parsed.kind === 'request') countLine(tally, parsed, { sign: 1, options });
      else {
        tally.invalid += 1;
        options.onRejected?.({ ...parsed, problems });
      }
      if (problems.length > 0) tally.problems.add(line.lineNo, parsed.customId, problems);
      if (parsed.customId === null) continue;
      const hash = hashCustomId(parsed.customId);
      if (!ids.add(hash)) continue;
      suspects.add(hash);
      hasSuspects = true;
    }
    counter.prepare(tally.samples);
  }
  const sha256 = content.digest('hex');
  if (hasSuspects) await rejectDuplicates(path, { options, tally, suspects, sha256 });
  await counter.scale(tally.models, tally.samples);
  if (fingerprints !== null && tally.lines > 0) fingerprints.flush();
  return {
    sha256,
    bytes,
    lines: tally.lines,
    lastLineNo: tally.lastLineNo,
    valid: tally.valid,
    invalid: tally.invalid,
    problems: tally.problems.kept(),
    problemCounts: tally.problems.counts,
    models: tally.models,
  };
}

/** Counts a valid line, or with `sign` -1 removes it again. */
function countLine(
  tally: SurveyTally,
  request: Request,
  { sign, options }: { readonly sign: 1 | -1; readonly options: SurveyOptions },
): void {
  if (options.isSent?.(request.lineNo) === false) tally.valid += sign;
  else tally.count(request, sign);
}

/**
 * Re-reads the input to find the first line of each repeated `custom_id` and reject the later ones. Throws InputError (65)
 * if the input changed.
 */
async function rejectDuplicates(
  path: string,
  found: { options: SurveyOptions; tally: SurveyTally; suspects: CustomIdIndex; sha256: string },
): Promise<void> {
  const { options, tally, suspects, sha256 } = found;
  const content = createHash('sha256');
  const onBytes = (chunk: Buffer): void => {
    if (options.wantsHash !== false) content.update(chunk);
  };
  const firstLines = new FirstLines();
  for await (const lines of readLines(path, { maxLineBytes: options.maxLineBytes, onBytes })) {
    for (const line of lines) {
      const parsed = parseLine(line, options.defaults);
      const { customId, lineNo } = parsed;
      if (customId === null || !suspects.has(hashCustomId(customId))) continue;
      const first = firstLines.firstOf(customId, lineNo);
      if (first === lineNo) continue;
      const problem = boundedProblem({
        severity: 'error',
        path: 'custom_id',
        code: 'qbatch_duplicate_custom_id',
        message: `custom_id ${shown(customId)} was already given on line ${first}; make one of them different`,
      });
      tally.problems.add(lineNo, customId, [problem]);
      if (parsed.kind === 'rejected') continue;
      countLine(tally, parsed, { sign: -1, options });
      tally.invalid += 1;
      options.onRejected?.({ kind: 'rejected', lineNo, customId, problems: [problem] });
    }
  }
  refuseChanged(path, sha256, content.digest('hex'));
}
