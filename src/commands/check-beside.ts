import { resolveEndpoints } from '../config/endpoints.ts';
import { QbatchError } from '../errors.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { isThere } from '../files/is-there.ts';
import { outputSeenIn } from '../job/expectations.ts';
import { identityOf } from '../job/identity.ts';
import { seenSizes } from '../ledger/estimates.ts';
import { jobNamed } from '../ledger/find-jobs.ts';
import { findJob, listJobs } from '../ledger/jobs.ts';
import { selectedLines, settledLines } from '../ledger/lines.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import { nothingSeen, type OutputSeen } from '../plan.ts';
import { noticeText } from '../reporters/event-text.ts';
import { pathText } from '../reporters/path-text.ts';
import type { Settings } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { nothingToRetry } from './nothing-to-retry.ts';
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

/** Which lines of a known job `resume` sends, or `retry` with this selection; `note`: why it selects none. */
export type SentAgain = {
  readonly isSent: (lineNo: number) => boolean;
  readonly note: string | null;
};

/** What a run of a known job would send: its open lines, and the failed ones that `retry` selects. Throws as `readLedger`. */
export async function sentAgain(
  { ledgerPath, jobName }: Places,
  wanted: Extract<ParsedCommand, { readonly command: 'resume' | 'retry' }>,
  settings: Settings,
): Promise<SentAgain> {
  return readLedger(ledgerPath, (database) => {
    const job = jobNamed(listJobs(database), { ledgerPath, name: jobName });
    const settled = settledLines(database, job.id, 0);
    if (wanted.command === 'resume')
      return { isSent: (lineNo) => !settled.has(lineNo), note: null };
    const { codes, statuses } = wanted;
    const selected = new Set(selectedLines(database, job.id, { codes, statusCodes: statuses }));
    return {
      isSent: (lineNo) => !settled.has(lineNo) || selected.has(lineNo),
      note:
        selected.size > 0 || isSilent(settings)
          ? null
          : noticeText(nothingToRetry(database, job, wanted)),
    };
  });
}

/** The notes that a run would print about where its calls go. */
export function serviceNotes(settings: Settings): readonly string[] {
  return isSilent(settings) || settings.simulate !== undefined
    ? []
    : resolveEndpoints(settings).notes;
}

function isSilent({ progress, quiet }: Settings): boolean {
  return progress === 'json' || progress === 'none' || quiet;
}
