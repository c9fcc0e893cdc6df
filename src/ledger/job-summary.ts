import { formatPico } from '../models/price.ts';
import type { EstimateError, RunSummary } from '../reporters/reporter.ts';
import { type EstimateSums, estimateSums, NO_SUMS } from './estimates.ts';
import { type Database, numberOf } from './database.ts';
import {
  possiblyBilledOf,
  UNCERTAIN,
  UNCERTAIN_PICO,
  UNCERTAIN_TOKENS,
} from './possibly-billed.ts';
import { lineCounts } from './jobs.ts';
import type { Job } from './records.ts';

/** What the ledger does not know about a run. `elapsedMs`: its duration. */
export type SummaryContext = {
  readonly ledger: string;
  readonly elapsedMs: number;
  readonly stopped: RunSummary['stopped'];
};

type AttemptSums = {
  attempts: bigint;
  input_tokens: bigint | null;
  output_tokens: bigint | null;
  total_tokens: bigint | null;
  cached_tokens: bigint | null;
  reasoning_tokens: bigint | null;
  unpriced: bigint;
  uncertain_lines: bigint;
  uncertain_attempts: bigint;
  uncertain_tokens: bigint | null;
  uncertain_pico: bigint | null;
  uncertain_priced: bigint;
};

const ANSWERED = "FILTER (WHERE a.class = 'answered')";

// One pass over all calls, including those of removed lines (negative numbers): they were paid for.
const ATTEMPT_SUMS = `SELECT count(*) AS attempts,
  sum(a.input_tokens) ${ANSWERED} AS input_tokens, sum(a.output_tokens) ${ANSWERED} AS output_tokens,
  sum(a.total_tokens) ${ANSWERED} AS total_tokens, sum(a.cached_tokens) ${ANSWERED} AS cached_tokens,
  sum(a.reasoning_tokens) ${ANSWERED} AS reasoning_tokens,
  count(*) FILTER (WHERE a.class = 'answered' AND a.cost_pico IS NULL) AS unpriced,
  count(DISTINCT a.line_no) FILTER (WHERE ${UNCERTAIN}) AS uncertain_lines,
  count(*) FILTER (WHERE ${UNCERTAIN}) AS uncertain_attempts,
  sum(${UNCERTAIN_TOKENS}) FILTER (WHERE ${UNCERTAIN}) AS uncertain_tokens,
  sum(${UNCERTAIN_PICO}) FILTER (WHERE ${UNCERTAIN}) AS uncertain_pico,
  count(${UNCERTAIN_PICO}) FILTER (WHERE ${UNCERTAIN}) AS uncertain_priced
  FROM attempts a WHERE a.job_id = ?`;

/** Number of answered calls of a job without a known price. */
export function unpricedLines(database: Database, jobId: number): number {
  const count =
    "SELECT count(*) FROM attempts WHERE job_id = ? AND class = 'answered' AND cost_pico IS NULL";
  return Number(database.prepare(count).pluck().get(jobId));
}

/**
 * The outcome of a job as `run --json` prints it: counts and cost from the job's running sums, tokens and possibly billed
 * calls summed over its attempts. Token sums cover answered calls; null if none reported the field. Reads the attempts
 * once; SQLite's errors pass through.
 */
export function jobSummary(database: Database, job: Job, context: SummaryContext): RunSummary {
  const sums = database.prepare(ATTEMPT_SUMS).safeIntegers().get(job.id) as AttemptSums;
  return {
    schema: 1,
    job: job.name,
    ledger: context.ledger,
    lines: lineCounts(job),
    attempts: Number(sums.attempts),
    usage: {
      input_tokens: numberOf(sums.input_tokens),
      output_tokens: numberOf(sums.output_tokens),
      total_tokens: numberOf(sums.total_tokens),
      cached_tokens: numberOf(sums.cached_tokens),
      reasoning_tokens: numberOf(sums.reasoning_tokens),
    },
    cost: {
      amount: formatPico(job.costPico),
      currency: job.currency,
      unpriced_lines: Number(sums.unpriced),
    },
    possibly_billed: possiblyBilledOf({
      lines: Number(sums.uncertain_lines),
      attempts: Number(sums.uncertain_attempts),
      tokens: sums.uncertain_tokens ?? 0n,
      pico: sums.uncertain_pico ?? 0n,
      pricedAttempts: Number(sums.uncertain_priced),
    }),
    estimate: estimateError(estimateSums(database, job.id)),
    outputs: { results: job.resultsPath === '-' ? null : job.resultsPath, errors: job.errorsPath },
    elapsed_ms: context.elapsedMs,
    simulated: job.identity.simulated,
    stopped: context.stopped,
  };
}

/** Expected against actual usage over all models; null if nothing was answered. Pure. */
function estimateError(sums: readonly EstimateSums[]): EstimateError | null {
  const total: Record<keyof typeof NO_SUMS, number> = { ...NO_SUMS };
  for (const each of sums) {
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += each[key];
  }
  if (total.lines === 0) return null;
  const amount = (pico: number): string => formatPico(BigInt(Math.round(pico)));
  return {
    lines: total.lines,
    input_tokens: { estimated: total.inputEstimated, actual: total.inputActual },
    output_tokens: { estimated: total.outputEstimated, actual: total.outputActual },
    cost:
      total.picoEstimated > 0
        ? { estimated: amount(total.picoEstimated), actual: amount(total.picoActual) }
        : null,
  };
}
