import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { EXIT, InputError, QbatchError, UsageError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { realPath, samePath } from '../files/same-path.ts';
import type { JobChoice } from '../command-line/parsed-command.ts';
import { defaultLedgerName, defaultLedgerPath, LEDGER_SUFFIX } from './default-ledger-path.ts';
import { isDatabase, isOwnDatabase } from './is-database.ts';
import { MARK_SUFFIX } from './mark-path.ts';
import { jobsHere } from './moved-files.ts';
import { lookIntoLedger } from './read-ledger.ts';
import type { Job } from './records.ts';
import { refuseStillSurveyed } from './still-surveyed.ts';
import { withoutCopies } from './without-copies.ts';

/** A job and its ledger. */
export type ChosenJob = {
  readonly ledgerPath: string;
  readonly name: string;
};

/** A job found in a ledger, as it was when read. */
export type FoundJob = { readonly ledgerPath: string; readonly job: Job };

/**
 * Which job is chosen if none is named. `look` (status, export): the only job, else the only unfinished one; `resume`: the
 * only unfinished one; `retry`: the only job, else the only one with failed lines.
 */
export type Purpose = 'look' | 'resume' | 'retry';

/** Jobs of a folder, and the ledgers in it that could not be read. */
export type FolderJobs = {
  /** Jobs that are also in a backup of their ledger appear once. */
  readonly jobs: readonly FoundJob[];
  /** Including those in backups. */
  readonly all: readonly FoundJob[];
  readonly unreadable: readonly QbatchError[];
};

const LISTED_MAX = 10;

/**
 * Paths of the ledgers in a folder, sorted by name, each once however many links name it: `*.qbatch.db`, and databases with
 * another name from `--ledger`, recognized by the mark beside them. Throws InputError (66) if the folder cannot be listed.
 */
export function findLedgers(folder: string): string[] {
  try {
    const all = readdirSync(folder, { withFileTypes: true });
    const names = new Set(all.map(({ name }) => name));
    const isMarked = (name: string): boolean =>
      names.has(name + MARK_SUFFIX) && isOwnDatabase(path.join(folder, name));
    const entries = all
      .filter((entry) => !entry.isDirectory())
      .filter(({ name }) => name.endsWith(LEDGER_SUFFIX) || isMarked(name))
      // Links come last, so that a ledger in this folder goes by its own name.
      .toSorted((a, b) => Number(a.isSymbolicLink()) - Number(b.isSymbolicLink()));
    const byFile = new Map<string, string>();
    for (const entry of entries) {
      const ledger = path.join(folder, entry.name);
      const file = realPath(ledger);
      if (!byFile.has(file)) byFile.set(file, ledger);
    }
    return [...byFile.values()].toSorted();
  } catch (error) {
    throw unlisted(error, folder);
  }
}

/** The error for a folder whose files cannot be listed: 66. */
function unlisted(error: unknown, folder: string): InputError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT')
    return new InputError(
      EXIT.noInput,
      `there is no folder ${folder}`,
      'check the path; without one, qbatch jobs lists the jobs of the working folder',
      error,
    );
  const hint =
    code === 'ENOTDIR'
      ? 'it is not a folder; qbatch status shows one job'
      : 'check the path and its permissions';
  return new InputError(EXIT.noInput, `cannot list ${folder}: ${message}`, hint, error);
}

/** All jobs of a ledger, oldest first. Throws 66 if it is missing, 78 if it is damaged or no ledger. */
function jobsOfLedger(ledgerPath: string): FoundJob[] {
  return lookIntoLedger(ledgerPath, (database) =>
    jobsHere(database, ledgerPath).map((job) => ({ ledgerPath, job })),
  );
}

/** The jobs of all ledgers in a folder. An unreadable ledger does not hide the others. */
export function jobsOfFolder(folder: string): FolderJobs {
  const all: FoundJob[] = [];
  const unreadable: QbatchError[] = [];
  for (const ledgerPath of findLedgers(folder)) {
    try {
      all.push(...jobsOfLedger(ledgerPath));
    } catch (error) {
      if (!(error instanceof QbatchError)) throw error;
      unreadable.push(error);
    }
  }
  return { jobs: withoutCopies(all), all, unreadable };
}

