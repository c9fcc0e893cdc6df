import type { ReportEstimate } from '../report/report-data.ts';
import type { Database } from './database.ts';
import type { Job } from './records.ts';

const PICO = 1e12;
/** In SQL: a whole number would cut off the fraction. */
const PICO_SQL = '1e12';

const ESTIMATES = `SELECT model, thinking, sum(lines) AS lines, sum(input_estimated) AS inputEstimated,
    sum(input_actual) AS inputActual, sum(output_estimated) AS outputEstimated,
    sum(output_actual) AS outputActual, sum(pico_estimated) / ${PICO_SQL} AS costEstimated,
    sum(pico_actual) / ${PICO_SQL} AS costActual
  FROM estimates WHERE job_id = ? GROUP BY model, thinking ORDER BY model, thinking`;

const ANSWERED = `SELECT count(*) AS lines, coalesce(sum(input_tokens), 0) AS inputActual,
    coalesce(sum(output_tokens), 0) AS outputActual, coalesce(sum(cost_pico), 0) / ${PICO_SQL} AS costActual
  FROM attempts WHERE job_id = ? AND class = 'answered'`;

type EstimateRow = Omit<ReportEstimate, 'job' | 'currency' | 'thinking'> & {
  readonly thinking: number;
};
type AnsweredRow = Pick<ReportEstimate, 'lines' | 'inputActual' | 'outputActual' | 'costActual'>;

/** A ledger that is only read may be older than the table. */
function hasEstimates(database: Database): boolean {
  const found = database
    .prepare("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'estimates'")
    .pluck()
    .get();
  return Number(found) > 0;
}

/**
 * What was expected of a job's answered lines beside what they took: of the job by its survey, in
 * proportion to the lines answered, and of each model by what the runs wrote down.
 */
export function reportEstimates(database: Database, job: Job): ReportEstimate[] {
  const about = { job: job.name, currency: job.currency };
  const { survey } = job;
  const estimates: ReportEstimate[] = [];
  const answered = database.prepare(ANSWERED).get(job.id) as AnsweredRow;
  if (survey.valid > 0 && answered.lines > 0) {
    const share = answered.lines / survey.valid;
    estimates.push({
      ...about,
      ...answered,
      model: null,
      thinking: false,
      inputEstimated: survey.inputTokens * share,
      outputEstimated: survey.outputExpectedTokens * share,
      costEstimated: (survey.expectedPico / PICO) * share,
    });
  }
  if (!hasEstimates(database)) return estimates;
  for (const row of database.prepare(ESTIMATES).all(job.id) as EstimateRow[])
    estimates.push({ ...about, ...row, thinking: row.thinking === 1 });
  return estimates;
}
