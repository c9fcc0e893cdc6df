import { adoptOutputs, collectOutputs } from '../output/adopt-outputs.ts';
import { ConfigError, EXIT, InputError, OutputError } from '../errors.ts';
import { identityDifferences } from './identity.ts';
import { hashInput } from '../input/input-hash.ts';
import type { JobRequest } from './job-request.ts';
import { keepSettings } from './keep-settings.ts';
import { firstChangedLine, putFingerprints } from '../ledger/fingerprints.ts';
import {
  CURSOR_START,
  deleteJob,
  describeJob,
  findJob,
  insertJob,
  type JobFields,
  recountJob,
  setOutputs,
  setState,
} from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { lastSeq } from '../ledger/lines.ts';
import { dropOldLines, rebaseJob } from '../ledger/rebase.ts';
import type { Job, SettledLine } from '../ledger/records.ts';
import { outputSize } from '../output/output-file.ts';
import { modeAnew, refuseUnwritable } from '../output/output-set.ts';
import type { Rejected } from '../parse.ts';
import { reconcileOutputs } from '../output/reconcile.ts';
import { InvalidInputError } from './invalid-input-error.ts';
import { refuseForeignOutputs } from './refuse-foreign-outputs.ts';
import { surveyFacts } from './survey-facts.ts';
import { type Survey, surveyInput } from '../survey.ts';

/** Outputs are named after the input: two jobs on one input need two pairs. */
const ANOTHER_JOB = 'run it as a separate job with --job NAME -o FILE --errors FILE';

/** The terminal record of a line that is not sent. */
function rejectedLine(rejected: Rejected, wallMs: number): SettledLine {
  const errors = rejected.problems.filter(({ severity }) => severity === 'error');
  const first = errors[0];
  return {
    lineNo: rejected.lineNo,
    state: 'rejected',
    customId: rejected.customId,
    model: null,
    attempts: 0,
    statusCode: null,
    code: first?.code ?? 'qbatch_invalid_request',
    message: errors
      .slice(0, 5)
      .map(({ message }) => message)
      .join('; '),
    param: first === undefined || first.path === '' ? null : first.path,
    requestId: null,
    metadata: null,
    body: null,
    settledAt: wallMs,
  };
}

function fieldsOf(request: JobRequest, survey: Survey): JobFields {
  return {
    inputPath: request.inputPath,
    inputSha256: survey.sha256,
    inputBytes: survey.bytes,
    lineCount: survey.lines,
    lastLineNo: survey.lastLineNo,
    identity: request.identity,
    survey: surveyFacts(survey, request.outputSeen),
    endpoint: request.endpoint,
    currency: request.pricing.currency,
    outputOrder: request.order,
    resultsPath: request.resultsPath,
    errorsPath: request.errorsPath,
  };
}

/**
 * Finds the job that this run continues, or surveys the input and creates it. In one transaction: a refusal (65, 73, or
 * what `gate` throws) leaves nothing behind.
 */
export async function prepareJob(ledger: Ledger, request: JobRequest): Promise<Job> {
  const known = findJob(ledger.database, request.name);
  if (known !== null && !request.fresh && !request.adopt) refuseLost(ledger, known, request);
  refuseForeignOutputs(ledger, request, known);
  // Before a job is created or forgotten: if its files cannot be created, nothing may be left behind, or lost.
  refuseUnwritable([request.resultsPath, request.errorsPath].filter(isToBeMade));
  if (request.adopt) await collectOutputs(ledger, request.fresh ? null : known, request);
  let job = known;
  if (job !== null && !request.fresh) {
    const same = (await hashInput(request.inputPath, request.checkStop)) === job.inputSha256;
    const differences = identityDifferences(job.identity, request.identity);
    const { currency } = request.pricing;
    if (currency !== job.currency)
      differences.push(`the currency was ${job.currency} and is now ${currency}`);
    if (!same || differences.length > 0 || request.acceptChangedInput)
      job = await takeChanged(ledger, job, { request, same, differences });
  } else {
    job = await surveyJob(ledger, request, known);
  }
  if (request.adopt) job = await adoptOutputs(ledger, job, request);
  const prepared = job;
  await request.whenUnlocked(() => {
    keepSettings(ledger, prepared, request);
  });
  return mustFind(ledger, job.name);
}

/**
 * Refuses (78) a job whose output files hold lines that its ledger does not, before anything is reopened, moved or sent,
 * even if this run would write other files. A folder copied elsewhere has files of its own, and a run that writes elsewhere
 * ignores a file that something else replaced.
 */
function refuseLost(ledger: Ledger, known: Job, request: JobRequest): void {
  if (known.outputMode !== 'append' || known.inputPath !== request.inputPath) return;
  const { resultsPath, errorsPath } = known;
  const moves = resultsPath !== request.resultsPath || errorsPath !== request.errorsPath;
  try {
    reconcileOutputs(ledger.database, known);
  } catch (error) {
    const isForeign = error instanceof OutputError && error.exitCode === EXIT.cannotCreate;
    if (!moves || !isForeign) throw error;
  }
}

