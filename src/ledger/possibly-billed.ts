import { formatPico } from '../models/price.ts';
import type { PossiblyBilled } from '../reporters/reporter.ts';
import type { Database } from './database.ts';

/** SQL over `attempts a`: the call may have been billed without an answer, or its outcome is unknown. */
export const UNCERTAIN = "(a.class IS NULL OR a.class = 'possibly_billed')";

/** Code of a call of unknown outcome once no run is processing it. */
export const INTERRUPTED = 'qbatch_interrupted';

/** Codes of calls cut off before the service reported their end. */
export const CUT_CODES: readonly string[] = [
  'qbatch_connection_error',
  INTERRUPTED,
  'qbatch_timeout',
  'qbatch_truncated_stream',
];

/**
 * SQL over `attempts a`: the call was cut off. The usage its stream had reported by then is a minimum: the model may have
 * continued.
 */
const CUT = `a.code IN (${CUT_CODES.map((code) => `'${code}'`).join(', ')})`;

const TOLD_TOKENS = 'coalesce(a.total_tokens, a.input_tokens + a.output_tokens)';

/** SQL over `attempts a`: tokens of an uncertain call, as reported, else (cut off: at least) as estimated. */
export const UNCERTAIN_TOKENS: string = `CASE WHEN ${CUT} THEN max(coalesce(${TOLD_TOKENS}, 0), a.estimated_tokens)
  ELSE coalesce(${TOLD_TOKENS}, a.estimated_tokens) END`;

/** SQL over `attempts a`: cost of an uncertain call in pico-units, likewise; null if the model has no known price. */
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

/** The sums for reports; the amount is null if calls were made and none has a price. */
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

/** One line with calls that may have been billed without an answer; `lineNo` is null if it left the input. */
export type PossiblyBilledLine = {
  readonly lineNo: number | null;
  readonly customId: string | null;
  readonly attempts: number;
};

/** A job's lines with such calls, in input order, removed ones last; at most `limit`. */
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
