import { resolve } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import { runCommand } from './commands/run.ts';
import type { GivenFlags } from './command-line/parsed-command.ts';
import { resolveSettings, type SettingSources } from './config/config.ts';
import { RUN_FLAGS } from './config/flags.ts';
import { type ExitCode, UsageError } from './errors.ts';
import { homeFolder } from './files/home-folder.ts';
import { guardReporter } from './reporters/compose.ts';
import type { Report, RunSummary } from './reporters/reporter.ts';
import { closestName } from './suggest.ts';
import { workingFolder } from './files/working-folder.ts';

export { ConfigError, EXIT, InputError, OutputError, QbatchError, UsageError } from './errors.ts';
export type { ExitCode } from './errors.ts';
export type { GivenFlags } from './command-line/parsed-command.ts';
export type { Progress, Report, RunEvent, RunSummary } from './reporters/reporter.ts';

/** What a program says to run a job; everything else is as on the command line. */
export type RunBatchOptions = {
  /** The JSONL file (`.gz` too). */
  readonly input: string;
  /** Flags of `qbatch run` by long name, as text or switches: `{ model: 'qwen-plus', simulate: true }`. */
  readonly flags?: GivenFlags;
  /** Default: the process's own. The key is read from here. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the process's own. */
  readonly cwd?: string;
  /** First stop: no new calls, those in flight are waited for. */
  readonly signal?: AbortSignal;
  /** Sees every event of the run; should not take long. Once it has thrown it is not called again: the run goes on. */
  readonly onEvent?: Report;
  readonly clock?: Clock;
};

/** How a run ended; exit codes as on the command line. */
export type RunBatchResult = { readonly exitCode: ExitCode; readonly summary: RunSummary };

/** A misspelt flag that is passed over could send a job, and its key, to another place than was meant. */
function refuseUnknown(flags: GivenFlags): void {
  const known = RUN_FLAGS.map(({ name }) => name);
  for (const name of Object.keys(flags)) {
    if (known.includes(name)) continue;
    const close = closestName(name, known);
    throw new UsageError(
      `runBatch: there is no flag ${name}`,
      close === undefined ? 'qbatch run --help lists them' : `did you mean ${close}?`,
    );
  }
}

/** A dry run sends nothing, and so has no summary: whoever reads one would take the survey's counts for answers. */
function refuseDryRun(sources: SettingSources): void {
  const { settings, origins } = resolveSettings(sources);
  if (!settings.dryRun) return;
  throw new UsageError(
    `runBatch: dry-run is on (${origins.get('dryRun') ?? 'default'}), and a dry run has no summary`,
    'check the input with: qbatch check FILE --json',
  );
}

function guarded(onEvent: Report): Report {
  return guardReporter({ report: onEvent, close: () => undefined }).report;
}

/**
 * Runs a job as `qbatch run` does and resolves when it has ended: finished, or stopped by a limit,
 * a signal or the service (`summary.stopped`). The same call again goes on where it stopped.
 *
 * Rejects with `QbatchError` where the run was refused (its `exitCode` says why; 64 for an unknown flag). Nothing is
 * printed. One process works a ledger at a time.
 */
export async function runBatch(options: RunBatchOptions): Promise<RunBatchResult> {
  refuseUnknown(options.flags ?? {});
  const cwd = options.cwd ?? workingFolder();
  const input = options.input === '-' ? '-' : resolve(cwd, options.input);
  const written: string[] = [];
  const flags: GivenFlags = { ...options.flags, json: true, progress: 'none' };
  const env = options.env ?? process.env;
  const home = homeFolder();
  refuseDryRun({ flags, env, cwd, home });
  const exitCode = await runCommand(
    { command: 'run', input, flags },
    {
      cwd,
      home,
      env,
      clock: options.clock ?? systemClock,
      stdin: process.stdin,
      stderr: process.stderr,
      isTty: { stdin: false, stdout: false, stderr: false },
      // One of its own, so that nothing is left on a signal that serves many jobs.
      stop: AbortSignal.any(options.signal === undefined ? [] : [options.signal]),
      abort: new AbortController().signal,
      signalCode: () => null,
      writeOut: (data) => {
        written.push(String(data));
        return Promise.resolve();
      },
      writeErr: () => undefined,
      confirm: () => Promise.resolve(false),
      ...(options.onEvent === undefined ? {} : { onEvent: guarded(options.onEvent) }),
    },
  );
  return { exitCode, summary: JSON.parse(written.join('')) as RunSummary };
}
