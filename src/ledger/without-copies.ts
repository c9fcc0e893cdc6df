import { basename } from 'node:path';
import { QbatchError } from '../errors.ts';
import { lastCall, startOfCall } from './attempts.ts';
import { lookIntoLedger } from './read-ledger.ts';
import type { Job } from './records.ts';

type Found = { readonly ledgerPath: string; readonly job: Job };

/** A job created at the same moment on the same input is the same job, in a copy of its ledger. */
export function sameJobKey({ name, createdAt, inputSha256 }: Job): string {
  return JSON.stringify([name, createdAt, inputSha256]);
}

/** Whether the ledger still has the name of the job's last run. */
function isAtHome({ ledgerPath, job }: Found): boolean {
  return job.ledgerPath !== null && basename(job.ledgerPath) === basename(ledgerPath);
}

/**
 * Whether one ledger knows the last call that another one started. Calls are never deleted, so it then knows all of them;
 * otherwise the two diverged: say, an older copy was restored and run, and the newer one moved aside.
 */
function holdsCallsOf(home: Found, { ledgerPath, job }: Found): boolean {
  try {
    const last = lookIntoLedger(ledgerPath, (database) => lastCall(database, job.id));
    if (last === undefined) return true;
    const startedAt = lookIntoLedger(home.ledgerPath, (database) =>
      startOfCall(database, home.job.id, last),
    );
    return startedAt === last.startedAt;
  } catch (error) {
    // Report an uncomparable job twice rather than not at all.
    if (error instanceof QbatchError) return false;
    throw error;
  }
}

/**
 * Jobs of a folder without those in a backup of a ledger that is also there: a copy of the ledger under another name, never
 * run there, not ahead of it, and without a call that it does not know. All content of such a copy is in the ledger itself.
 */
export function withoutCopies<One extends Found>(found: readonly One[]): readonly One[] {
  const homes = new Map<string, One>();
  for (const one of found) if (isAtHome(one)) homes.set(sameJobKey(one.job), one);
  if (homes.size === 0) return found;
  return found.filter((one) => {
    const home = homes.get(sameJobKey(one.job));
    if (home === undefined || isAtHome(one) || one.job.updatedAt > home.job.updatedAt) return true;
    return !holdsCallsOf(home, one);
  });
}
