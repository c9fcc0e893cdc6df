import { formatPico } from '../models/price.ts';
import type { LatencyPercentiles, UsageMeasures } from '../report/usage-report.ts';
import { possiblyBilledOf, type UncertainSums } from './possibly-billed.ts';

/** Sums of reported tokens of answered calls; null: none reported the field. */
type TokenSums = [bigint | null, bigint | null, bigint | null, bigint | null, bigint | null];

/** How many measures one row of `addCalls` holds, in this order: latency, calls, answered, five token sums, cost, priced. */
export type CallRow = readonly [
  latencyMs: bigint | null,
  calls: bigint,
  answered: bigint,
  input: bigint | null,
  output: bigint | null,
  total: bigint | null,
  cached: bigint | null,
  reasoning: bigint | null,
  costPico: bigint | null,
  priced: bigint,
];

/** What a group of lines and calls adds up to: exact integers, until `measures` prints them. */
export class UsageSums {
  readonly currency: string;
  private lines = 0;
  private answered = 0;
  private failed = 0;
  private attempts = 0;
  private answeredCalls = 0;
  private pricedCalls = 0;
  private costPico = 0n;
  private readonly tokens: TokenSums = [null, null, null, null, null];
  /** How many answered calls took how many milliseconds. */
  private readonly latencies: Map<number, number> = new Map();
  private readonly uncertain: UncertainSums = {
    lines: 0,
    attempts: 0,
    tokens: 0n,
    pico: 0n,
    pricedAttempts: 0,
  };

  constructor(currency: string) {
    this.currency = currency;
  }

  addLines(lines: number, answered: number, failed: number): void {
    this.lines += lines;
    this.answered += answered;
    this.failed += failed;
  }

  addCalls(row: CallRow): void {
    const [latencyMs, calls, answered, ...rest] = row;
    const [input, output, total, cached, reasoning, costPico, priced] = rest;
    this.attempts += Number(calls);
    this.answeredCalls += Number(answered);
    this.pricedCalls += Number(priced);
    this.costPico += costPico ?? 0n;
    for (const [index, sum] of [input, output, total, cached, reasoning].entries()) {
      if (sum !== null) this.tokens[index] = (this.tokens[index] ?? 0n) + sum;
    }
    if (latencyMs === null) return;
    const ms = Number(latencyMs);
    this.latencies.set(ms, (this.latencies.get(ms) ?? 0) + Number(answered));
  }

  addUncertain(sums: UncertainSums): void {
    this.uncertain.lines += sums.lines;
    this.uncertain.attempts += sums.attempts;
    this.uncertain.tokens += sums.tokens;
    this.uncertain.pico += sums.pico;
    this.uncertain.pricedAttempts += sums.pricedAttempts;
  }

  /** The sums as the outside sees them. Cost is null where calls were answered and none has a price. */
  measures(): UsageMeasures {
    const [input, output, total, cached, reasoning] = this.tokens;
    const possiblyBilled = possiblyBilledOf(this.uncertain);
    const unpriced = this.answeredCalls > 0 && this.pricedCalls === 0;
    return {
      lines: this.lines,
      answered: this.answered,
      failed: this.failed,
      attempts: this.attempts,
      input_tokens: input === null ? null : Number(input),
      output_tokens: output === null ? null : Number(output),
      total_tokens: total === null ? null : Number(total),
      cached_tokens: cached === null ? null : Number(cached),
      reasoning_tokens: reasoning === null ? null : Number(reasoning),
      cost: unpriced ? null : formatPico(this.costPico),
      // An amount that is only possibly billed needs its currency as well.
      currency: unpriced && this.uncertain.pricedAttempts === 0 ? null : this.currency,
      possibly_billed: possiblyBilled,
      latency_ms: percentiles(this.latencies),
    };
  }
}

/** Nearest rank: the smallest latency that at least this share of the calls did not exceed. Exact to the millisecond. */
function percentiles(latencies: ReadonlyMap<number, number>): LatencyPercentiles {
  const sorted = [...latencies].toSorted(([a], [b]) => a - b);
  const count = sorted.reduce((sum, [, calls]) => sum + calls, 0);
  const at = (percent: number): number | null => {
    // In whole numbers: 0.95 * 20 is not quite 19 in floating point.
    const rank = Math.ceil((percent * count) / 100);
    let passed = 0;
    for (const [latencyMs, calls] of sorted) {
      passed += calls;
      if (passed >= rank) return latencyMs;
    }
    return null;
  };
  return { p50: at(50), p95: at(95), p99: at(99) };
}
