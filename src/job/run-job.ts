import { EXIT, type ExitCode, QbatchError } from '../errors.ts';
import { keepFailure, keepStop } from './keep-stop.ts';
import { stoppedBy } from './run-stop.ts';
import { dispatch, finishJob } from '../job.ts';
import { finishAfterLock } from './finish-after-lock.ts';
import { refuseUnpriced } from './refuse-unpriced.ts';
import { askQuotas } from './ask-quotas.ts';
import { JobRun } from './job-run.ts';
import type { RunOptions } from './run-options.ts';
import { dropBallast, giveRoom, makeBallast } from '../ledger/ballast.ts';
import { unlessHeldUp } from '../ledger/busy.ts';
import { jobSummary } from '../ledger/job-summary.ts';
import {
  CURSOR_START,
  findJob,
  lineCounts,
  recountJob,
  setLastStop,
  setOutputs,
  setState,
} from '../ledger/jobs.ts';
import { readAhead } from '../limits/read-ahead.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { firstOpenLine } from '../ledger/first-open-line.ts';
import { failuresByCode, reopenFailed } from '../ledger/lines.ts';
import type { Cursor, Job } from '../ledger/records.ts';
import { modeAnew, openOutputs, refuseUnwritable, replaceOutputs } from '../output/output-set.ts';
import { reconcileOutputs } from '../output/reconcile.ts';
import type { FailureGroup, RunSummary } from '../reporters/reporter.ts';

/** Minimum interval between checks that the ledger is still in its place. */
const LEDGER_LOOK_EVERY_MS = 1000;

export type RunResult = {
  readonly summary: RunSummary;
  readonly failures: readonly FailureGroup[];
  readonly exitCode: ExitCode;
  readonly job: Job;
};

/**
 * Reopens failed lines of a job (`retry`), inside a transaction; existing files stay until the job has settled again.
 * Returns how many.
 */
export function reopenJob(
  ledger: Ledger,
  job: Job,
  only: { codes: readonly string[]; statusCodes: readonly number[]; wallMs: number },
): number {
  const reopened = reopenFailed(ledger, job, only);
  if (reopened === 0) return 0;
  recountJob(ledger, job.id);
  setOutputs(ledger, job.id, { mode: modeAnew(job), cursor: CURSOR_START });
  setState(ledger, job.id, 'open', only.wallMs);
  return reopened;
}

/**
 * Runs a prepared job until every line is settled, or a stop; then completes the files and sums up. Throws QbatchError for
 * what stops the run itself (storage, outputs): everything committed before stays, and the same command continues from
 * there.
 */
export async function runJob(options: RunOptions): Promise<RunResult> {
  const { ledger, job, clock } = options;
  // A resumed job was surveyed without this cap, or with other prices.
  for (const { model } of job.survey.models)
    refuseUnpriced(model, options.settings.maxCost, options.pricing);
  const replacing = job.outputMode === 'replace';
  const cursor = replacing ? CURSOR_START : reconcileOutputs(ledger.database, job);
  if (cursor.line + cursor.seq < job.cursor.line + job.cursor.seq) {
    // Before the files are cut: a power loss while they are rebuilt must not leave a wrong cursor.
    await options.whenUnlocked(() => {
      ledger.transact(() => {
        ledger.moveCursor(job.id, cursor);
      });
    });
  }
  const later = replacing && job.resultsPath !== '-';
  if (later) refuseUnwritable([job.resultsPath, job.errorsPath]);
  const outputs = later
    ? null
    : openOutputs(ledger, job, { clock, cursor, writeStdout: options.writeStdout });
  try {
    return await runOpened(options, { outputs, cursor });
  } catch (error) {
    if (error instanceof QbatchError) keepFailure(options, error);
    throw error;
  } finally {
    outputs?.close();
  }
}

type Opened = {
  /** Null if the files of an earlier run wait to be replaced. */
  readonly outputs: ReturnType<typeof openOutputs> | null;
  readonly cursor: Cursor;
};

