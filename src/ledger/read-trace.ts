import type { Database } from './database.ts';
import type { Job } from './records.ts';
import type { ChangeRecord, PaceLane } from './pace-records.ts';
import { type TriedCounts, triedCounts } from './tried-counts.ts';

/** How the calls of a job's last run were paced, and its throttles over all runs. */
export type DispatchFacts = TriedCounts & {
  readonly run: number;
  readonly startedAt: number;
  /** Null while it runs, and if it died. */
  readonly endedAt: number | null;
  /** Each with the mean latency of its answers in this run; null: none. */
  readonly lanes: readonly (PaceLane & { readonly latencyMs: number | null })[];
  /** The last ones, oldest first. */
  readonly changes: readonly ChangeRecord[];
  /** Over all runs of the job: calls refused with 429, by code, most first. */
  readonly throttled: readonly { readonly code: string; readonly attempts: number }[];
};

/** Whether a ledger opened only for reading has these tables; a run adds them to an older one. */
export function hasPaceTables(database: Database): boolean {
  return Number(database.pragma('user_version', { simple: true })) >= 2;
}

const LANES = `SELECT model, rpm_limit AS rpmLimit, rpm_origin AS rpmOrigin, tpm_limit AS tpmLimit,
    tpm_origin AS tpmOrigin, first_start_at AS firstStartAt, last_start_at AS lastStartAt, starts,
    starts_most AS startsMost, throttled_rate AS rate, throttled_tokens AS refusedTokens,
    throttled_burst AS burst, tokens, used_requests AS usedRequests, allowed_requests AS allowedRequests,
    used_tokens AS usedTokens, allowed_tokens AS allowedTokens
  FROM pace_lanes WHERE job_id = ? AND run = ? ORDER BY starts DESC, model`;

type LaneRow = Omit<PaceLane, 'throttles'> & {
  readonly rate: number;
  readonly refusedTokens: number;
  readonly burst: number;
};

const CHANGES = `SELECT model, at, dimension, from_value AS "from", to_value AS "to", reason
  FROM (SELECT * FROM pace_changes WHERE job_id = ? AND run = ? ORDER BY seq DESC LIMIT ?) ORDER BY seq`;

const THROTTLED = `SELECT coalesce(code, '') AS code, count(*) AS attempts FROM attempts
  WHERE job_id = ? AND status_code = 429 GROUP BY code ORDER BY attempts DESC, code`;

/** Reads how a job was paced; null if no run was traced. Scans its attempts. */
export function dispatchFacts(
  database: Database,
  job: Job,
  changesMost: number,
): DispatchFacts | null {
  if (!hasPaceTables(database)) return null;
  const run = database
    .prepare(
      'SELECT run, started_at AS startedAt, ended_at AS endedAt FROM runs WHERE job_id = ? ORDER BY run DESC LIMIT 1',
    )
    .get(job.id) as Pick<DispatchFacts, 'run' | 'startedAt' | 'endedAt'> | undefined;
  if (run === undefined) return null;
  const latencies = new Map(
    database
      .prepare(
        `SELECT model, avg(ended_at - started_at) FROM attempts
         WHERE job_id = ? AND class = 'answered' AND started_at >= ? GROUP BY model`,
      )
      .raw()
      .all(job.id, run.startedAt) as [string, number][],
  );
  const lanes = (database.prepare(LANES).all(job.id, run.run) as LaneRow[]).map(
    ({ rate, refusedTokens, burst, ...lane }) => ({
      ...lane,
      throttles: { rate, tokens: refusedTokens, burst },
      latencyMs: latencies.get(lane.model) ?? null,
    }),
  );
  return {
    ...run,
    lanes,
    changes: database.prepare(CHANGES).all(job.id, run.run, changesMost) as ChangeRecord[],
    throttled: database.prepare(THROTTLED).all(job.id) as DispatchFacts['throttled'],
    ...triedCounts(database, job.id),
  };
}
