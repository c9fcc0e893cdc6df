import type { ByKey } from '../by-keys.ts';
import type { ReportData, ReportJob } from '../report/report-data.ts';
import { VERSION } from '../version.ts';
import type { Database } from './database.ts';
import { lineCounts } from './jobs.ts';
import type { Job } from './records.ts';
import { ReportCalls } from './report-calls.ts';
import { reportEstimates } from './report-estimates.ts';
import { ReportFailures } from './report-failures.ts';
import { reportLanes } from './report-pace.ts';
import { triedCounts } from './tried-counts.ts';
import { type UsageSource, usageReport } from './usage.ts';

/** Most table rows on a page: larger tables are for csv and parquet. */
const GROUPS_MAX = 1000;

export type ReportDataOptions = {
  readonly by: readonly ByKey[];
  readonly nowMs: number;
  /** `running`, `open` or `finished`. */
  stateOf(ledgerPath: string, job: Job): string;
};

/** All data of the report page for some jobs; memory does not grow with their lines. */
export function reportData(
  sources: readonly UsageSource[],
  { by, nowMs, stateOf }: ReportDataOptions,
): ReportData {
  const usage = usageReport(sources, by);
  const calls = new ReportCalls();
  const failures = new ReportFailures();
  const all = sources.flatMap((source) =>
    source.jobs.map((job) => ({ ...source, job, state: stateOf(source.ledgerPath, job) })),
  );
  for (const { database, job, state } of all) {
    const isRunning = state === 'running';
    calls.add(database, job, isRunning);
    failures.add(database, job, isRunning);
  }
  return {
    schema: 1,
    version: VERSION,
    generatedAt: nowMs,
    jobs: all.map(({ ledgerPath, job, state }) => jobOf(ledgerPath, job, state)),
    by: usage.by,
    groups: usage.groups.slice(0, GROUPS_MAX),
    groupsTotal: usage.groups.length,
    totals: usage.totals,
    linesTried: triedLines(all),
    ...calls.charts(),
    lanes: all.flatMap(({ database, job }) => reportLanes(database, job)),
    failures: failures.failures(calls.unanswered),
    estimates: all.flatMap(({ database, job }) => reportEstimates(database, job)),
  };
}

/** By currency, in the order of the report's totals. */
function triedLines(all: readonly { readonly database: Database; readonly job: Job }[]): number[] {
  const byCurrency = new Map<string, number>();
  for (const { database, job } of all) {
    const { linesTried } = triedCounts(database, job.id);
    byCurrency.set(job.currency, (byCurrency.get(job.currency) ?? 0) + linesTried);
  }
  return [...byCurrency].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, lines]) => lines);
}

function jobOf(ledger: string, job: Job, state: string): ReportJob {
  return {
    job: job.name,
    ledger,
    input: job.inputPath,
    state,
    simulated: job.identity.simulated,
    currency: job.currency,
    lines: lineCounts(job),
    createdAt: job.createdAt,
    updatedAt: job.updatedAt,
  };
}
