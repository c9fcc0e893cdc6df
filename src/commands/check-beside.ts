import { resolveEndpoints } from '../config/endpoints.ts';
import { QbatchError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { outputSeenIn } from '../job/expectations.ts';
import { identityOf } from '../job/identity.ts';
import { seenSizes } from '../ledger/estimates.ts';
import { findJob } from '../ledger/jobs.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { nothingSeen, type OutputSeen } from '../plan.ts';
import { pathText } from '../reporters/path-text.ts';
import type { Settings } from '../settings.ts';
import type { CommandIo } from './io.ts';
import type { Places } from './run-places.ts';
import type { RunSetup } from './run-setup.ts';

/** Answer lengths seen in this input's ledger, if there is one: they only refine the estimate. */
export async function seenBefore(
  { ledgerPath, jobName }: Places,
  { settings }: RunSetup,
  io: CommandIo,
): Promise<OutputSeen> {
  try {
    if (!isThere(ledgerPath)) return nothingSeen;
    return await readLedger(ledgerPath, (database) => {
      const jobId = findJob(database, jobName)?.id ?? null;
      const { simulated } = identityOf(settings);
      return outputSeenIn(seenSizes(database, { jobId, simulated }));
    });
  } catch (error) {
    if (!(error instanceof QbatchError)) throw error;
    io.writeErr(
      `qbatch: the estimate does not use the answer lengths in the ledger: ${pathText(error.message)}\n`,
    );
    return nothingSeen;
  }
}

/** The notes that a run would print about where its calls go. */
export function serviceNotes(settings: Settings): readonly string[] {
  const silent = settings.progress === 'json' || settings.progress === 'none' || settings.quiet;
  return silent || settings.simulate !== undefined ? [] : resolveEndpoints(settings).notes;
}
