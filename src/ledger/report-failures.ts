import type { ReportFailure } from '../report/report-data.ts';
import type { Database } from './database.ts';
import { INTERRUPTED } from './possibly-billed.ts';
import type { Job } from './records.ts';

const SAMPLES_MAX = 3;
const MESSAGE_CHARS_MAX = 300;

type Sample = ReportFailure['samples'][number];
type SampleRow = Omit<Sample, 'job'> & { readonly code: string; readonly lines: number };

const SAMPLES = `SELECT code, lines, line, customId, model, message FROM (
    SELECT coalesce(code, '') AS code, line_no AS line, custom_id AS customId, model,
      substr(message, 1, ${MESSAGE_CHARS_MAX}) AS message, count(*) OVER (PARTITION BY code) AS lines,
      row_number() OVER (PARTITION BY code ORDER BY line_no) AS place
    FROM lines WHERE job_id = ? AND state <> 'answered')
  WHERE place <= ${SAMPLES_MAX}`;

/** Codes of calls whose line is not answered: it failed, is open, or left the input. */
const NOT_OVERCOME = `SELECT DISTINCT CASE WHEN a.class IS NULL THEN '${INTERRUPTED}' ELSE coalesce(a.code, '') END
  FROM attempts a LEFT JOIN lines l ON l.job_id = a.job_id AND l.line_no = a.line_no
  WHERE a.job_id = ? AND a.class IS NOT 'answered' AND l.state IS NOT 'answered'`;

/** Calls of unknown outcome are in flight then, and do not count yet. */
const WHILE_RUNNING = ' AND a.class IS NOT NULL';

/** Collects failures by code, with the first lines of each as samples. */
export class ReportFailures {
  private readonly byCode: Map<string, { lines: number; samples: Sample[] }> = new Map();
  private readonly notOvercome: Set<string> = new Set();

  add(database: Database, job: Job, isRunning: boolean): void {
    const met = isRunning ? NOT_OVERCOME + WHILE_RUNNING : NOT_OVERCOME;
    for (const code of database.prepare(met).pluck().all(job.id) as string[])
      this.notOvercome.add(code);
    const seen = new Set<string>();
    for (const row of database.prepare(SAMPLES).all(job.id) as SampleRow[]) {
      const { code, lines, ...sample } = row;
      const failure = this.failureOf(code);
      if (!seen.has(code)) failure.lines += lines;
      seen.add(code);
      if (failure.samples.length < SAMPLES_MAX) failure.samples.push({ job: job.name, ...sample });
    }
  }

  /** Sorted by lines, then by calls; `calls` are those without an answer, by code. */
  failures(calls: ReadonlyMap<string, number>): ReportFailure[] {
    for (const code of calls.keys()) this.failureOf(code);
    return [...this.byCode]
      .map(([code, { lines, samples }]) => ({
        code,
        lines,
        calls: calls.get(code) ?? 0,
        overcome: lines === 0 && !this.notOvercome.has(code),
        samples,
      }))
      .toSorted((a, b) => b.lines - a.lines || b.calls - a.calls || (a.code < b.code ? -1 : 1));
  }

  private failureOf(code: string): { lines: number; samples: Sample[] } {
    const failure = this.byCode.get(code) ?? { lines: 0, samples: [] };
    this.byCode.set(code, failure);
    return failure;
  }
}
