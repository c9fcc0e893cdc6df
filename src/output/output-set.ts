import type { Clock } from '../clock.ts';
import { CURSOR_START } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Cursor, Job } from '../ledger/records.ts';
import { newPathOf, OutputFile, outputSize, type OutputSink } from './output-file.ts';
import { Writer } from '../write.ts';

/** Stdout as an output: everything from line 1, nothing to cut off, nothing to sync. */
export function stdoutSink(write: (text: string) => Promise<void>): OutputSink {
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    async append(lines) {
      const { length } = lines;
      await write(lines.toString('utf8'));
      bytes += length;
    },
    sync: () => Promise.resolve(),
    close: () => undefined,
  };
}

export type OpenOutputs = {
  readonly writer: Writer;
  /** The job has settled: an errors file that was written anew takes the old one's place. */
  complete(): void;
  /** An errors file that was written anew and not completed is gone. */
  close(): void;
};

/**
 * Opens a job's output files, cut to `cursor`, and the writer that appends to them. Where the files
 * are to be replaced as a whole, results can only go to stdout; errors go beside the old file until
 * `complete`. Throws 73.
 */
export function openOutputs(
  ledger: Ledger,
  job: Job,
  at: { clock: Clock; cursor: Cursor; writeStdout: (text: string) => Promise<void> },
): OpenOutputs {
  const { clock, cursor } = at;
  const results =
    job.resultsPath === '-'
      ? stdoutSink(at.writeStdout)
      : new OutputFile(job.resultsPath, cursor.resultsBytes);
  const replacing = job.outputMode === 'replace';
  let errors: OutputFile;
  try {
    errors = replacing
      ? new OutputFile(newPathOf(job.errorsPath), 0, job.errorsPath)
      : new OutputFile(job.errorsPath, cursor.errorsBytes);
  } catch (error) {
    results.close();
    throw error;
  }
  const writer = new Writer({
    clock,
    database: ledger.database,
    job,
    results,
    errors,
    order: job.outputOrder,
    cursor,
  });
  let unfinished = replacing;
  return {
    writer,
    complete() {
      if (!unfinished) return;
      unfinished = false;
      errors.replace(job.errorsPath);
    },
    close() {
      results.close();
      if (unfinished) errors.discard();
      else if (!replacing) errors.close();
    },
  };
}

/**
 * Writes both output files anew beside the old ones, syncs them and renames them over (after
 * `retry` and `--accept-changed-input`). Returns the cursor of the complete files.
 */
export async function replaceOutputs(ledger: Ledger, job: Job, clock: Clock): Promise<Cursor> {
  // One name for all: the ledger's lock keeps others out, and what a process that died here left is reused.
  const results = new OutputFile(newPathOf(job.resultsPath), 0, job.resultsPath);
  const errors = new OutputFile(newPathOf(job.errorsPath), 0, job.errorsPath);
  let cursor: Cursor;
  try {
    const writer = new Writer({
      clock,
      database: ledger.database,
      job,
      results,
      errors,
      order: job.outputOrder,
      cursor: CURSOR_START,
    });
    await writer.catchUp(job.lastLineNo + 1);
    cursor = await writer.finish();
  } catch (error) {
    for (const file of [results, errors]) file.discard();
    throw error;
  }
  results.replace(job.resultsPath);
  errors.replace(job.errorsPath);
  return cursor;
}

/** Finds out whether output files could be made anew in the places of `paths`. Throws 73. */
export function refuseUnwritable(paths: readonly string[]): void {
  for (const path of paths) new OutputFile(newPathOf(path), 0, path).discard();
}

/**
 * How files are written anew that may hold lines the ledger no longer holds (after `--fresh`,
 * `retry`, `--accept-changed-input`, `--adopt-outputs`): as whole new files at the end, the old
 * ones untouched until then; where there is nothing to keep, line by line as always. Throws 73.
 */
export function modeAnew(job: Pick<Job, 'resultsPath' | 'errorsPath'>): Job['outputMode'] {
  const files = [job.resultsPath, job.errorsPath].filter((path) => path !== '-');
  return files.some((path) => (outputSize(path) ?? 0) > 0) ? 'replace' : 'append';
}
