import { formatPico } from '../models/price.ts';
import type { PossiblyBilled } from '../reporters/reporter.ts';
import type { Database } from './database.ts';

/** SQL over `attempts a`: the call may have been billed without an answer, or its fate is unknown. */
export const UNCERTAIN = "(a.class IS NULL OR a.class = 'possibly_billed')";

/** What a call of unknown fate is called, once no run works it any more. */
export const INTERRUPTED = 'qbatch_interrupted';

/** Codes of calls that were cut before the service had said how they ended. */
export const CUT_CODES: readonly string[] = [
  'qbatch_connection_error',
  INTERRUPTED,
  'qbatch_timeout',
  'qbatch_truncated_stream',
];

/**
 * SQL over `attempts a`: the call was cut. What a stream had counted by then is the least that it took: the model may
 * have written on.
 */
const CUT = `a.code IN (${CUT_CODES.map((code) => `'${code}'`).join(', ')})`;

const TOLD_TOKENS = 'coalesce(a.total_tokens, a.input_tokens + a.output_tokens)';

/** SQL over `attempts a`: tokens of an uncertain call, as reported where they were, else (cut: at the least) as estimated. */
export const UNCERTAIN_TOKENS: string = `CASE WHEN ${CUT} THEN max(coalesce(${TOLD_TOKENS}, 0), a.estimated_tokens)
  ELSE coalesce(${TOLD_TOKENS}, a.estimated_tokens) END`;

/** SQL over `attempts a`: cost of an uncertain call in pico-units, likewise; null where the model has no known price. */
export const UNCERTAIN_PICO: string = `CASE WHEN ${CUT} AND a.cost_pico < a.estimated_pico THEN a.estimated_pico
  ELSE coalesce(a.cost_pico, a.estimated_pico) END`;

/** Sums over uncertain calls. `pricedAttempts` are those whose cost is in `pico`. */
export type UncertainSums = {
  lines: number;
  attempts: number;
  tokens: bigint;
  pico: bigint;
  pricedAttempts: number;
};

/** The sums as the outside sees them; the amount is null where calls were made and none has a price. */
export function possiblyBilledOf(sums: UncertainSums): PossiblyBilled {
  const { lines, attempts, tokens, pico, pricedAttempts } = sums;
  return {
    lines,
    attempts,
    tokens: Number(tokens),
    amount: attempts > 0 && pricedAttempts === 0 ? null : formatPico(pico),
    unpriced_attempts: attempts - pricedAttempts,
  };
}

/** One line with calls that may have been billed without an answer; `lineNo` is null for one that left the input. */
export type PossiblyBilledLine = {
  readonly lineNo: number | null;
  readonly customId: string | null;
  readonly attempts: number;
};

/** The lines of a job that have such calls, in input order, those that left the input last; at most `limit`. */
export function possiblyBilledLines(
  database: Database,
  jobId: number,
  limit: number,
): PossiblyBilledLine[] {
  const rows = database
    .prepare(
      `SELECT CASE WHEN a.line_no > 0 THEN a.line_no END AS lineNo, a.custom_id AS customId, count(*) AS attempts
       FROM attempts a WHERE a.job_id = ? AND ${UNCERTAIN} GROUP BY a.line_no ORDER BY a.line_no < 0, abs(a.line_no) LIMIT ?`,
    )
    .all(jobId, limit);
  return rows as PossiblyBilledLine[];
}
