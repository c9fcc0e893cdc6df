import { isAbsolute, resolve } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import { runCommand } from './commands/run.ts';
import { resolveSettings, type SettingSources } from './config/config.ts';
import { type ExitCode, UsageError } from './errors.ts';
import { homeFolder } from './files/home-folder.ts';
import { workingFolder } from './files/working-folder.ts';
import { flagsGiven, refuseOptions, type RunFlags } from './library/check-options.ts';
import type { Report, RunEvent, RunSummary } from './reporters/reporter.ts';

export type { Clock } from './clock.ts';
export { ConfigError, EXIT, InputError, OutputError, QbatchError, UsageError } from './errors.ts';
export type { ExitCode } from './errors.ts';
export { InvalidInputError } from './job/invalid-input-error.ts';
export type { LineProblem, ProblemCounts } from './problem.ts';
export type { GivenFlags } from './command-line/parsed-command.ts';
export type { RunFlags } from './library/check-options.ts';
export { openLedger } from './commands/open-ledger.ts';
export type { AttemptRecord } from './ledger/attempt-record.ts';
export type * from './library/job-reports.ts';
export type { LedgerReader } from './library/ledger-reader.ts';
export type {
  DispatchState,
  EstimateError,
  FailureGroup,
  PossiblyBilled,
  Progress,
  Report,
  RunEvent,
  RunSummary,
  UsageTotals,
} from './reporters/reporter.ts';
export type { UsageGroup, UsageMeasures, UsageReport } from './report/usage-report.ts';

/** Options of a program that runs a job; everything else is as on the command line. */
export type RunBatchOptions = {
  /** The JSONL file (`.gz` too; `-` is the process's standard input). */
  readonly input: string;
  /** Flags of `qbatch run` by long name: `{ model: 'qwen-plus', 'max-cost': 20, simulate: true }`. */
  readonly flags?: RunFlags | undefined;
  /** Default: the process's own. The key is read from here, else from `.dashscope/api_key` in the user's home. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Base of relative paths, including those in flags. Default: the process's own. */
  readonly cwd?: string | undefined;
  /** First stop: no new calls, those in flight are awaited. */
  readonly signal?: AbortSignal | undefined;
  /** Receives every event of the run; should be fast. If it throws it is not called again: the run continues. */
  readonly onEvent?: Report | undefined;
  /** Time and randomness, for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
};

/** How a run ended; exit codes as on the command line. */
export type RunBatchResult = { readonly exitCode: ExitCode; readonly summary: RunSummary };

/** Resolves a path against the process's working folder, which is accessed only if needed: it may be gone. */
function absoluteFrom(path: string): string {
  return isAbsolute(path) ? path : resolve(workingFolder(), path);
}

/** Refuses settings that make no sense when nothing is printed: 64, whatever their source. */
function refuseSettings(sources: SettingSources): void {
  const { settings, origins } = resolveSettings(sources);
  // A reader of the summary would take the survey's counts for answers.
  if (settings.dryRun)
    throw new UsageError(
      `runBatch: dry-run is on (${origins.get('dryRun') ?? 'default'}), and a dry run has no summary`,
      'check the input with: qbatch check FILE --json',
    );
  if (settings.output === '-')
    throw new UsageError(
      `runBatch: output is - (${origins.get('output') ?? 'default'}), and runBatch prints nothing`,
      'name a file, or leave it out and read the file that summary.outputs names',
    );
}

/** Not called again once it has thrown or, if asynchronous, rejected: that would end the process, and the run with it. */
function observer(onEvent: Report): Report {
  let broken = false;
  const observe: (event: RunEvent) => unknown = onEvent;
  return (event) => {
    if (broken) return;
    const told = observe(event);
    if (told instanceof Promise)
      told.catch(() => {
        broken = true;
      });
  };
}

/**
 * Runs a job as `qbatch run` does and resolves when it has ended: finished, or stopped by a limit, a signal or the service
 * (`summary.stopped`). The same call again continues where it stopped.
 *
 * Rejects with `QbatchError` if the run was refused: its `exitCode` says why (64 for an unknown flag; 130 if `signal`
 * aborted before anything was sent), its `hint` what to do. `InvalidInputError` (65) lists what is wrong with the lines.
 * Nothing is printed. One run uses a ledger at a time, even within this process and its threads: another is refused (75).
 */
export async function runBatch(options: RunBatchOptions): Promise<RunBatchResult> {
  refuseOptions(options);
  const given = flagsGiven(options.flags ?? {});
  // Made absolute: a relative one would be applied twice when a path in it is resolved.
  const cwd = absoluteFrom(options.cwd ?? '.');
  const input = options.input === '-' ? '-' : resolve(cwd, options.input);
  const written: string[] = [];
  const flags = { ...given, json: true, progress: 'none' };
  const env = options.env ?? process.env;
  const home = homeFolder();
  refuseSettings({ flags, env, cwd, home });
  const exitCode = await runCommand(
    { command: 'run', input, flags },
    {
      cwd,
      home,
      env,
      clock: options.clock ?? systemClock,
      // Node opens it on access, which happens only for the input `-`.
      get stdin() {
        return process.stdin;
      },
      stderr: process.stderr,
      isTty: { stdin: false, stdout: false, stderr: false },
      // A separate one, so that no listeners are left on a signal shared by many jobs.
      stop: AbortSignal.any(options.signal === undefined ? [] : [options.signal]),
      abort: new AbortController().signal,
      signalCode: () => null,
      writeOut: (data) => {
        written.push(String(data));
        return Promise.resolve();
      },
      writeErr: () => undefined,
      confirm: () => Promise.resolve(false),
      ...(options.onEvent === undefined ? {} : { onEvent: observer(options.onEvent) }),
    },
  );
  return { exitCode, summary: JSON.parse(written.join('')) as RunSummary };
}
