import { basename } from 'node:path';
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
 * Jobs of a folder without those in a backup of a ledger that is there too: made of the ledger under another name,
 * never run there, and not ahead of it. All that such a copy holds is in the ledger itself.
 */
export function withoutCopies<One extends Found>(found: readonly One[]): readonly One[] {
  const homes = new Map<string, One>();
  for (const one of found) if (isAtHome(one)) homes.set(sameJobKey(one.job), one);
  if (homes.size === 0) return found;
  return found.filter((one) => {
    const home = homes.get(sameJobKey(one.job));
    return home === undefined || isAtHome(one) || one.job.updatedAt > home.job.updatedAt;
  });
}
