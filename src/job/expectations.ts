import type { EstimateRecord, EstimateSums, SeenSizes } from '../ledger/estimates.ts';
import { NO_SUMS, sizesKey } from '../ledger/estimates.ts';
import type { Admittable, Reservation } from '../limits/ticket.ts';
import { OutputSizes } from '../models/output-sizes.ts';
import type { OutputSeen } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { Usage } from '../usage.ts';

/** From this many answers of a kind on, what they used counts for more than the assumptions. */
export const TELLING_ANSWERS = 20;
/** The share of answers that a reservation should cover. */
const COVERED = 0.99;
/** The quantile is recomputed after this many answers. */
const LOOK_EVERY_ANSWERS = 16;

/** The expected answer length from earlier runs. */
export function outputSeenIn(sizes: SeenSizes): OutputSeen {
  return (model, thinking) => {
    const seen = sizes.get(sizesKey(model, thinking));
    return seen === undefined || seen.count < TELLING_ANSWERS ? null : seen.mean;
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One model, thinking or not. `longest`: the output per answer that reservations cover; see `lookAt`. */
type Kind = {
  readonly sums: Mutable<EstimateSums>;
  /** Of this run only, for the ledger. */
  readonly sizes: OutputSizes;
  /** Including earlier runs, for predictions. */
  readonly seen: OutputSizes;
  longest: number;
  lookAt: number;
};

/**
 * What calls are expected to use, refined by what calls used. Owns one run's sums of estimated and actual tokens and money,
 * and its distribution of answer lengths.
 */
export class Expectations {
  private readonly pricing: Pick<Pricing, 'estimatePico'>;
  private readonly before: SeenSizes;
  private readonly kinds: Map<string, Kind> = new Map();

  /** `before`: what earlier runs observed. */
  constructor(pricing: Pick<Pricing, 'estimatePico'>, before: SeenSizes) {
    this.pricing = pricing;
    this.before = before;
  }

  /**
   * What to reserve for a call before it is sent: its input plus the larger of the expected output and the 99th percentile
   * of those seen (the longest, while there are few), but never more than the call can use. Without a price, no money.
   */
  reserve(line: Admittable): Reservation {
    const { sums, seen, longest } = this.kindOf(line);
    const known = seen.count >= TELLING_ANSWERS;
    const expected = known ? (seen.mean ?? 0) * line.choices : line.outputExpectedTokens;
    const wanted = Math.max(expected, longest * line.choices);
    const output = Math.round(Math.min(wanted, line.outputMaxTokens ?? Infinity));
    const input = line.inputTokens * (sums.lines >= TELLING_ANSWERS ? inputRatio(sums) : 1);
    const tokens = Math.round(input) + output;
    if (line.estimatedPico === null) return { tokens, pico: null };
    const { model, thinking, extras } = line;
    const pico = this.pricing.estimatePico(model, { input, output, thinking, extras });
    return { tokens, pico: pico === null ? null : Math.round(pico) };
  }

  /** Records what an answered call used. */
  answered(line: Admittable, usage: Usage | null, costPico: number | null): void {
    const input = usage?.inputTokens ?? null;
    const output = usage?.outputTokens ?? null;
    if (input === null || output === null) return;
    const kind = this.kindOf(line);
    const { sums, sizes, seen } = kind;
    sums.lines += 1;
    sums.inputEstimated += line.inputTokens;
    sums.inputActual += input;
    sums.outputEstimated += line.outputExpectedTokens;
    sums.outputActual += output;
    if (line.estimatedPico !== null && costPico !== null) {
      sums.picoEstimated += line.estimatedPico;
      sums.picoActual += costPico;
    }
    const size = output / line.choices;
    sizes.add(size);
    seen.add(size);
    lookAgain(kind);
  }

  /** The results of this run, one row per kind. */
  records(): EstimateRecord[] {
    return [...this.kinds.values()]
      .filter(({ sums }) => sums.lines > 0)
      .map(({ sums, sizes }) => ({ ...sums, sizes: sizes.record() }));
  }

  /** The same without the sizes. */
  sums(): readonly EstimateSums[] {
    return [...this.kinds.values()].map(({ sums }) => sums);
  }

  private kindOf({ model, thinking }: Pick<Admittable, 'model' | 'thinking'>): Kind {
    const key = sizesKey(model, thinking);
    const known = this.kinds.get(key);
    if (known !== undefined) return known;
    const seen = new OutputSizes();
    const before = this.before.get(key);
    if (before !== undefined) seen.addAll(before);
    const sums = { model, thinking, ...NO_SUMS };
    const kind: Kind = { sums, sizes: new OutputSizes(), seen, longest: 0, lookAt: 0 };
    if (seen.count > 0) lookAgain(kind);
    this.kinds.set(key, kind);
    return kind;
  }
}

/** While there are few answers, the longest one counts. */
function lookAgain(kind: Kind): void {
  const { seen } = kind;
  const few = seen.count < TELLING_ANSWERS;
  if (!few && seen.count < kind.lookAt) return;
  kind.longest = seen.quantile(few ? 1 : COVERED);
  kind.lookAt = seen.count + LOOK_EVERY_ANSWERS;
}

function inputRatio({ inputActual, inputEstimated }: EstimateSums): number {
  return inputEstimated > 0 ? inputActual / inputEstimated : 1;
}
