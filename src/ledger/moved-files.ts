import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isThere } from '../is-there.ts';
import type { Job } from './records.ts';

type Files = Pick<Job, 'inputPath' | 'resultsPath' | 'errorsPath'>;

function isSame(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return one === other;
  }
}

/**
 * A job's files where they are now. Ledger and input may be moved or copied together, and the ledger remembers where
 * they were: an input of that name beside the ledger is the job's, and so are the outputs that stood beside the
 * input. Where there is none, all are where the ledger says. For a run the content decides, as always.
 */
export function movedFiles(
  { inputPath, resultsPath, errorsPath }: Files,
  ledgerPath: string,
): Files {
  const here = (path: string): string => join(dirname(ledgerPath), basename(path));
  const input = here(inputPath);
  if (inputPath === input || !isThere(input, 'absent') || isSame(inputPath, input))
    return { inputPath, resultsPath, errorsPath };
  const folder = dirname(inputPath);
  const moved = (path: string): string => (dirname(path) === folder ? here(path) : path);
  return { inputPath: input, resultsPath: moved(resultsPath), errorsPath: moved(errorsPath) };
}

/** The job with its files where they are now. */
export function jobHere(job: Job, ledgerPath: string): Job {
  return { ...job, ...movedFiles(job, ledgerPath) };
}
