import type { TokenEstimate } from '../models/tokens.ts';
import type { Request } from '../parse.ts';
import { estimateOutput, estimateRequest, type OutputSeen } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import type { LineProblem, Problem, Severity } from '../problem.ts';

/** Most problems that are kept and reported one by one. */
const PROBLEMS_MAX = 10_000;

/** One model's share of the input. */
export type ModelSurvey = {
  lines: number;
  inputTokens: number;
  outputExpectedTokens: number;
  /** Null once a line has no known upper bound. */
  outputMaxTokens: number | null;
  /** Estimates, so plain numbers; exact money begins with the service's own usage. */
  expectedPico: number;
  maxPico: number | null;
  priced: boolean;
  /** Characters and tokens of the lines that were estimated in full. */
  sampled: { lines: number; characters: number; tokens: number };
};

class ProblemList {
  readonly counts: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
  private readonly errors: LineProblem[] = [];
  private readonly others: LineProblem[] = [];

  add(lineNo: number, customId: string | null, problems: readonly Problem[]): void {
    for (const { severity, path, code, message } of problems) {
      this.counts[severity] += 1;
      const list = severity === 'error' ? this.errors : this.others;
      if (list.length < PROBLEMS_MAX) {
        list.push({ severity, line: lineNo, custom_id: customId, path, code, message });
      }
    }
  }

  /** Errors have the right of way where not all fit. */
  kept(): LineProblem[] {
    const kept = [...this.errors, ...this.others.slice(0, PROBLEMS_MAX - this.errors.length)];
    return kept.toSorted((a, b) => a.line - b.line);
  }
}

/** All of the first lines of a model are estimated in full, then one in so many. */
const SAMPLE_FIRST_LINES = 200;
const SAMPLE_EVERY = 8;
/** Longer lines are always estimated in full: a price tier may hang on one of them. */
const SAMPLE_CHARACTERS_MAX = 20_000;

function newModelSurvey(priced: boolean): ModelSurvey {
  return {
    lines: 0,
    inputTokens: 0,
    outputExpectedTokens: 0,
    outputMaxTokens: 0,
    expectedPico: 0,
    maxPico: 0,
    priced,
    sampled: { lines: 0, characters: 0, tokens: 0 },
  };
}

/**
 * The estimate of one line. Most lines of a long text-only input take their input tokens from the
 * ratio of tokens to characters in the lines estimated in full: the sum is what the survey wants,
 * and counting every text would double its time.
 */
function estimateOf(request: Request, entry: ModelSurvey, outputSeen: OutputSeen): TokenEstimate {
  const { sampled } = entry;
  const characters = request.characters;
  const full =
    entry.lines < SAMPLE_FIRST_LINES ||
    entry.lines % SAMPLE_EVERY === 0 ||
    characters > SAMPLE_CHARACTERS_MAX ||
    !isTextOnly(request.view.messages);
  if (!full) {
    const inputTokens = Math.round((characters * sampled.tokens) / sampled.characters);
    return { inputTokens, ...estimateOutput(request, outputSeen) };
  }
  const estimate = estimateRequest(request, outputSeen);
  sampled.lines += 1;
  sampled.characters += characters;
  sampled.tokens += estimate.inputTokens;
  return estimate;
}

function isTextOnly(messages: unknown): boolean {
  if (!Array.isArray(messages)) return false;
  for (const message of messages as readonly unknown[]) {
    const content = (message as { content?: unknown } | null)?.content;
    if (typeof content !== 'string') return false;
  }
  return true;
}

export type TallyOptions = {
  readonly pricing: Pricing;
  readonly outputSeen: OutputSeen;
  /** Told of each model at its first line. */
  readonly onModel?: ((model: string) => void) | undefined;
};

/** What the survey adds up, line by line. */
export class SurveyTally {
  lines = 0;
  valid = 0;
  invalid = 0;
  lastLineNo = 0;
  readonly problems: ProblemList = new ProblemList();
  readonly models: Map<string, ModelSurvey> = new Map();
  private readonly options: TallyOptions;

  constructor(options: TallyOptions) {
    this.options = options;
  }

  /** Counts a valid request, or with `sign` -1 takes it out again (a duplicate found later). */
  count(request: Request, sign: 1 | -1): void {
    const { model } = request.view;
    let entry = this.models.get(model);
    if (entry === undefined) {
      this.options.onModel?.(model);
      entry = newModelSurvey(this.options.pricing.isPriced(model));
      this.models.set(model, entry);
    }
    const estimate = estimateOf(request, entry, this.options.outputSeen);
    this.valid += sign;
    entry.lines += sign;
    entry.inputTokens += sign * estimate.inputTokens;
    entry.outputExpectedTokens += sign * estimate.outputExpectedTokens;
    const most = estimate.outputMaxTokens;
    entry.outputMaxTokens =
      most === null || entry.outputMaxTokens === null ? null : entry.outputMaxTokens + sign * most;
    if (entry.priced) this.addPrice(entry, request, { estimate, sign });
    if (entry.lines === 0) this.models.delete(model);
  }

  private addPrice(
    entry: ModelSurvey,
    request: Request,
    at: { estimate: ReturnType<typeof estimateRequest>; sign: 1 | -1 },
  ): void {
    const { pricing } = this.options;
    const { model } = request.view;
    const thinking = request.view.thinking === true;
    const { inputTokens: input, outputExpectedTokens: output, outputMaxTokens: most } = at.estimate;
    const expected = pricing.estimatePico(model, { input, output, thinking }) ?? 0;
    entry.expectedPico += at.sign * expected;
    if (entry.maxPico === null) return;
    if (most === output) {
      entry.maxPico += at.sign * expected;
      return;
    }
    const upper =
      most === null ? null : pricing.estimatePico(model, { input, output: most, thinking });
    entry.maxPico = upper === null ? null : entry.maxPico + at.sign * upper;
  }
}
