import { OutputSizes, type OutputSizesRecord } from '../models/output-sizes.ts';
import type { Database } from './database.ts';
import type { Ledger } from './ledger.ts';
import { hasPaceTables } from './read-trace.ts';

/** Actual and expected usage of the answers of one model, thinking or not, in one run. */
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

/** The sums before the first answer. */
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

/** The sums of one run and the sizes of its answers, as stored in the ledger. */
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

/** Stores a run's results so far; inside a transaction. */
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

/** The sums over all runs of a job with this input; for a killed run, up to 10 s before its end. */
export function estimateSums(database: Database, jobId: number): EstimateSums[] {
  if (!hasPaceTables(database)) return [];
  const rows = database.prepare(SUMS).all(jobId) as (Omit<EstimateSums, 'thinking'> & {
    readonly thinking: number;
  })[];
  return rows.map((row) => ({ ...row, thinking: row.thinking === 1 }));
}

/**
 * Called when a job gets another input: the sums of earlier runs no longer apply. Answer lengths remain useful, and are
 * kept under negative run numbers. Inside a transaction.
 */
export function setSumsAside({ database }: Ledger, jobId: number): void {
  database.prepare('UPDATE estimates SET run = -run WHERE job_id = ? AND run > 0').run(jobId);
}

/** Answer sizes by kind; see `sizesKey`. */
export type SeenSizes = ReadonlyMap<string, OutputSizes>;

/** Thinking answers of a model differ in size from others. */
export function sizesKey(model: string, thinking: boolean): string {
  return thinking ? `${model}\nthinking` : model;
}

/**
 * Answer lengths: of the given job, if it has any of that kind, else of every job in this ledger sent to the same kind of
 * service: runs against the simulator say nothing of the real one. `jobId` null: the job does not exist yet.
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
