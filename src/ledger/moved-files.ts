import { statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { samePath } from '../files/same-path.ts';
import type { Database } from './database.ts';
import { defaultLedgerName, defaultLedgerPath } from './default-ledger-path.ts';
import { listJobs } from './jobs.ts';
import type { Job } from './records.ts';

type Files = Pick<Job, 'inputPath' | 'resultsPath' | 'errorsPath'>;

/** Whether ledger and job have the names that they get where nobody names them: such a ledger stands beside its input. */
function isNamedAfter({ name, inputPath }: Job, ledgerPath: string): boolean {
  const own = basename(defaultLedgerPath(inputPath));
  return basename(ledgerPath) === own && own === defaultLedgerName(name);
}

/** Whether a file has as many bytes as the job's input had; not of one that is compressed, whose content was counted. */
function hasItsSize(file: string, { inputBytes }: Job): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === inputBytes;
}

/** From which folder to which a job's files went with its ledger, and which input they went with. */
type Move = { readonly from: string; readonly to: string; readonly inputPath: string };

/**
 * An input of the remembered name beside the ledger, where it is the job's: the remembered one is gone; or, of a ledger that stands elsewhere now or
 * does not say where it stood (older versions), the file is as long (a copy: the first one is another job's); of the latter also where it is named
 * after the input.
 */
function besideLedger(job: Job, ledgerPath: string): Move | null {
  const [from, to] = [dirname(job.inputPath), dirname(ledgerPath)];
  const inputPath = join(to, basename(job.inputPath));
  const isMoved = job.ledgerPath === null || !samePath(job.ledgerPath, ledgerPath);
  const isCopy =
    isMoved &&
    ((job.ledgerPath === null && isNamedAfter(job, ledgerPath)) || hasItsSize(inputPath, job));
  return isCopy || !isThere(job.inputPath, 'absent') ? { from, to, inputPath } : null;
}

/** Where a ledger that stood elsewhere in its last run has its input at the same place beside it, it was moved or copied with it. */
function withLedger({ ledgerPath: before, inputPath }: Job, ledgerPath: string): Move | null {
  if (before === null || samePath(before, ledgerPath)) return null;
  const [from, to] = [dirname(before), dirname(ledgerPath)];
  const moved = join(to, relative(from, inputPath));
  return isThere(moved, 'absent') ? { from, to, inputPath: moved } : null;
}

function isBelow(folder: string, path: string): boolean {
  return !relative(folder, path).startsWith('..');
}

/**
 * A job's files where they are now: ledger and input may be moved or copied together, alone or with the folders around them, and the ledger
 * remembers where all of them were. Outputs that stood in the moved folder or below it go with the input; others do where they are there. An
 * input that another of the ledger's `jobs` has for its own is not this one's. Otherwise all are where the ledger says.
 */
export function movedFiles(job: Job, ledgerPath: string, jobs: readonly Job[]): Files {
  const { inputPath, resultsPath, errorsPath } = job;
  const there = { inputPath, resultsPath, errorsPath };
  const here = resolve(ledgerPath);
  const move = withLedger(job, here) ?? besideLedger(job, here);
  if (move === null) return there;
  const input = move.inputPath;
  if (inputPath === input || !isThere(input, 'absent') || samePath(inputPath, input)) return there;
  const isOthers = jobs.some(
    (other) => other.inputPath === input && other.inputSha256 !== job.inputSha256,
  );
  if (isOthers) return there;
  const oldFolder = dirname(inputPath);
  const moved = (path: string): string => {
    if (path === '-') return path;
    if (isBelow(oldFolder, path)) return join(dirname(input), relative(oldFolder, path));
    const beside = join(move.to, relative(move.from, path));
    return isBelow(move.from, path) || isThere(beside, 'absent') ? beside : path;
  };
  return { inputPath: input, resultsPath: moved(resultsPath), errorsPath: moved(errorsPath) };
}

/** All jobs of a ledger, oldest first, with their files where they are now. */
export function jobsHere(database: Database, ledgerPath: string): Job[] {
  const jobs = listJobs(database);
  return jobs.map((job) => jobHere(job, ledgerPath, jobs));
}

/** The job with its files where they are now. */
export function jobHere(job: Job, ledgerPath: string, jobs: readonly Job[]): Job {
  return { ...job, ...movedFiles(job, ledgerPath, jobs) };
}
