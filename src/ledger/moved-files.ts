import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isThere } from '../is-there.ts';
import { defaultLedgerName, defaultLedgerPath } from './default-ledger-path.ts';
import type { Job } from './records.ts';

type Files = Pick<Job, 'inputPath' | 'resultsPath' | 'errorsPath'>;

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}

/** Whether ledger and job have the names that they get where nobody names them: such a ledger stands beside its input. */
function isNamedAfter({ name, inputPath }: Job, ledgerPath: string): boolean {
  const own = basename(defaultLedgerPath(inputPath));
  return basename(ledgerPath) === own && own === defaultLedgerName(name);
}

/** Whether a file has as many bytes as the job's input had; not of one that is compressed, whose content was counted. */
function hasItsSize(file: string, { inputBytes }: Job): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === inputBytes;
}

/**
 * A job's files where they are now. Ledger and input may be moved or copied together, and the ledger remembers where
 * they were. An input of that name beside the ledger is the job's where the remembered one is gone, where the ledger
 * is named after it, or where it is as long (a copied folder: the first one is another job's); and so are the outputs
 * that stood beside the input or below it. One that another of the ledger's `jobs` has for its own is not. Otherwise all are where the
 * ledger says.
 */
export function movedFiles(job: Job, ledgerPath: string, jobs: readonly Job[]): Files {
  const { inputPath, resultsPath, errorsPath } = job;
  const there = { inputPath, resultsPath, errorsPath };
  const [from, to] = [dirname(inputPath), dirname(ledgerPath)];
  const input = join(to, basename(inputPath));
  if (inputPath === input || !isThere(input, 'absent') || isSame(inputPath, input)) return there;
  const isOthers = jobs.some(
    (other) => other.inputPath === input && other.inputSha256 !== job.inputSha256,
  );
  if (isOthers) return there;
  const isCopy = isNamedAfter(job, ledgerPath) || hasItsSize(input, job);
  if (!isCopy && isThere(inputPath, 'absent')) return there;
  const moved = (path: string): string => {
    const below = relative(from, path);
    return path === '-' || below.startsWith('..') ? path : join(to, below);
  };
  return { inputPath: input, resultsPath: moved(resultsPath), errorsPath: moved(errorsPath) };
}

/** The job with its files where they are now. */
export function jobHere(job: Job, ledgerPath: string, jobs: readonly Job[]): Job {
  return { ...job, ...movedFiles(job, ledgerPath, jobs) };
}
