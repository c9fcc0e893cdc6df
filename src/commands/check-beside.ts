import { resolveEndpoints } from '../config/endpoints.ts';
import { QbatchError } from '../errors.ts';
import type { ParsedCommand } from '../command-line/parsed-command.ts';
import { isThere } from '../files/is-there.ts';
import { hashInput } from '../input/input-hash.ts';
import { outputSeenIn } from '../job/expectations.ts';
import { identityDifferences, identityOf } from '../job/identity.ts';
import { jobCurrency } from '../job/job-currency.ts';
import { seenSizes } from '../ledger/estimates.ts';
import { jobNamed } from '../ledger/find-jobs.ts';
import { findJob, listJobs } from '../ledger/jobs.ts';
import { LineSet } from '../ledger/line-set.ts';
import { selectedLines, settledLines } from '../ledger/lines.ts';
import { readLedger } from '../ledger/read-ledger.ts';
import type { Currency } from '../models/scope.ts';
import { nothingSeen, type OutputSeen } from '../plan.ts';
import { noticeText } from '../reporters/event-text.ts';
import { pathText } from '../reporters/path-text.ts';
import type { Settings } from '../settings.ts';
import type { CommandIo } from './io.ts';
import { nothingToRetry } from './nothing-to-retry.ts';
import type { Places } from './run-places.ts';
import { currencyOf, type RunSetup } from './run-setup.ts';

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

/**
 * Which lines of a known job `resume` sends, or `retry` with this selection, and the currency it counts in; `note`: why it
 * selects none.
 */
export type SentAgain = {
  readonly isSent: (lineNo: number) => boolean;
  readonly currency: Currency;
  readonly note: string | null;
};

/**
 * What a run of a known job would send: its open lines, and the failed ones that `retry` selects. Null where the ledger's
 * line numbers do not tell: the job starts over, or its input or settings have changed. Throws as `readLedger`, and 65 for a
 * currency that the job cannot continue in.
 */
export async function sentAgain(
  { ledgerPath, jobName, source }: Places,
  wanted: Extract<ParsedCommand, { readonly command: 'resume' | 'retry' }>,
  { settings, scope, catalog, origins }: RunSetup,
): Promise<SentAgain | null> {
  if (settings.fresh || settings.acceptChangedInput) return null;
  const inputSha256 = await hashInput(source.path);
  return readLedger(ledgerPath, (database) => {
    const job = jobNamed(listJobs(database), { ledgerPath, name: jobName });
    const differences = identityDifferences(job.identity, identityOf(settings));
    if (job.inputSha256 !== inputSha256 || differences.length > 0) return null;
    const currency = jobCurrency(database, job, {
      currency: currencyOf(settings, scope, catalog),
      byFlag: origins.get('currency') === 'flag',
    });
    const settled = settledLines(database, job.id, 0);
    if (wanted.command === 'resume')
      return { isSent: (lineNo) => !settled.has(lineNo), currency, note: null };
    const { codes, statuses } = wanted;
    const selected = new LineSet();
    for (const lineNo of selectedLines(database, job.id, { codes, statusCodes: statuses }))
      selected.add(lineNo);
    return {
      isSent: (lineNo) => !settled.has(lineNo) || selected.has(lineNo),
      currency,
      note: selected.size > 0 ? null : shownNotice(nothingToRetry(database, job, wanted), settings),
    };
  });
}

/** A notice as a run would print it; null: it would not. A warning is printed also with `--quiet`. */
function shownNotice(
  notice: ReturnType<typeof nothingToRetry>,
  { progress, quiet }: Settings,
): string | null {
  const isHidden = progress === 'json' || progress === 'none';
  return isHidden || (quiet && notice.severity === 'note') ? null : noticeText(notice);
}

/** The notes that a run would print about where its calls go. */
export function serviceNotes(settings: Settings): readonly string[] {
  const silent = settings.progress === 'json' || settings.progress === 'none' || settings.quiet;
  return silent || settings.simulate !== undefined ? [] : resolveEndpoints(settings).notes;
}
