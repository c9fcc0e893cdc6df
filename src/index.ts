import { homedir } from 'node:os';
import { type Clock, systemClock } from './clock.ts';
import { runCommand } from './commands/run.ts';
import type { ExitCode } from './errors.ts';
import type { GivenFlags } from './command-line/parsed-command.ts';
import type { Report, RunSummary } from './reporters/reporter.ts';

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
  /** Sees every event of the run. Must not throw, should not take long. */
  readonly onEvent?: Report;
  readonly clock?: Clock;
};

/** How a run ended; exit codes as on the command line. */
export type RunBatchResult = { readonly exitCode: ExitCode; readonly summary: RunSummary };

/**
 * Runs a job as `qbatch run` does and resolves when it has ended: finished, or stopped by a limit,
 * a signal or the service (`summary.stopped`). The same call again goes on where it stopped.
 *
 * Rejects with `QbatchError` where the run was refused (its `exitCode` says why). Nothing is
 * printed. One process works a ledger at a time.
 */
export async function runBatch(options: RunBatchOptions): Promise<RunBatchResult> {
  const written: string[] = [];
  const flags: GivenFlags = { ...options.flags, json: true, progress: 'none' };
  const exitCode = await runCommand(
    { command: 'run', input: options.input, flags },
    {
      cwd: options.cwd ?? process.cwd(),
      home: homedir(),
      env: options.env ?? process.env,
      clock: options.clock ?? systemClock,
      stdin: process.stdin,
      stderr: process.stderr,
      isTty: { stdin: false, stdout: false, stderr: false },
      stop: options.signal ?? new AbortController().signal,
      abort: new AbortController().signal,
      signalCode: () => null,
      writeOut: (text) => {
        written.push(text);
        return Promise.resolve();
      },
      writeErr: () => undefined,
      confirm: () => Promise.resolve(false),
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    },
  );
  return { exitCode, summary: JSON.parse(written.join('')) as RunSummary };
}
