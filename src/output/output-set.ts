import type { Clock } from '../clock.ts';
import { CURSOR_START } from '../ledger/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Cursor, Job } from '../ledger/records.ts';
import { newPathOf, OutputFile, outputSize, type OutputSink } from './output-file.ts';
import { Writer } from '../write.ts';

/** Stdout as an output: everything from line 1, no truncation, no sync. */
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
  /** The job has settled: a rewritten errors file replaces the old one. */
  complete(): void;
  /** Deletes a rewritten errors file that was not completed. */
  close(): void;
};

/**
 * Opens a job's output files, truncated to `cursor`, and the writer that appends to them. If the files are to be replaced
 * as a whole, results can only go to stdout, and errors go to a file beside the old one until `complete`. Throws 73.
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
 * Rewrites both output files beside the old ones, syncs them and renames them over (after `retry` and
 * `--accept-changed-input`). Returns the cursor of the complete files.
 */
export async function replaceOutputs(ledger: Ledger, job: Job, clock: Clock): Promise<Cursor> {
  // Fixed names: the ledger's lock keeps others out, and leftovers of a process that died here are reused.
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

/** Checks that output files could be created at `paths`. Throws 73. */
export function refuseUnwritable(paths: readonly string[]): void {
  for (const path of paths) new OutputFile(newPathOf(path), 0, path).discard();
}

/**
 * The output mode for files that may hold lines the ledger no longer holds (after `--fresh`, `retry`,
 * `--accept-changed-input`, `--adopt-outputs`): replaced as a whole at the end, with the old ones untouched until then; if
 * there is nothing to keep, line by line as usual. Throws 73.
 */
export function modeAnew(job: Pick<Job, 'resultsPath' | 'errorsPath'>): Job['outputMode'] {
  const files = [job.resultsPath, job.errorsPath].filter((path) => path !== '-');
  return files.some((path) => (outputSize(path) ?? 0) > 0) ? 'replace' : 'append';
}
