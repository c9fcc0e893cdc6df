import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT, OutputError } from '../errors.ts';
import { holderText, takeLock } from '../ledger/lock.ts';
import { SQLITE_BEGIN } from '../ledger/is-database.ts';
import { mayBeOwn } from '../ledger/may-be-own.ts';
import { isBug } from '../ledger/storage-error.ts';
import { lockPathOf } from './output-file.ts';

/** A held lock; `release` never throws. */
type Held = { release(): void };

/** Runs `act`; null if the disk refuses, which the run can tolerate. Throws bugs. */
function unlessRefused<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (isBug(error)) throw error;
    return null;
  }
}

/**
 * Keeps other runs, with other ledgers, from this run's output files until `release`, by a lock beside each like a
 * ledger's. `startedAt` is in milliseconds since 1970. Throws 73 if another run holds one. If none can be taken (a
 * read-only folder, a file system without locks, no regular file, a foreign file in the lock's place, which is left alone),
 * runs without: a concurrent write is then noticed when writing (`OutputFile`).
 */
export function lockOutputs(
  places: { readonly resultsPath: string; readonly errorsPath: string; readonly jobName: string },
  startedAt: number,
): Held {
  const held: Held[] = [];
  const release = (): void => {
    // A lock file that cannot be removed is taken over by the next run.
    for (const lock of held.splice(0)) unlessRefused(() => lock.release());
  };
  try {
    for (const path of [places.resultsPath, places.errorsPath]) {
      const lock = lockOutput(path, startedAt, places.jobName);
      if (lock !== null) held.push(lock);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** Whether the path is something other than a regular file. */
function isOther(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

function lockOutput(path: string, startedAt: number, jobName: string): Held | null {
  const taken = unlessRefused(() => {
    if (path === '-' || isOther(path)) return null;
    // Links in the folder resolved, so that two spellings of one place are equal.
    const place = join(realpathSync(dirname(path)), basename(path));
    const lockPath = lockPathOf(place);
    // A lock is never created through a link, nor waited for at a dangling one.
    if (isOther(lockPath)) return null;
    // Inspected only if SQLite rejected it as a lock: closing it would release a lock held by this process.
    const mayRemove = (file: string): boolean => mayBeOwn(file, SQLITE_BEGIN);
    return takeLock(lockPath, startedAt, jobName, mayRemove);
  });
  if (taken === null || 'release' in taken) return taken;
  if (taken.holder === null) return null;
  throw new OutputError(
    EXIT.cannotCreate,
    `another run writes ${path}: ${holderText(taken.holder)}, job ${taken.holder.jobName ?? 'unknown'}`,
    'name another file with -o or --errors',
  );
}
