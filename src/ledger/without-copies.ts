import { basename } from 'node:path';
import { QbatchError } from '../errors.ts';
import { lastCall, startOfCall } from './attempts.ts';
import { lookIntoLedger } from './read-ledger.ts';
import type { Job } from './records.ts';

type Found = { readonly ledgerPath: string; readonly job: Job };

/** A job that began at the same moment on the same input is the same job, in a copy of its ledger. */
export function sameJobKey({ name, createdAt, inputSha256 }: Job): string {
  return JSON.stringify([name, createdAt, inputSha256]);
}

/** Whether the ledger still has the name that it had in the job's last run. */
function isAtHome({ ledgerPath, job }: Found): boolean {
  return job.ledgerPath !== null && basename(job.ledgerPath) === basename(ledgerPath);
}

/**
 * Whether one ledger knows the last call that another one began. Calls are never struck off, so it then knows all of
 * them; without it the two went apart: an older copy was restored and run, say, and the newer one moved out of its way.
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
    // What cannot be compared is told twice, rather than not at all.
    if (error instanceof QbatchError) return false;
    throw error;
  }
}

/**
 * Jobs of a folder without those in a backup of a ledger that is there too: made of the ledger under another name,
 * never run there, not ahead of it, and without a call that it does not know. All that such a copy holds is in the
 * ledger itself.
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
