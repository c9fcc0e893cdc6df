import { isDeepStrictEqual } from 'node:util';
import type { Ledger } from '../ledger/ledger.ts';
import type { Job, RunFlags } from '../ledger/records.ts';

/** Writes down what the next command needs of this run's flags, once the run is agreed to; nothing where nothing changes. */
export function keepRunFlags(ledger: Ledger, job: Job, runFlags: RunFlags): void {
  if (isDeepStrictEqual(runFlags, job.runFlags)) return;
  ledger.transact(() => {
    ledger.database
      .prepare('UPDATE jobs SET run_flags = ? WHERE id = ?')
      .run(JSON.stringify(runFlags), job.id);
  });
}
