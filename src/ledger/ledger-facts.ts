import { statSync } from 'node:fs';
import { isoTime } from '../clock.ts';
import { type ChosenJob, jobNamed } from './find-jobs.ts';
import { lineCounts, listJobs } from './jobs.ts';
import { lockHolder } from './lock.ts';
import { readMark } from './mark.ts';
import { readLedger } from './read-ledger.ts';
import type { Cursor, Job } from './records.ts';

/** A ledger and one of its jobs in numbers: no prompts, answers, ids or messages. */
export type LedgerFacts = {
  readonly path: string;
  readonly sqlite: string;
  readonly schema: number;
  readonly journal_mode: string;
  readonly bytes: { readonly ledger: number | null; readonly wal: number | null };
  readonly commits: number;
  readonly mark: number | null;
  readonly held: boolean;
  readonly jobs: number;
  readonly job: {
    readonly state: Job['state'];
    readonly created_at: string;
    readonly updated_at: string;
    readonly input_bytes: number;
    readonly lines: ReturnType<typeof lineCounts>;
    readonly models: readonly string[];
    readonly region: string;
    readonly protocol: string;
    readonly simulated: boolean;
    readonly currency: string;
    readonly order: Job['outputOrder'];
    readonly output_mode: Job['outputMode'];
    readonly cursor: Cursor;
    readonly generation: number;
  };
  /** Calls by outcome and final code. */
  readonly attempts: readonly {
    readonly class: string;
    readonly code: string | null;
    readonly count: number;
  }[];
};

function sizeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}

/** Inspects a ledger for a bug report. Throws 66 for an unknown job, 78 for an unreadable ledger. */
export function ledgerFacts(chosen: ChosenJob): Promise<LedgerFacts> {
  const { ledgerPath } = chosen;
  const mark = readMark(ledgerPath);
  return readLedger(ledgerPath, (database) => {
    const jobs = listJobs(database);
    const job = jobNamed(jobs, chosen);
    const attempts = database
      .prepare(
        "SELECT coalesce(class, 'unknown') AS class, code, count(*) AS count FROM attempts WHERE job_id = ? GROUP BY 1, 2 ORDER BY 3 DESC",
      )
      .all(job.id) as LedgerFacts['attempts'];
    return {
      path: ledgerPath,
      sqlite: String(database.prepare('SELECT sqlite_version()').pluck().get()),
      schema: Number(database.pragma('user_version', { simple: true })),
      journal_mode: String(database.pragma('journal_mode', { simple: true })),
      bytes: { ledger: sizeOf(ledgerPath), wal: sizeOf(`${ledgerPath}-wal`) },
      commits: Number(database.prepare('SELECT commit_counter FROM ledger').pluck().get()),
      mark,
      held: lockHolder(ledgerPath) !== null,
      jobs: jobs.length,
      job: {
        state: job.state,
        created_at: isoTime(job.createdAt),
        updated_at: isoTime(job.updatedAt),
        input_bytes: job.inputBytes,
        lines: lineCounts(job),
        models: job.survey.models.map(({ model }) => model),
        region: job.endpoint.region,
        protocol: job.identity.protocol,
        simulated: job.identity.simulated,
        currency: job.currency,
        order: job.outputOrder,
        output_mode: job.outputMode,
        cursor: job.cursor,
        generation: job.generation,
      },
      attempts,
    };
  });
}