/** Same name, but another input or identity: refused, unless nothing is settled yet or the user accepts it. */
async function takeChanged(
  ledger: Ledger,
  job: Job,
  at: { request: JobRequest; same: boolean; differences: string[] },
): Promise<Job> {
  const { request, same, differences } = at;
  const crosses = job.identity.simulated !== request.identity.simulated;
  if (job.answered + job.failed === 0) {
    // Calls in flight when a run died may have been billed: unchanged lines keep those attempts.
    const keeps = differences.length === 0 && hasAttempts(ledger, job);
    return keeps ? rebase(ledger, job, request) : surveyJob(ledger, request, job);
  }
  if (request.acceptChangedInput && !crosses) return rebase(ledger, job, request);
  const what = [...differences];
  if (!same) {
    const line = await firstChangedLine(
      ledger.database,
      job,
      request.inputPath,
      request.maxLineBytes,
    );
    const where =
      line === null
        ? 'only line ends, a byte order mark or blank lines differ'
        : `line ${line} is the first that differs`;
    what.unshift(`${request.inputShown} has changed; ${where}`);
  }
  throw new InputError(
    EXIT.invalidInput,
    `job ${job.name} was started with other input or settings: ${what.join('; ')}`,
    crosses
      ? `start over with --fresh, or ${ANOTHER_JOB}`
      : `start over with --fresh, ${ANOTHER_JOB}, or keep the answers of unchanged lines with --accept-changed-input`,
  );
}

/**
 * Pass 1 into the ledger: rejected lines, fingerprints, facts. `before` is a job of this name that is forgotten
 * (`--fresh`), or that has no answers yet and takes on what is given now.
 */
async function surveyJob(ledger: Ledger, request: JobRequest, before: Job | null): Promise<Job> {
  const wallMs = request.clock.wallMs();
  const take = async (): Promise<void> => {
    const kept = request.fresh ? null : before;
    if (before !== null && kept === null) deleteJob(ledger, before.id);
    const jobId = kept?.id ?? insertJob(ledger, request.name, wallMs);
    if (kept !== null) {
      dropOldLines(ledger, kept, 0);
      ledger.database.prepare('DELETE FROM input_blocks WHERE job_id = ?').run(jobId);
      // Attempts against the simulator, none of them answered, cost nothing.
      if (kept.identity.simulated && !request.identity.simulated)
        ledger.database.prepare('DELETE FROM attempts WHERE job_id = ?').run(kept.id);
      setState(ledger, jobId, 'open', wallMs);
    }
    if (before !== null || request.fresh)
      setOutputs(ledger, jobId, { mode: modeAnew(request), cursor: CURSOR_START });
    const survey = await surveyInto(ledger, jobId, request);
    await accept(survey, request, survey.valid);
    describeJob(ledger, jobId, fieldsOf(request, survey));
    recountJob(ledger, jobId);
  };
  await request.whenUnlocked(() => ledger.transactWhile(take));
  return mustFind(ledger, request.name);
}

/**
 * Reads the input into the ledger, inside a transaction: a fingerprint per line and, if invalid lines are skipped, their
 * records, numbered after the existing ones.
 */
function surveyInto(ledger: Ledger, jobId: number, request: JobRequest): Promise<Survey> {
  const wallMs = request.clock.wallMs();
  let seq = lastSeq(ledger.database, jobId);
  return surveyInput(request.inputPath, {
    ...request,
    onRejected: (rejected) => {
      if (!request.skipInvalid) return;
      seq += 1;
      ledger.settleLine(jobId, seq, rejectedLine(rejected, wallMs));
    },
    onFingerprints: (block, bytes) => {
      putFingerprints(ledger, jobId, block, bytes);
    },
  });
}

/** Whether any line of the previous input has been tried. */
function hasAttempts({ database }: Ledger, job: Job): boolean {
  const one = database.prepare('SELECT 1 FROM attempts WHERE job_id = ? AND line_no > 0 LIMIT 1');
  return one.get(job.id) !== undefined;
}

/** Moves a job to a changed input: unchanged lines keep their records, everything else is open again. */
async function rebase(ledger: Ledger, job: Job, request: JobRequest): Promise<Job> {
  const wallMs = request.clock.wallMs();
  const take = async (): Promise<void> => {
    const survey = await rebaseJob(ledger, job, request, () => surveyInto(ledger, job.id, request));
    const settled = ledger.database
      .prepare('SELECT count(*) FROM lines WHERE job_id = ?')
      .pluck()
      .get(job.id);
    await accept(survey, request, survey.lines - Number(settled));
    describeJob(ledger, job.id, fieldsOf(request, survey));
    recountJob(ledger, job.id);
    setOutputs(ledger, job.id, { mode: modeAnew(request), cursor: CURSOR_START });
    setState(ledger, job.id, 'open', wallMs);
  };
  await request.whenUnlocked(() => ledger.transactWhile(take));
  return mustFind(ledger, job.name);
}

async function accept(survey: Survey, request: JobRequest, openLines: number): Promise<void> {
  if (survey.invalid > 0 && !request.skipInvalid)
    throw new InvalidInputError(survey, request.inputShown);
  await request.gate(survey, openLines);
}

/** Existing files do not need a writable folder. */
function isToBeMade(path: string): boolean {
  return path !== '-' && outputSize(path) === null;
}

function mustFind(ledger: Ledger, name: string): Job {
  const job = findJob(ledger.database, name);
  if (job === null) throw new ConfigError(`job ${name} is gone from ${ledger.path}`);
  return job;
}
