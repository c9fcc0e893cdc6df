import { PICO } from '../models/price.ts';
import type { ReportDistribution, ReportSeries, ReportTimeline } from '../report/report-data.ts';
import type { Database } from './database.ts';
import { INTERRUPTED } from './possibly-billed.ts';
import type { Job } from './records.ts';
import { Steps } from './report-steps.ts';

/** Number of series that can be distinguished by colour; the others are merged. */
const SERIES_MAX = 8;

const CALLS = `SELECT a.model, a.started_at, a.ended_at, a.class = 'answered', a.code, a.input_tokens,
    a.output_tokens, a.cost_pico, a.estimated_tokens, a.class IS NULL
  FROM attempts a WHERE a.job_id = ?`;

type Call = readonly [
  model: string,
  startedAt: number,
  endedAt: number | null,
  answered: 0 | 1 | null,
  code: string | null,
  inputTokens: number | null,
  outputTokens: number | null,
  costPico: number | null,
  estimatedTokens: number,
  isOfUnknownFate: 0 | 1,
];

/** One series: its total cost, and histograms of latencies and lengths. */
type Sums = { costPico: number; calls: number; latencies: number[]; lengths: number[] };

/** Six steps per decade, 1 to 7e8. */
const EDGES: readonly number[] = Array.from({ length: 9 }, (_, power) =>
  [1, 1.5, 2, 3, 5, 7].map((step) => step * 10 ** power),
).flat();

function binOf(value: number): number {
  let low = 0;
  let high = EDGES.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((EDGES[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * Aggregates calls for charts in one pass: by time, model and currency; latencies and lengths of answers; codes. Memory
 * does not grow with the number of calls. Sums are for drawing only: tables use `usageReport`.
 */
export class ReportCalls {
  private readonly steps: Steps = new Steps();
  private readonly series: Map<string, Sums & ReportSeries> = new Map();
  private readonly codes: Map<string, number> = new Map();

  /** Calls of unknown outcome are in flight while the job is `running`, and do not count yet. */
  add(database: Database, job: Job, isRunning: boolean): void {
    const calls = database.prepare(CALLS).raw().iterate(job.id) as Iterable<Call>;
    for (const call of calls) {
      if (!(isRunning && call[9] === 1)) this.addCall(call, job.currency);
    }
  }

  /** Calls without an answer, by code. */
  get unanswered(): ReadonlyMap<string, number> {
    return this.codes;
  }

  private addCall(call: Call, currency: string): void {
    const [model, startedAt, endedAt, answered, code, input, output, costPico] = call;
    const key = `${currency} ${model}`;
    let sums = this.series.get(key);
    if (sums === undefined) {
      sums = { model, currency, costPico: 0, calls: 0, latencies: [], lengths: [] };
      this.series.set(key, sums);
    }
    sums.calls += 1;
    const step = this.steps.at(endedAt ?? startedAt, key);
    if (answered !== 1) {
      step.unanswered += 1;
      const shown = call[9] === 1 ? INTERRUPTED : (code ?? '');
      this.codes.set(shown, (this.codes.get(shown) ?? 0) + 1);
      return;
    }
    step.answered += 1;
    step.inputTokens += input ?? 0;
    step.outputTokens += output ?? 0;
    step.costPico += costPico ?? 0;
    sums.costPico += costPico ?? 0;
    // Adopted from output files: their duration is unknown.
    const isTimed = endedAt !== null && (endedAt !== startedAt || call[8] > 0);
    if (isTimed) count(sums.latencies, binOf(endedAt - startedAt));
    if (output !== null) count(sums.lengths, binOf(output));
  }

  /** The most expensive series individually, the others merged per currency. */
  charts(): {
    timeline: ReportTimeline;
    latencyMs: ReportDistribution;
    outputTokens: ReportDistribution;
  } {
    const sorted = [...this.series].toSorted(
      ([, a], [, b]) => b.costPico - a.costPico || b.calls - a.calls,
    );
    const shown: ReportSeries[] = [];
    const indexOf = new Map<string, number>();
    const latencies: number[][] = [];
    const lengths: number[][] = [];
    const own = sorted.length <= SERIES_MAX ? SERIES_MAX : SERIES_MAX - 1;
    for (const [at, [key, sums]] of sorted.entries()) {
      const model = at < own ? sums.model : null;
      let index = shown.findIndex((one) => one.model === model && one.currency === sums.currency);
      if (index === -1) {
        index = shown.push({ model, currency: sums.currency }) - 1;
        latencies.push([]);
        lengths.push([]);
      }
      indexOf.set(key, index);
      for (const [to, from] of [
        [latencies[index], sums.latencies],
        [lengths[index], sums.lengths],
      ] as const)
        for (const [bin, calls] of from.entries()) count(to ?? [], bin, calls);
    }
    return {
      timeline: this.timeline(shown, indexOf),
      latencyMs: distribution(latencies),
      outputTokens: distribution(lengths),
    };
  }

  private timeline(
    series: readonly ReportSeries[],
    indexOf: ReadonlyMap<string, number>,
  ): ReportTimeline {
    const rows = this.steps.merged((key) => String(indexOf.get(key)));
    return {
      spanMs: this.steps.spanMs,
      series,
      at: rows.map(({ at }) => at),
      of: rows.map(({ key }) => Number(key)),
      answered: rows.map((row) => row.answered),
      unanswered: rows.map((row) => row.unanswered),
      inputTokens: rows.map((row) => row.inputTokens),
      outputTokens: rows.map((row) => row.outputTokens),
      cost: rows.map((row) => row.costPico / PICO),
    };
  }
}

function count(bins: number[], bin: number, calls = 1): void {
  while (bins.length <= bin) bins.push(0);
  bins[bin] = (bins[bin] ?? 0) + calls;
}

/** The bins from the first to the last used. */
function distribution(counts: readonly (readonly number[])[]): ReportDistribution {
  const firsts = counts.map((bins) => bins.findIndex((calls) => calls > 0)).filter((at) => at >= 0);
  if (firsts.length === 0) return { edges: [], counts: counts.map(() => []) };
  const from = Math.min(...firsts);
  const to = Math.max(...counts.map((bins) => bins.length));
  return {
    edges: EDGES.slice(from, to + 1),
    counts: counts.map((bins) =>
      Array.from({ length: to - from }, (_, at) => bins[from + at] ?? 0),
    ),
  };
}