/** `runJob` with its files open. */
async function runOpened(options: RunOptions, { outputs, cursor }: Opened): Promise<RunResult> {
  const { ledger, job, clock, report, stop } = options;
  const openCount = tellStart(options);
  const sends = openCount > 0 && stop.stopped === null;
  const lookForLedger = ledgerWatch(options);
  const run = new JobRun(options, sends ? await askQuotas(options) : new Map());
  try {
    // First of all: a run stopped before its first commit must leave complete files too.
    await outputs?.writer.catchUp(frontierOf(ledger, job, cursor.line));
    if (sends && stop.stopped === null) {
      await beginRun(options, run, openCount);
      await dispatch({
        ledger,
        job,
        clock,
        whenUnlocked: options.whenUnlocked,
        hurry: stop.hurrySignal,
        writer: outputs?.writer ?? null,
        cursor,
        lines: {
          defaults: options.defaults,
          pricing: options.pricing,
          outputSeen: run.money.outputSeen,
          maxLineBytes: options.settings.maxLineBytes,
        },
        context: run.context(),
        sample: run.sample(),
        room: readAhead(run.limiter, run.money.modelsLeft(openCount)),
        report,
        onFailure: (error) => {
          stop.stop(stoppedBy(error));
        },
        onNoRoom: (error) => {
          // Free the space before anything learns that the run is stopping.
          giveRoom(ledger);
          stop.stop(stoppedBy(error));
        },
        onLock: (isLocked) => {
          run.limiter.suspend(isLocked);
        },
        alongside: () => {
          run.writeIfDue();
        },
        onSettled: (batch) => {
          run.meter.add(batch);
          run.checkFailures();
          lookForLedger();
        },
      });
      // Trace rows that no commit has taken along since the disk was full, and recently learned limits.
      unlessHeldUp(ledger, () => {
        run.finishRecords();
      });
    }
    await complete(options, outputs);
    // Last: answers are in the files by then.
    if (sends) ledger.refuseUnfit();
  } finally {
    dropBallast(ledger.path);
    await run.end();
  }
  return sumUp(options, run);
}

/** Registers a run in the ledger, with disk space reserved for its answers, before its first call. */
async function beginRun(options: RunOptions, run: JobRun, openCount: number): Promise<void> {
  const { ledger, job, whenUnlocked } = options;
  // What `auto` starts with is not its maximum.
  const calls = run.pace.concurrency === 'auto' ? Infinity : run.pace.concurrency;
  const callsMost = await makeBallast(ledger.path, Math.min(openCount, calls));
  await whenUnlocked(() => {
    run.begin();
  });
  run.pace.bound(run.limiter, { callsMost, openCount });
  await whenUnlocked(() => {
    ledger.transact(() => {
      setLastStop(ledger, job.id, 'running');
    });
  });
}

/** The first line that the files cannot hold yet; in settled order they hold whatever is settled. */
function frontierOf(ledger: Ledger, job: Job, afterLine: number): number {
  return job.outputOrder === 'settled' ? 0 : firstOpenLine(ledger.database, job, afterLine);
}

/** Reports the start; returns the number of open lines. */
function tellStart({ job, ledger, report, endpointShown, resuming }: RunOptions): number {
  const { total, open } = lineCounts(job);
  report({
    event: 'job-start',
    job: job.name,
    input: job.inputPath,
    ledger: ledger.path,
    endpoint: endpointShown,
    resuming,
    lines: { total, settled: total - open, open },
  });
  return open;
}

/** Stops the run if the ledger is no longer in its place (its contents would be gone with this process), or its mark fails. */
function ledgerWatch({ ledger, clock, stop }: RunOptions): () => void {
  let lookedMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lookedMs < LEDGER_LOOK_EVERY_MS) return;
    lookedMs = nowMs;
    try {
      ledger.refuseUnfit();
    } catch (error) {
      stop.stop(stoppedBy(error));
    }
  };
}

/** Once every line has its record: completes the files and marks the job finished. */
async function complete(
  options: RunOptions,
  outputs: ReturnType<typeof openOutputs> | null,
): Promise<void> {
  const { ledger, clock } = options;
  const job = findJob(ledger.database, options.job.name) ?? options.job;
  if (lineCounts(job).open > 0) return;
  let cursor;
  if (outputs === null) cursor = await replaceOutputs(ledger, job, clock);
  else {
    await outputs.writer.catchUp(job.lastLineNo + 1);
    cursor = await outputs.writer.finish();
    outputs.complete();
  }
  await finishAfterLock(options, () => {
    finishJob(ledger, job, { cursor, wallMs: clock.wallMs() });
  });
}

function sumUp(options: RunOptions, run: JobRun): RunResult {
  const { ledger, stop } = options;
  const job = findJob(ledger.database, options.job.name) ?? options.job;
  const done = job.state === 'finished';
  const stopped = done ? null : (stop.stopped ?? run.stoppedModels);
  // If the run ended with an error, the ledger may be what failed, or no longer be in its place.
  if (stopped !== null && stopped.reason !== 'error') keepStop(ledger, job, stopped);
  const summary = jobSummary(ledger.database, job, {
    ledger: ledger.path,
    elapsedMs: run.meter.elapsedMs,
    stopped,
  });
  const bad = job.failed + job.rejected > 0;
  const exitCode = stopped?.code ?? (bad ? EXIT.linesFailed : EXIT.ok);
  return { summary, failures: failuresByCode(ledger.database, job.id), exitCode, job };
}
