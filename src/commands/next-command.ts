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

/** What stands for the value of a limit that a run may have been stopped by, for that reason. */
type Raised = { readonly stop: string; readonly value: string };

/**
 * Flags that no ledger remembers and without which the next command would fail, or spend more than
 * the last one was allowed to; null: the same value does for the next one.
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

/** Of the flags that a run was given, those that the next command needs. */
export function carriedFlags(flags: GivenFlags): RunFlags {
  const carried: Record<string, string | true> = {};
  for (const name of Object.keys(CARRIED_FLAGS)) {
    const value = flags[name];
    if (value === true || typeof value === 'string') carried[name] = value;
  }
  return carried;
}

/**
 * Of a run's flags and what is `kept` of all runs of its job, those that the next command needs: of --max-line the kept one,
 * since lines that were accepted once are read again.
 */
export function flagsOfNext(flags: GivenFlags, kept: RunFlags): RunFlags {
  const { 'max-line': _own, ...carried } = carriedFlags(flags);
  const longest = kept['max-line'];
  return longest === undefined ? carried : { ...carried, 'max-line': longest };
}

/**
 * The same, to be named later, in another folder; and what the simulator was, which the next command takes by itself:
 * from wherever it was said, for a job on the simulator stays there.
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
 * The command that takes a job on from here; null where there is nothing to do, or a run is at it.
 * `flags`: what its last run was given and the next one needs.
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
 * What to do about lines that were never sent, for people: no command mends them. Null where there are none, or the job is
 * not finished: its next command comes first. What came over stdin is not kept once its job is.
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

/** The exit code that a run of the job would end with now, for the colour of its summary. */
export function exitCodeOf(summary: RunSummary, state: JobState): number {
  if (state !== 'finished') return summary.stopped?.code ?? EXIT.limitReached;
  return summary.lines.failed + summary.lines.rejected > 0 ? EXIT.linesFailed : EXIT.ok;
}
