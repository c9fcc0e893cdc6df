import { type QuotaUse, utilisationOf } from '../utilisation.ts';
import type { ReportLane } from '../report/report-data.ts';
import type { Database } from './database.ts';
import { hasPaceTables } from './read-trace.ts';
import type { Job } from './records.ts';

/** Per job: the models of its last runs that sent most. */
const LANES_MAX = 12;
const RUNS_MAX = 3;
/** Points per lane: as many as fit the width of a chart. */
const POINTS_MAX = 200;
const SECONDS_A_MINUTE = 60;

type LaneRow = QuotaUse & {
  readonly run: number;
  readonly model: string;
};

type Second = readonly [
  at: number,
  seconds: number,
  starts: number,
  tokens: number,
  requestLimit: number | null,
  tokenLimit: number | null,
  throttled: number,
];

const LANES = `SELECT run, model, used_requests AS usedRequests, allowed_requests AS allowedRequests,
    used_tokens AS usedTokens, allowed_tokens AS allowedTokens
  FROM pace_lanes WHERE job_id = @job AND run > (SELECT max(run) FROM runs WHERE job_id = @job) - ${RUNS_MAX}
  ORDER BY starts DESC LIMIT ${LANES_MAX}`;

const SECONDS = `SELECT at, seconds, starts, tokens, rpm_limit, tpm_limit,
    throttled_rate + throttled_tokens + throttled_burst
  FROM pace_seconds WHERE job_id = ? AND run = ? AND model = ? ORDER BY at`;

/** How fast a job's calls were sent in its last runs, with the limits in force; empty if nothing was traced. */
export function reportLanes(database: Database, job: Job): ReportLane[] {
  if (!hasPaceTables(database)) return [];
  const lanes = database.prepare(LANES).all({ job: job.id }) as LaneRow[];
  const seconds = database.prepare(SECONDS).raw();
  return lanes
    .map((lane) => laneOf(job.name, lane, seconds.all(job.id, lane.run, lane.model) as Second[]))
    .filter(({ at }) => at.length > 0);
}

function laneOf(job: string, lane: LaneRow, seconds: readonly Second[]): ReportLane {
  const each = Math.max(1, Math.ceil(seconds.length / POINTS_MAX));
  const groups = Array.from({ length: Math.ceil(seconds.length / each) }, (_, at) =>
    seconds.slice(at * each, (at + 1) * each),
  );
  const sumOf = (group: readonly Second[], column: 1 | 2 | 3 | 6): number =>
    group.reduce((sum, second) => sum + second[column], 0);
  const rates = (column: 2 | 3): number[] =>
    groups.map((group) =>
      Math.round((sumOf(group, column) * SECONDS_A_MINUTE) / Math.max(1, sumOf(group, 1))),
    );
  return {
    job,
    run: lane.run,
    model: lane.model,
    at: groups.map((group) => group[0]?.[0] ?? 0),
    requests: rates(2),
    requestLimit: groups.map((group) => group.at(-1)?.[4] ?? null),
    tokens: rates(3),
    tokenLimit: groups.map((group) => group.at(-1)?.[5] ?? null),
    throttled: groups.map((group) => sumOf(group, 6)),
    utilisation: utilisationOf(lane),
  };
}
