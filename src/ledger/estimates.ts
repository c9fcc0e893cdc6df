import { OutputSizes, type OutputSizesRecord } from '../models/output-sizes.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import { hasPaceTables } from './read-trace.ts';

/** What the answers of one model, thinking or not, took in one run, beside what was expected of them. */
export type EstimateSums = {
  readonly model: string;
  readonly thinking: boolean;
  /** Answered lines whose usage and estimate are both in the sums. */
  readonly lines: number;
  readonly inputEstimated: number;
  readonly inputActual: number;
  readonly outputEstimated: number;
  readonly outputActual: number;
  /** Pico-units; 0 for an unpriced model. */
  readonly picoEstimated: number;
  readonly picoActual: number;
};

/** Before the first answer. */
export const NO_SUMS: Readonly<Record<SumName, 0>> = {
  lines: 0,
  inputEstimated: 0,
  inputActual: 0,
  outputEstimated: 0,
  outputActual: 0,
  picoEstimated: 0,
  picoActual: 0,
};

type SumName = Exclude<keyof EstimateSums, 'model' | 'thinking'>;

/** The sums of one run and its answers' sizes, as the ledger keeps them. */
export type EstimateRecord = EstimateSums & { readonly sizes: OutputSizesRecord };

const PUT = `INSERT OR REPLACE INTO estimates (job_id, run, model, thinking, lines, input_estimated,
    input_actual, output_estimated, output_actual, pico_estimated, pico_actual, output_sizes)
  VALUES (@jobId, @run, @model, @thinking, @lines, @inputEstimated, @inputActual, @outputEstimated,
    @outputActual, @picoEstimated, @picoActual, @sizes)`;

const SUMS = `SELECT model, thinking, sum(lines) AS lines, sum(input_estimated) AS inputEstimated,
    sum(input_actual) AS inputActual, sum(output_estimated) AS outputEstimated,
    sum(output_actual) AS outputActual, sum(pico_estimated) AS picoEstimated,
    sum(pico_actual) AS picoActual
  FROM estimates WHERE job_id = ? AND run > 0 GROUP BY model, thinking ORDER BY model, thinking`;

/** Writes down what a run has come to so far; inside a transaction. */
export function putEstimates(
  ledger: Ledger,
  at: { readonly jobId: number; readonly run: number },
  records: readonly EstimateRecord[],
): void {
  const put = ledger.database.prepare(PUT);
  for (const record of records)
    put.run({
      ...at,
      ...record,
      thinking: record.thinking ? 1 : 0,
      sizes: JSON.stringify(record.sizes),
    });
}

/** The sums over all runs of a job with this input; of a run that was killed, up to 10 s before its end. */
export function estimateSums(database: Database, jobId: number): EstimateSums[] {
  if (!hasPaceTables(database)) return [];
  const rows = database.prepare(SUMS).all(jobId) as (Omit<EstimateSums, 'thinking'> & {
    readonly thinking: number;
  })[];
  return rows.map((row) => ({ ...row, thinking: row.thinking === 1 }));
}

/**
 * A job gets another input: what its runs have come to is of the old one. How long answers were stays
 * worth knowing, under negative numbers of runs. Inside a transaction.
 */
export function setSumsAside({ database }: Ledger, jobId: number): void {
  database.prepare('UPDATE estimates SET run = -run WHERE job_id = ? AND run > 0').run(jobId);
}

/** Sizes by what their answers were; `sizesKey` names one. */
export type SeenSizes = ReadonlyMap<string, OutputSizes>;

/** Thinking answers of a model are of another size than others. */
export function sizesKey(model: string, thinking: boolean): string {
  return thinking ? `${model}\nthinking` : model;
}

/**
 * How long answers were: of one job, where it has some of that kind, else of every job in this
 * ledger that was sent to the same kind of service: rehearsals with the simulator say nothing of the
 * real one. A null job is one that is not there yet.
 */
export function seenSizes(
  database: Database,
  at: { readonly jobId: number | null; readonly simulated: boolean },
): SeenSizes {
  if (!hasPaceTables(database)) return new Map();
  const rows = database
    .prepare(
      `SELECT job_id, model, thinking, output_sizes FROM estimates
       WHERE job_id IN (SELECT id FROM jobs WHERE json_extract(identity, '$.simulated') = ?)`,
    )
    .raw()
    .iterate(at.simulated ? 1 : 0) as IterableIterator<[number, string, number, string]>;
  const own = new Map<string, OutputSizes>();
  const all = new Map<string, OutputSizes>();
  for (const [jobId, model, thinking, text] of rows) {
    const key = sizesKey(model, thinking === 1);
    const sizes = OutputSizes.of(JSON.parse(text) as OutputSizesRecord);
    for (const seen of jobId === at.jobId ? [own, all] : [all]) {
      const sum = seen.get(key) ?? new OutputSizes();
      sum.addAll(sizes);
      seen.set(key, sum);
    }
  }
  return new Map([...all, ...own]);
}
