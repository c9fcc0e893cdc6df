import { statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { isThere } from '../files/is-there.ts';
import { samePath } from '../files/same-path.ts';
import type { Database } from './database.ts';
import { defaultLedgerName, defaultLedgerPath } from './default-ledger-path.ts';
import { listJobs } from './jobs.ts';
import type { Job } from './records.ts';

type Files = Pick<Job, 'inputPath' | 'resultsPath' | 'errorsPath'>;

/** Whether ledger and job have their default names: such a ledger is beside its input. */
function isNamedAfter({ name, inputPath }: Job, ledgerPath: string): boolean {
  const own = basename(defaultLedgerPath(inputPath));
  return basename(ledgerPath) === own && own === defaultLedgerName(name);
}

/** Whether a file is as long as the job's input was; never for a compressed one, whose content was counted. */
function hasItsSize(file: string, { inputBytes }: Job): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === inputBytes;
}

/** Source and target folder of a job's files moved with its ledger, and the input moved with them. */
type Move = { readonly from: string; readonly to: string; readonly inputPath: string };

/**
 * The input of the remembered name beside the ledger, if it is the job's: because the remembered one is gone; or, for a
 * ledger that is elsewhere now or does not record its place (older versions), because the file is as long (a copy: the
 * first one is another job's); for the latter also if it is named after the input.
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

/** If a ledger was elsewhere in its last run and its input is at the same relative path, both were moved or copied together. */
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
 * The current paths of a job's files. Ledger and input may be moved or copied together, alone or with surrounding folders,
 * and the ledger records where all of them were. Outputs in or below the moved folder move with the input; others do if
 * they exist there. An input that belongs to another of the ledger's `jobs` is not this one's. Otherwise all are where the
 * ledger says.
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

/** All jobs of a ledger, oldest first, with the current paths of their files. */
export function jobsHere(database: Database, ledgerPath: string): Job[] {
  const jobs = listJobs(database);
  return jobs.map((job) => jobHere(job, ledgerPath, jobs));
}

/** The job with the current paths of its files. */
export function jobHere(job: Job, ledgerPath: string, jobs: readonly Job[]): Job {
  return { ...job, ...movedFiles(job, ledgerPath, jobs) };
}
