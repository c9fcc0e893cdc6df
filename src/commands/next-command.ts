import path from 'node:path';
import type { GivenFlags } from '../command-line/parsed-command.ts';
import { EXIT } from '../errors.ts';
import { defaultLedgerName } from '../ledger/default-ledger-path.ts';
import type { RunFlags } from '../ledger/records.ts';
import type { RunSummary } from '../reporters/reporter.ts';
import type { JobState } from '../library/job-reports.ts';

const PLAIN_WORD = /^(?:[\w@%+=:,./-]|(?!\s)[\u0080-\uFFFF])+$/u;

/** A word as a POSIX shell takes it back. */
export function shellWord(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Flags that no ledger remembers and without which the next command would fail, or spend more than
 * the last one was allowed to; with what stands for the value of a limit that has been reached.
 */
const CARRIED_FLAGS: Readonly<Record<string, { readonly stop: string; readonly raised: string }>> =
  {
    workspace: { stop: '', raised: '' },
    'allow-http': { stop: '', raised: '' },
    'on-ambiguous': { stop: '', raised: '' },
    catalog: { stop: '', raised: '' },
    'max-line': { stop: '', raised: '' },
    'max-cost': { stop: 'cost', raised: 'AMOUNT' },
    'confirm-cost': { stop: 'cost', raised: 'AMOUNT' },
    'max-failures': { stop: 'failures', raised: 'NUMBER' },
    'max-duration': { stop: '', raised: '' },
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

/** The same, to be named later, in another folder. */
export function flagsToKeep(flags: GivenFlags, cwd: string): RunFlags {
  const { catalog, ...carried } = carriedFlags(flags);
  return typeof catalog === 'string'
    ? { ...carried, catalog: path.resolve(cwd, catalog) }
    : carried;
}

function flagsText(flags: RunFlags, stopped: RunSummary['stopped']): string {
  return Object.entries(CARRIED_FLAGS)
    .map(([name, { stop, raised }]) => {
      const value = flags[name];
      if (value === undefined) return '';
      return flagText(name, stop !== '' && stop === stopped?.reason ? raised : value);
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
  const named =
    path.basename(summary.ledger) === defaultLedgerName(summary.job)
      ? ''
      : ` --job ${shellWord(summary.job)}`;
  return `qbatch ${state === 'open' ? 'resume' : 'retry'} ${shellWord(summary.ledger)}${named}${flagsText(flags, summary.stopped)}`;
}

/** The exit code that a run of the job would end with now, for the colour of its summary. */
export function exitCodeOf(summary: RunSummary, state: JobState): number {
  if (state !== 'finished') return summary.stopped?.code ?? EXIT.limitReached;
  return summary.lines.failed + summary.lines.rejected > 0 ? EXIT.linesFailed : EXIT.ok;
}
