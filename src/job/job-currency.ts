import { EXIT, InputError } from '../errors.ts';
import type { Database } from '../ledger/database.ts';
import type { Job } from '../ledger/records.ts';
import type { Currency } from '../models/scope.ts';

/**
 * The currency that a run counts in, also for `--max-cost`: its job's own. One given on the command line is accepted before
 * the first call, and refused after (65): the costs are already recorded.
 */
export function jobCurrency(
  database: Database,
  known: Job | null,
  asked: { readonly currency: Currency; readonly byFlag: boolean },
): Currency {
  if (known === null) return asked.currency;
  const own = known.currency as Currency;
  if (!asked.byFlag || asked.currency === own) return own;
  const calls = database
    .prepare('SELECT EXISTS (SELECT 1 FROM attempts WHERE job_id = ?)')
    .pluck()
    .get(known.id);
  if (calls === 0) return asked.currency;
  throw new InputError(
    EXIT.invalidInput,
    `job ${known.name} has calls whose cost is in ${own}: it cannot continue in ${asked.currency}`,
    `leave out --currency and give --max-cost in ${own}, or start over with --fresh`,
  );
}
