import type { Database } from './database.ts';

/** Over all runs of a job: its calls, and the lines that were called. */
export type TriedCounts = { readonly attempts: number; readonly linesTried: number };

const TRIED =
  'SELECT count(*) AS attempts, count(DISTINCT line_no) AS linesTried FROM attempts WHERE job_id = ?';

/**
 * The basis of "attempts per line" in all reports: lines rejected before sending would make it too low, and leaving out
 * open ones too high.
 */
export function triedCounts(database: Database, jobId: number): TriedCounts {
  return database.prepare(TRIED).get(jobId) as TriedCounts;
}
