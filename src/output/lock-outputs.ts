import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT, OutputError } from '../errors.ts';
import { holderText, takeLock } from '../ledger/lock.ts';
import { SQLITE_BEGIN } from '../ledger/is-database.ts';
import { mayBeOwn } from '../ledger/may-be-own.ts';
import { isBug } from '../ledger/storage-error.ts';
import { lockPathOf } from './output-file.ts';

/** A lock that is held; `release` never throws. */
type Held = { release(): void };

/** Does what the disk may refuse, where the run can do without; null then. Throws a bug. */
function unlessRefused<T>(act: () => T): T | null {
  try {
    return act();
  } catch (error) {
    if (isBug(error)) throw error;
    return null;
  }
}

/**
 * Keeps other runs, with ledgers of their own, from the output files of this one until `release`, by a lock beside each as a
 * ledger's. `startedAt` is in milliseconds since 1970. Throws 73 where another run holds one. Where none can be had (a folder
 * that may not be written, a file system without locks, no regular file, somebody's own file in the lock's place, which is
 * left alone) it is done without: who writes a file that somebody else writes notices it then (`OutputFile`).
 */
export function lockOutputs(
  places: { readonly resultsPath: string; readonly errorsPath: string; readonly jobName: string },
  startedAt: number,
): Held {
  const held: Held[] = [];
  const release = (): void => {
    // A lock's file that cannot be removed is taken over by the next run.
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

/** Whether something stands there that is no regular file. */
function isOther(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === false;
}

function lockOutput(path: string, startedAt: number, jobName: string): Held | null {
  const taken = unlessRefused(() => {
    if (path === '-' || isOther(path)) return null;
    // Without links in its folder, so that two spellings of one place are one.
    const place = join(realpathSync(dirname(path)), basename(path));
    const lockPath = lockPathOf(place);
    // A lock is never made through a link, nor waited for at one that leads nowhere.
    if (isOther(lockPath)) return null;
    // Looked at only where SQLite took it for no lock: to close it would drop one that this process holds.
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