/**
 * The job that a command line means: by ledger path, by job name (in the ledgers of `cwd`), or by input path; narrowed by
 * `--ledger` and `--job`. Throws InputError (66) if there is none, UsageError (64) with the candidates if there are
 * several, 78 for an unusable ledger.
 */
export function chooseJob(choice: JobChoice, cwd: string, purpose: Purpose = 'look'): ChosenJob {
  const named = isNamed(choice);
  const candidates = named ? namedJobs(choice, cwd) : unnamedJobs(jobsOfFolder(cwd), cwd, purpose);
  const found = narrow(candidates, named && purpose === 'resume' ? 'look' : purpose);
  const [first] = found;
  if (first !== undefined && found.length === 1) return chosenOf(first);
  throw ambiguous(found.length === 0 ? candidates : found);
}

/**
 * Like {@link chooseJob}, but returns all matching jobs: for reports that add up jobs. If nothing is named, an unreadable
 * ledger in this folder is an error: sums without it would be too low.
 */
export function chooseJobs(choice: JobChoice, cwd: string): ChosenJob[] {
  if (isNamed(choice)) return namedJobs(choice, cwd).map(chosenOf);
  const here = jobsOfFolder(cwd);
  const [problem] = here.unreadable;
  if (problem !== undefined) {
    const hint = 'name the ledgers or jobs that you want, or move this one away';
    throw new QbatchError(problem.exitCode, problem.message, hint, problem);
  }
  return unnamedJobs(here, cwd, 'look').map(chosenOf);
}

/** The chosen job among those its ledger holds now. Throws InputError (66) if it has gone since. */
export function jobNamed(jobs: readonly Job[], { ledgerPath, name }: ChosenJob): Job {
  const job = jobs.find((one) => one.name === name);
  if (job !== undefined) return job;
  throw new InputError(
    EXIT.noInput,
    `${ledgerPath} holds no job ${name}`,
    'qbatch jobs lists the jobs of a folder',
  );
}

/** Whether a command line names a job in any way. */
export function isNamed({ job, ledger, jobName }: JobChoice): boolean {
  return job !== undefined || ledger !== undefined || jobName !== undefined;
}

function chosenOf({ ledgerPath, job }: FoundJob): ChosenJob {
  return { ledgerPath, name: job.name };
}

function narrow(found: readonly FoundJob[], purpose: Purpose): readonly FoundJob[] {
  if (found.length <= 1) return found;
  return found.filter(({ job }) => (purpose === 'retry' ? job.failed > 0 : job.state === 'open'));
}

/** The candidates in folder `cwd` if no job is named. */
function unnamedJobs(
  { jobs, all, unreadable }: FolderJobs,
  cwd: string,
  purpose: Purpose,
): readonly FoundJob[] {
  const fitting = purpose === 'resume' ? jobs.filter(({ job }) => job.state === 'open') : jobs;
  if (fitting.length > 0) return fitting;
  refuseUnreadable({ unreadable });
  refuseStillSurveyed(findLedgers(cwd), all);
  if (jobs.length > 0) {
    throw new InputError(
      EXIT.noInput,
      `no unfinished job in ${cwd}`,
      'qbatch jobs lists the finished ones; qbatch retry JOB runs failed lines again',
    );
  }
  throw new InputError(
    EXIT.noInput,
    `no job in ${cwd}`,
    'name a ledger, a job or an input; qbatch jobs FOLDER lists the jobs of another folder',
  );
}

function namedJobs(choice: JobChoice, cwd: string): readonly FoundJob[] {
  const { job, ledger, jobName } = choice;
  if (ledger !== undefined) return inLedger(path.resolve(cwd, ledger), { job, jobName, cwd });
  if (job === undefined) return byName(jobName ?? '', cwd);
  const file = path.resolve(cwd, job);
  if (isLedger(file)) return inLedger(file, { job: undefined, jobName, cwd });
  const here = jobsOfFolder(cwd);
  const sameName = here.jobs.filter((found) => found.job.name === (jobName ?? job));
  // With --job the positional says where to look: a job name there would be redundant.
  if (jobName === undefined && sameName.length > 0) return sameName;
  const sameInput = byInput(file, cwd).filter(
    (found) => jobName === undefined || found.job.name === jobName,
  );
  if (sameInput.length > 0) return sameInput;
  refuseUnreadable(here);
  refuseStillSurveyed([defaultLedgerPath(file)], byInput(file, cwd));
  const name = jobName === undefined ? '' : ` with a job ${jobName}`;
  throw new InputError(
    EXIT.noInput,
    `no job ${job}: it is not a ledger, a job name in this folder, or an input${name} that was run`,
    hintOf(job, file, here.jobs),
  );
}

