import { EXIT, type ExitCode, QbatchError } from '../errors.ts';
import { jobSummary } from '../ledger/job-summary.ts';
import { failuresByCode } from '../ledger/lines.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Job } from '../ledger/records.ts';
import { outputSize } from '../output/output-file.ts';
import { guardReporter } from '../reporters/compose.ts';
import type { CommandIo } from './io.ts';
import { type RunCommand, runCommand } from './run.ts';
import { FinishedError } from './run-places.ts';
import { openReporter, progressModeOf, tell } from './run-report.ts';
import { setUpRun } from './run-setup.ts';

type ResumeCommand = Extract<RunCommand, { readonly command: 'resume' | 'retry' }>;

/** Flags that require the input. */
const TAKES_INPUT: readonly string[] = [
  ...['output', 'errors', 'order', 'model', 'system', 'protocol', 'set'],
  ...['fresh', 'accept-changed-input', 'adopt-outputs', 'dry-run'],
];

/**
 * `qbatch resume` and `retry`: like `runCommand`; but a finished job without failures whose input is gone (always so for a
 * stream) has nothing left to do: it is summed up, which is no error (0, or 1 with rejected lines).
 */
export async function resumeCommand(parsed: ResumeCommand, io: CommandIo): Promise<ExitCode> {
  try {
    return await runCommand(parsed, io);
  } catch (error) {
    if (!(error instanceof FinishedError)) throw error;
    if (takesInput(parsed, error.job) || !isWhole(error.job)) throw error;
    return tellFinished(error, parsed, io);
  }
}

/** Resuming a simulated job with `--simulate` requires nothing new; for a real one it does. */
function takesInput({ flags }: ResumeCommand, { identity }: Job): boolean {
  const isGiven = (flag: string): boolean => flags[flag] !== undefined;
  return TAKES_INPUT.some(isGiven) || (isGiven('simulate') && !identity.simulated);
}

/** Whether both outputs are as long as when the job was finished: only a run rebuilds short ones. */
function isWhole({ resultsPath, errorsPath, cursor }: Job): boolean {
  try {
    return (
      resultsPath !== '-' &&
      outputSize(resultsPath) === cursor.resultsBytes &&
      outputSize(errorsPath) === cursor.errorsBytes
    );
  } catch (error) {
    if (error instanceof QbatchError) return false;
    throw error;
  }
}

async function tellFinished(
  { job, ledgerPath }: FinishedError,
  { flags }: ResumeCommand,
  io: CommandIo,
): Promise<ExitCode> {
  const { settings } = setUpRun(flags, io);
  const mode = progressModeOf(settings, io);
  const reporter = guardReporter(await openReporter(mode, settings, io));
  const context = { ledger: ledgerPath, elapsedMs: 0, stopped: null };
  const found = await readLedger(ledgerPath, (database) => ({
    summary: jobSummary(database, job, context),
    failures: failuresByCode(database, job.id),
  }));
  reporter.report({
    event: 'job-start',
    job: job.name,
    input: job.inputPath,
    ledger: ledgerPath,
    endpoint: job.endpoint.dashscope,
    resuming: true,
    lines: { total: job.lineCount, settled: job.lineCount, open: 0 },
  });
  const exitCode = job.rejected > 0 ? EXIT.linesFailed : EXIT.ok;
  await tell(
    { ...found, exitCode, job },
    { settings, flags, input: job.inputPath, reporter, mode },
    io,
  );
  return exitCode;
}
