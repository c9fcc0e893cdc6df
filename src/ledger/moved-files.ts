import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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

/**
 * A job's files where they are now. Ledger and input may be moved or copied together, and the ledger remembers where
 * they were. An input of that name beside the ledger is the job's where the remembered one is gone, or where the
 * ledger is named after it (a copied folder: the first one is another job's); and so are the outputs that stood
 * beside the input. Otherwise all are where the ledger says.
 */
export function movedFiles(job: Job, ledgerPath: string): Files {
  const { inputPath, resultsPath, errorsPath } = job;
  const there = { inputPath, resultsPath, errorsPath };
  const here = (path: string): string => join(dirname(ledgerPath), basename(path));
  const input = here(inputPath);
  if (inputPath === input || !isThere(input, 'absent') || isSame(inputPath, input)) return there;
  if (!isNamedAfter(job, ledgerPath) && isThere(inputPath, 'absent')) return there;
  const folder = dirname(inputPath);
  const moved = (path: string): string => (dirname(path) === folder ? here(path) : path);
  return { inputPath: input, resultsPath: moved(resultsPath), errorsPath: moved(errorsPath) };
}

/** The job with its files where they are now. */
export function jobHere(job: Job, ledgerPath: string): Job {
  return { ...job, ...movedFiles(job, ledgerPath) };
}