/** Advice for a name that matches no job. A ledger placed elsewhere by `--ledger` is found only by its path. */
function hintOf(job: string, file: string, here: readonly FoundJob[]): string {
  const writer = here.find(({ job: { resultsPath, errorsPath } }) =>
    [resultsPath, errorsPath].some((output) => output !== '-' && samePath(output, file)),
  );
  if (writer !== undefined)
    return `it is an output of a job of this folder: name the job ${writer.job.name}, or ${writer.ledgerPath}`;
  if (!isThere(file)) return 'qbatch jobs lists the jobs of a folder';
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    return `it is a folder: qbatch jobs ${job} lists its jobs`;
  return `if it was run with --ledger FILE, name that ledger; otherwise start it with: qbatch run ${job}`;
}

/** Jobs of a ledger, by `--job` or by a positional beside `--ledger` (a name or an input). */
function inLedger(
  ledgerPath: string,
  by: {
    readonly job: string | undefined;
    readonly jobName: string | undefined;
    readonly cwd: string;
  },
): readonly FoundJob[] {
  const all = jobsOfLedger(ledgerPath);
  if (all.length === 0) {
    refuseStillSurveyed([ledgerPath], all);
    throw new InputError(EXIT.noInput, `${ledgerPath} holds no job`, 'start one with qbatch run');
  }
  const { job, jobName, cwd } = by;
  const wanted = jobName ?? job;
  if (wanted === undefined) return all;
  const sameName = all.filter((found) => found.job.name === wanted);
  if (sameName.length > 0) return sameName;
  const input = path.resolve(cwd, wanted);
  const sameInput =
    jobName === undefined ? all.filter((found) => samePath(found.job.inputPath, input)) : [];
  if (sameInput.length > 0) return sameInput;
  refuseStillSurveyed([ledgerPath], all);
  const names = all.slice(0, LISTED_MAX).map((found) => found.job.name);
  throw new InputError(
    EXIT.noInput,
    `${ledgerPath} holds no job ${wanted}`,
    `it holds: ${names.join(', ')}`,
  );
}

function byName(name: string, cwd: string): readonly FoundJob[] {
  const here = jobsOfFolder(cwd);
  const found = here.jobs.filter(({ job }) => job.name === name);
  if (found.length > 0) return found;
  refuseUnreadable(here);
  refuseStillSurveyed([path.join(cwd, defaultLedgerName(name))], here.all);
  throw new InputError(
    EXIT.noInput,
    `no job ${name} in ${cwd}`,
    'qbatch jobs lists the jobs of a folder; --ledger names a ledger elsewhere',
  );
}

/** Jobs of an input: in the ledger beside it, else in a ledger of this folder that names it. */
function byInput(file: string, cwd: string): readonly FoundJob[] {
  const beside = defaultLedgerPath(file);
  if (isThere(beside)) {
    const all = jobsOfLedger(beside);
    const own = all.filter(({ job }) => samePath(job.inputPath, file));
    return own.length > 0 ? own : all;
  }
  return jobsOfFolder(cwd).jobs.filter(({ job }) => samePath(job.inputPath, file));
}

/** A job not found may be in an unreadable ledger: to report that there is none would be wrong. */
function refuseUnreadable({ unreadable }: Pick<FolderJobs, 'unreadable'>): void {
  const [problem] = unreadable;
  if (problem !== undefined) throw problem;
}

/** Whether a file is named like a ledger, or is any other SQLite file. */
function isLedger(file: string): boolean {
  return file.endsWith(LEDGER_SUFFIX) || isDatabase(file);
}

function ambiguous(found: readonly FoundJob[]): UsageError {
  const listed = found
    .slice(0, LISTED_MAX)
    .map(({ ledgerPath, job }) => `${job.name} (${ledgerPath}, ${job.state})`);
  const more = found.length > LISTED_MAX ? `, and ${found.length - LISTED_MAX} more` : '';
  return new UsageError(
    `several jobs match: ${listed.join(', ')}${more}`,
    'name one: its ledger, and --job NAME if that holds several',
  );
}
