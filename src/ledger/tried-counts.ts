import type { Database } from './database.ts';

/** Over all runs of a job: its calls, and the lines that were called. */
export type TriedCounts = { readonly attempts: number; readonly linesTried: number };

const TRIED =
  'SELECT count(*) AS attempts, count(DISTINCT line_no) AS linesTried FROM attempts WHERE job_id = ?';

/**
 * What "attempts a line" is made of, wherever it is told: lines that were rejected before anything was sent
 * would make it too small, open ones left out too large.
 */
export function triedCounts(database: Database, jobId: number): TriedCounts {
  return database.prepare(TRIED).get(jobId) as TriedCounts;
}
