import { exactPico, formatPico } from '../models/price.ts';
import type { UsageMeasures } from '../report/usage-report.ts';
import { numberOf } from './database.ts';
import { Histogram } from './histogram.ts';
import { possiblyBilledOf, type UncertainSums } from './possibly-billed.ts';

/** Sums of reported tokens of answered calls; null: none reported the field. */
type TokenSums = [bigint | null, bigint | null, bigint | null, bigint | null, bigint | null];

/** One row of `addCalls`. */
export type CallRow = readonly [
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

/** The sums of a group of lines and calls: exact integers, until `measures` formats them. */
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
  private readonly distributions: Readonly<Record<'latency' | 'input' | 'output', Histogram>> = {
    latency: new Histogram(),
    input: new Histogram(),
    output: new Histogram(),
  };
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
    const [calls, answered, ...rest] = row;
    const [input, output, total, cached, reasoning, costPico, priced] = rest;
    this.attempts += Number(calls);
    this.answeredCalls += Number(answered);
    this.pricedCalls += Number(priced);
    this.costPico += costPico ?? 0n;
    for (const [index, sum] of [input, output, total, cached, reasoning].entries()) {
      if (sum !== null) this.tokens[index] = (this.tokens[index] ?? 0n) + sum;
    }
  }

  /** Usage of one answered call; null: unknown. */
  addCall(latencyMs: number | null, input: number | null, output: number | null): void {
    const { latency, input: inputs, output: outputs } = this.distributions;
    if (latencyMs !== null) latency.add(latencyMs, 1);
    if (input !== null) inputs.add(input, 1);
    if (output !== null) outputs.add(output, 1);
  }

  /** Merges the distributions of another. */
  addDistributionsOf(other: UsageSums): void {
    this.distributions.latency.addAll(other.distributions.latency);
    this.distributions.input.addAll(other.distributions.input);
    this.distributions.output.addAll(other.distributions.output);
  }

  addUncertain(sums: UncertainSums): void {
    this.uncertain.lines += sums.lines;
    this.uncertain.attempts += sums.attempts;
    this.uncertain.tokens += sums.tokens;
    this.uncertain.pico += sums.pico;
    this.uncertain.pricedAttempts += sums.pricedAttempts;
  }

  /** The sums for reports. Cost is null if calls were answered and none has a price. */
  measures(): UsageMeasures {
    const [input, output, total, cached, reasoning] = this.tokens;
    const possiblyBilled = possiblyBilledOf(this.uncertain);
    const unpriced = this.answeredCalls > 0 && this.pricedCalls === 0;
    const { latency } = this.distributions;
    const [p50 = null, p90 = null, p95 = null, p99 = null] = latency.percentiles([50, 90, 95, 99]);
    return {
      lines: this.lines,
      answered: this.answered,
      failed: this.failed,
      attempts: this.attempts,
      input_tokens: numberOf(input),
      output_tokens: numberOf(output),
      total_tokens: numberOf(total),
      cached_tokens: numberOf(cached),
      reasoning_tokens: numberOf(reasoning),
      cache_hit_share: cached === null || !input ? null : shareOf(cached, input),
      cost: unpriced ? null : formatPico(this.costPico),
      cost_per_answered_line: this.perLine(),
      // A possibly billed amount needs its currency as well.
      currency: unpriced && this.uncertain.pricedAttempts === 0 ? null : this.currency,
      unpriced_lines: this.answeredCalls - this.pricedCalls,
      possibly_billed: possiblyBilled,
      latency_ms: { p50, p90, p95, p99 },
      call_input_tokens: this.tokenPercentiles('input'),
      call_output_tokens: this.tokenPercentiles('output'),
    };
  }

  /** Cost per priced answer, rounded half up to the pico-unit; null if there is none. */
  private perLine(): string | null {
    if (this.pricedCalls === 0) return null;
    const answers = BigInt(this.pricedCalls);
    return exactPico((2n * this.costPico + answers) / (2n * answers));
  }

  private tokenPercentiles(side: 'input' | 'output'): UsageMeasures['call_input_tokens'] {
    const [p50 = null, p90 = null, p99 = null] = this.distributions[side].percentiles([50, 90, 99]);
    return { p50, p90, p99 };
  }
}

/** To four decimals. */
function shareOf(part: bigint, whole: bigint): number {
  return Math.round((Number(part) / Number(whole)) * 10_000) / 10_000;
}
