import path from 'node:path';
import { stemOf } from '../input/input-source.ts';

/** Suffix of every ledger in its default place. */
export const LEDGER_SUFFIX = '.qbatch.db';

/** Default ledger name for a job of that name. */
export function defaultLedgerName(job: string): string {
  return job + LEDGER_SUFFIX;
}

/** Path of an input's ledger unless `--ledger` is given: beside the input, named after its stem (cli.md section 3). */
export function defaultLedgerPath(inputPath: string): string {
  return path.join(path.dirname(inputPath), defaultLedgerName(stemOf(inputPath)));
}
