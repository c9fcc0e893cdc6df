import path from 'node:path';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import { EXIT } from '../errors.ts';
import { defaultLedgerName } from '../ledger/default-ledger-path.ts';
import { isSpooled } from '../input/spooling.ts';
import type { RunFlags } from '../ledger/records.ts';
import type { RunSummary } from '../reporters/reporter.ts';
import type { Settings } from '../settings.ts';
import { shellWord } from '../shell-word.ts';
import { simulatorSpecText } from '../simulator/spec.ts';
import type { JobState } from '../library/job-reports.ts';

/** The placeholder for a limit's value if a run was stopped by it. */
type Raised = { readonly stop: string; readonly value: string };

/**
 * Flags that no ledger stores and without which the next command would fail, or spend more than the last one was allowed
 * to; null: the same value is reused.
 */
const CARRIED_FLAGS: Readonly<Record<string, Raised | null>> = {
  workspace: null,
  'allow-http': null,
  'on-ambiguous': null,
  catalog: null,
  'max-line': null,
  'max-cost': { stop: 'cost', value: 'AMOUNT' },
  'confirm-cost': { stop: 'cost', value: 'AMOUNT' },
  'max-failures': { stop: 'failures', value: 'NUMBER' },
  'max-duration': null,
};

function flagText(name: string, value: string | true): string {
  return value === true ? ` --${name}` : ` --${name} ${shellWord(value)}`;
}

/** The flags of a run that the next command needs. */
export function carriedFlags(flags: GivenFlags): RunFlags {
  const carried: Record<string, string | true> = {};
  for (const name of Object.keys(CARRIED_FLAGS)) {
    const value = flags[name];
    if (value === true || typeof value === 'string') carried[name] = value;
  }
  return carried;
}

/**
 * The flags that the next command needs, from a run's flags and those `kept` from all runs of its job: --max-line is the
 * kept one, since accepted lines are read again.
 */
export function flagsOfNext(flags: GivenFlags, kept: RunFlags): RunFlags {
  const { 'max-line': _own, ...carried } = carriedFlags(flags);
  const longest = kept['max-line'];
  return longest === undefined ? carried : { ...carried, 'max-line': longest };
}

/**
 * The same for later use from another folder; includes the simulator's spec, which the next command applies itself,
 * whatever its source: a simulated job stays simulated.
 */
export function flagsToKeep(
  flags: GivenFlags,
  {
    cwd,
    settings: { simulate },
  }: { readonly cwd: string; readonly settings: Pick<Settings, 'simulate'> },
): RunFlags {
  const { catalog, ...carried } = carriedFlags(flags);
  return {
    ...carried,
    ...(typeof catalog === 'string' ? { catalog: path.resolve(cwd, catalog) } : {}),
    ...(simulate === undefined ? {} : { simulate: simulatorSpecText(simulate) }),
  };
}

function flagsText(flags: RunFlags, stopped: RunSummary['stopped']): string {
  return Object.entries(CARRIED_FLAGS)
    .map(([name, raised]) => {
      const value = flags[name];
      if (value === undefined) return '';
      const isReached = raised !== null && raised.stop === stopped?.reason;
      return flagText(name, isReached ? raised.value : value);
    })
    .join('');
}

/**
 * The command that continues a job; null if there is nothing to do, or a run is in progress. `flags`: those of its last run
 * that the next one needs.
 */
export function nextCommand(summary: RunSummary, state: JobState, flags: RunFlags): string | null {
  const { failed } = summary.lines;
  if (state === 'running' || (state === 'finished' && failed === 0)) return null;
  return `${commandText(state === 'open' ? 'resume' : 'retry', summary)}${flagsText(flags, summary.stopped)}`;
}

function commandText(command: 'resume' | 'retry', { ledger, job }: RunSummary): string {
  const isUsual = path.basename(ledger) === defaultLedgerName(job);
  return `qbatch ${command} ${shellWord(ledger)}${isUsual ? '' : ` --job ${shellWord(job)}`}`;
}

/**
 * Advice about lines that were never sent, for people: no command fixes them. Null if there are none, or the job is not
 * finished: its next command comes first. A copy of stdin is not kept once its job is finished.
 */
export function rejectedHint(
  summary: RunSummary,
  job: { readonly state: JobState; readonly inputPath: string },
  flags: RunFlags,
): string | null {
  const { rejected } = summary.lines;
  if (job.state !== 'finished' || rejected === 0) return null;
  const [lines, them] =
    rejected === 1 ? ['1 rejected line', 'it'] : [`${rejected} rejected lines`, 'them'];
  const then = isSpooled(job.inputPath)
    ? 'run the fixed lines as a separate job'
    : `${commandText('resume', summary)} --accept-changed-input${flagsText(flags, summary.stopped)}`;
  return `${lines}: fix ${them} in the input as ${summary.outputs.errors} says, then: ${then}`;
}

/** The exit code that a run of the job would have now, for the colour of its summary. */
export function exitCodeOf(summary: RunSummary, state: JobState): number {
  if (state !== 'finished') return summary.stopped?.code ?? EXIT.limitReached;
  return summary.lines.failed + summary.lines.rejected > 0 ? EXIT.linesFailed : EXIT.ok;
}
