import { beginningOf } from './bounded-problem.ts';
import { LineSample } from '../input/sample-lines.ts';
import type { TokenEstimate } from '../models/tokens.ts';
import { LineEstimator } from './line-estimator.ts';
import { countsAsQwen } from '../models/vocabulary.ts';
import type { Request } from '../parse.ts';
import { extrasOf, type OutputSeen, textsOf } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { LineProblem, Problem, Severity } from '../problem.ts';

/** Most problems stored and reported individually. */
const PROBLEMS_MAX = 10_000;
/** Limit for the line id in a problem. */
const ID_UNITS_MAX = 256;

/** One model's part of the input. */
export type ModelSurvey = {
  lines: number;
  inputTokens: number;
  outputExpectedTokens: number;
  /** Null once a line has no known upper bound. */
  outputMaxTokens: number | null;
  /** Estimates, so plain numbers; exact money begins with the service's own usage. */
  expectedPico: number;
  /** The search fees in `expectedPico`. */
  searchPico: number;
  maxPico: number | null;
  priced: boolean;
  /** The text part of `inputTokens`, by the fast estimate, and of `expectedPico`. */
  textTokens: number;
  textPico: number;
  /** Exact ÷ fast, over the lines counted exactly; 1 if none were. */
  textScale: number;
  countedLines: number;
  /** Lines that ask for thinking. */
  thinkingLines: number;
  readonly estimator: LineEstimator;
};

/** A sum of maxima; lines without one are counted separately, so that removing one leaves no trace. */
class Maxima {
  private sum = 0;
  private without = 0;

  /** Adds a maximum (null: there is none), or removes it with `sign` -1. Returns the sum; null: there is none. */
  add(most: number | null, sign: 1 | -1): number | null {
    if (most === null) this.without += sign;
    else this.sum += sign * most;
    return this.without > 0 ? null : this.sum;
  }
}

class ProblemList {
  readonly counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  private readonly errors: LineProblem[] = [];
  private readonly others: LineProblem[] = [];

  /** The problems are `boundedProblem`s. */
  add(lineNo: number, customId: string | null, problems: readonly Problem[]): void {
    for (const { severity, path, code, message } of problems) {
      this.counts[severity] += 1;
      const list = severity === 'error' ? this.errors : this.others;
      if (list.length < PROBLEMS_MAX) {
        const custom_id = customId === null ? null : beginningOf(customId, ID_UNITS_MAX);
        list.push({ severity, line: lineNo, custom_id, path, code, message });
      }
    }
  }

  /** Errors take precedence if not all fit. */
  kept(): LineProblem[] {
    const kept = [...this.errors, ...this.others.slice(0, PROBLEMS_MAX - this.errors.length)];
    return kept.toSorted((a, b) => a.line - b.line);
  }
}

/** Only this many models are sampled; no real job has more. */
const SAMPLED_MODELS_MAX = 16;

function newModelSurvey(priced: boolean, outputSeen: OutputSeen): ModelSurvey {
  return {
    lines: 0,
    inputTokens: 0,
    outputExpectedTokens: 0,
    outputMaxTokens: 0,
    expectedPico: 0,
    searchPico: 0,
    maxPico: 0,
    priced,
    textTokens: 0,
    textPico: 0,
    textScale: 1,
    countedLines: 0,
    thinkingLines: 0,
    estimator: new LineEstimator(outputSeen),
  };
}

export type TallyOptions = {
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  /** Called for each model at its first line. */
  readonly onModel?: ((model: string) => void) | undefined;
};

/** The sums of the survey, line by line. */
export class SurveyTally {
  lines = 0;
  valid = 0;
  invalid = 0;
  lastLineNo = 0;
  readonly problems: ProblemList = new ProblemList();
  readonly models: Map<string, ModelSurvey> = new Map();
  /** Lines to count exactly, for models with a known vocabulary. */
  readonly samples: Map<string, LineSample> = new Map();
  private readonly options: TallyOptions;
  private readonly maxima: Map<string, { readonly tokens: Maxima; readonly pico: Maxima }> =
    new Map();

  constructor(options: TallyOptions) {
    this.options = options;
  }

  /** Counts a valid request, or with `sign` -1 removes it again (a duplicate found later). */
  count(request: Request, sign: 1 | -1): void {
    const { model } = request.view;
    let entry = this.models.get(model);
    if (entry === undefined) {
      this.options.onModel?.(model);
      entry = newModelSurvey(this.options.pricing.isPriced(model), this.options.outputSeen);
      this.models.set(model, entry);
      this.maxima.set(model, { tokens: new Maxima(), pico: new Maxima() });
      if (countsAsQwen(model) && this.samples.size < SAMPLED_MODELS_MAX)
        this.samples.set(model, new LineSample());
    }
    const estimate = entry.estimator.estimate(request);
    if (sign === 1) this.sample(request, estimate);
    else this.samples.get(model)?.forget(request.lineNo);
    this.valid += sign;
    entry.lines += sign;
    if (request.view.thinking === true) entry.thinkingLines += sign;
    entry.inputTokens += sign * estimate.inputTokens;
    entry.textTokens += sign * estimate.textTokens;
    entry.outputExpectedTokens += sign * estimate.outputExpectedTokens;
    const { outputMaxTokens } = estimate;
    entry.outputMaxTokens = this.maxima.get(model)?.tokens.add(outputMaxTokens, sign) ?? null;
    if (entry.priced) this.addPrice(entry, request, { estimate, sign });
    if (entry.lines === 0) this.models.delete(model);
  }

  private sample(request: Request, { textTokens }: TokenEstimate): void {
    const sample = this.samples.get(request.view.model);
    if (sample?.wants() === true)
      sample.take({ lineNo: request.lineNo, textTokens }, textsOf(request));
  }

  private addPrice(
    entry: ModelSurvey,
    request: Request,
    at: { estimate: TokenEstimate; sign: 1 | -1 },
  ): void {
    const { pricing } = this.options;
    const { model } = request.view;
    const thinking = request.view.thinking === true;
    const { inputTokens: input, outputExpectedTokens: output, outputMaxTokens: most } = at.estimate;
    const extras = extrasOf(request, at.estimate);
    const expected = pricing.estimatePico(model, { input, output, thinking, extras }) ?? 0;
    entry.expectedPico += at.sign * expected;
    const inputPico = pricing.estimatePico(model, { input, output: 0, thinking }) ?? 0;
    entry.textPico += (at.sign * inputPico * at.estimate.textTokens) / input;
    if (extras !== null && extras.search !== null) {
      const unsearched = { input, output, thinking, extras: { ...extras, search: null } };
      const fee = expected - (pricing.estimatePico(model, unsearched) ?? 0);
      entry.searchPico += at.sign * fee;
    }
    // If the line does not say whether to think, it may.
    const mayThink = request.view.thinking !== false;
    let upper: number | null = expected;
    if (most === null) upper = null;
    else if (most !== output || mayThink !== thinking)
      upper = pricing.estimatePico(model, { input, output: most, thinking: mayThink, extras });
    entry.maxPico = this.maxima.get(model)?.pico.add(upper, at.sign) ?? null;
  }
}
