import { EXIT, InputError } from '../errors.ts';
import { isThere } from '../files/is-there.ts';
import { holderText, lockHolder } from './lock.ts';

/** A job that a ledger shows. */
type Shown = { readonly ledgerPath: string; readonly job: { readonly name: string } };

/**
 * What to say of a ledger whose run has yet to read its input to the end: until then its job is in no ledger. Null where
 * no run holds it, or its job is among those (`names`) that the ledger shows.
 */
export function stillSurveyed(ledgerPath: string, names: readonly string[]): string | null {
  const holder = lockHolder(ledgerPath);
  if (holder === null) return null;
  const { jobName } = holder;
  if (jobName === null ? names.length > 0 : names.includes(jobName)) return null;
  const what = jobName === null ? 'the job' : `job ${jobName}`;
  return `${what} is not in ${ledgerPath} yet: its run is still checking the input (${holderText(holder)})`;
}

/** Of a job that is looked for in these ledgers and not among those `shown`: refuses (66) in those words. */
export function refuseStillSurveyed(ledgers: readonly string[], shown: readonly Shown[]): void {
  for (const ledger of ledgers) {
    if (!isThere(ledger)) continue;
    const own = shown.filter(({ ledgerPath }) => ledgerPath === ledger);
    const told = stillSurveyed(
      ledger,
      own.map(({ job }) => job.name),
    );
    if (told !== null)
      throw new InputError(EXIT.noInput, told, 'ask again once it has begun to send');
  }
}
