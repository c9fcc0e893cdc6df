import { PICO } from '../models/price.ts';
import type { ReportEstimate } from '../report/report-data.ts';
import type { Database } from './database.ts';
import { type EstimateSums, estimateSums } from './estimates.ts';
import type { Job } from './records.ts';

const ANSWERED = `SELECT count(*) AS lines, coalesce(sum(input_tokens), 0) AS inputActual,
    coalesce(sum(output_tokens), 0) AS outputActual, coalesce(sum(cost_pico), 0) AS picoActual
  FROM attempts WHERE job_id = ? AND class = 'answered'`;

type AnsweredRow = Pick<EstimateSums, 'lines' | 'inputActual' | 'outputActual' | 'picoActual'>;

/**
 * Expected against actual usage of a job's answered lines: for the job by its survey, in proportion to the lines answered,
 * and for each model by what the runs recorded.
 */
export function reportEstimates(database: Database, job: Job): ReportEstimate[] {
  const about = { job: job.name, currency: job.currency };
  const { survey } = job;
  const estimates: ReportEstimate[] = [];
  const answered = database.prepare(ANSWERED).get(job.id) as AnsweredRow;
  if (survey.valid > 0 && answered.lines > 0) {
    const { picoActual, ...actual } = answered;
    const share = answered.lines / survey.valid;
    estimates.push({
      ...about,
      ...actual,
      model: null,
      thinking: false,
      inputEstimated: survey.inputTokens * share,
      outputEstimated: survey.outputExpectedTokens * share,
      costEstimated: (survey.expectedPico / PICO) * share,
      costActual: picoActual / PICO,
    });
  }
  for (const { picoEstimated, picoActual, ...sums } of estimateSums(database, job.id))
    estimates.push({
      ...about,
      ...sums,
      costEstimated: picoEstimated / PICO,
      costActual: picoActual / PICO,
    });
  return estimates;
}
