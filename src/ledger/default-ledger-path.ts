import path from 'node:path';
import { stemOf } from '../input/input-source.ts';

/** Ends the name of every ledger that has its default place. */
export const LEDGER_SUFFIX = '.qbatch.db';

/** Name of the ledger that a job of that name has by default. */
export function defaultLedgerName(job: string): string {
  return job + LEDGER_SUFFIX;
}

/** Where the ledger of an input is, unless `--ledger` says otherwise: beside it, named after its stem (cli.md section 3). */
export function defaultLedgerPath(inputPath: string): string {
  return path.join(path.dirname(inputPath), defaultLedgerName(stemOf(inputPath)));
}
