import { rmSync } from 'node:fs';
import path from 'node:path';
import { randomToken } from '../clock.ts';
import { QbatchError, UsageError } from '../errors.ts';
import { samePath } from '../files/same-path.ts';
import { LEDGER_SUFFIX } from '../ledger/default-ledger-path.ts';
import { isDatabase } from '../ledger/is-database.ts';
import { filesBeside, LEDGER_ENDS } from '../ledger/ledger-files.ts';
import { movedFiles } from '../ledger/moved-files.ts';
import type { Job } from '../ledger/records.ts';
import { lockPathOf, newPathOf, OutputFile, outputSize } from '../output/output-file.ts';
import type { CommandIo } from './io.ts';

/** Names of a ledger and the files beside it. */
const LEDGER_NAMES = ['', ...LEDGER_ENDS].map((end) => LEDGER_SUFFIX + end);

/** Destination of a command's data: stdout, or a file that appears atomically. */
export type Target = {
  /** False: the reader of stdout went away, and the rest is not needed. Throws OutputError (73, 74). */
  append(data: string | Uint8Array): Promise<boolean>;
  /** Renames the file into place. */
  finish(): void;
  /** Leaves nothing behind; no effect after `finish`. */
  abandon(): void;
};

/**
 * Opens the target named by `-o`; undefined and `-` are stdout. A file is written privately (0600) beside its place,
 * synced, and renamed over an existing one. Throws 73 if that is no regular file, 64 if it is one of `refused` (not
 * evaluated for stdout).
 */
export function openTarget(
  output: string | undefined,
  io: CommandIo,
  refused: () => readonly string[],
): Target {
  if (output === undefined || output === '-') return stdoutTarget(io);
  const file = path.resolve(io.cwd, output);
  if (refused().some((other) => samePath(other, file))) {
    throw new UsageError(
      `-o ${output} is a file that this job, or another job of its ledger, reads or writes`,
      'name another file',
    );
  }
  // Throws for links, devices and folders: renaming over them would destroy them.
  outputSize(file, '-o');
  if (LEDGER_NAMES.some((end) => file.endsWith(end)) || isDatabase(file))
    throw new UsageError(
      `-o ${output} is a ledger, or a file that belongs to one`,
      'name another file',
    );
  return fileTarget(file);
}

function stdoutTarget(io: CommandIo): Target {
  return {
    async append(data) {
      try {
        await io.writeOut(data, true);
        return true;
      } catch (error) {
        if (readerIsGone(error)) return false;
        throw error;
      }
    },
    finish: () => undefined,
    abandon: () => undefined,
  };
}

function readerIsGone(error: unknown): boolean {
  const cause = error instanceof QbatchError ? error.cause : error;
  return cause instanceof Error && 'code' in cause && cause.code === 'EPIPE';
}

function fileTarget(file: string): Target {
  const temporary = new OutputFile(`${file}.new-${randomToken()}`, 0, file, '-o');
  let open = true;
  return {
    append(data) {
      temporary.append(data);
      return Promise.resolve(true);
    },
    finish() {
      open = false;
      temporary.replace(file);
    },
    abandon() {
      if (!open) return;
      open = false;
      temporary.close();
      rmSync(temporary.path, { force: true });
    },
  };
}

/** The files that belong to a ledger. */
export function ledgerFiles(ledgerPath: string): string[] {
  return [ledgerPath, ...filesBeside(ledgerPath)];
}

/** What a job reads and writes, at the recorded and the current paths; and where it rewrites outputs. */
export function jobFiles(job: Job, ledgerPath: string, jobs: readonly Job[]): string[] {
  return [job, movedFiles(job, ledgerPath, jobs)].flatMap((files) => [
    files.inputPath,
    files.resultsPath,
    files.errorsPath,
    newPathOf(files.resultsPath),
    newPathOf(files.errorsPath),
    lockPathOf(files.resultsPath),
    lockPathOf(files.errorsPath),
  ]);
}
