import type { InputManner, TokenEstimate } from '../models/tokens.ts';
import type { Request } from '../parse.ts';
import { estimateOutput, estimateRequest, type OutputSeen } from '../plan.ts';
import { SteadyRandom } from '../input/steady-random.ts';

/** The first lines of a model are estimated carefully: of few, the errors do not cancel out. */
const CAREFUL_LINES = 2_000;
/** Of the further lines, one in so many is estimated by its text, at random: files have rhythms. */
const ESTIMATE_EVERY = 4;
/** Longer lines are always estimated by their text: a price tier may hang on one of them. */
const CHARACTERS_MAX = 20_000;
/** How much of what earlier lines say is kept at each estimated one: about 32 of them count. */
const KEPT = 31 / 32;

const CAREFUL = { quick: false } as const;
const QUICK = { quick: true } as const;

/**
 * Estimates the lines of one model for a survey, which wants their sum. Most lines of a long input
 * take their input tokens from their length and the ratio in the estimated lines just before: reading
 * every text would take as long as all the rest of the survey.
 */
export class LineEstimator {
  private readonly outputSeen: OutputSeen;
  private readonly random: SteadyRandom = new SteadyRandom();
  private lines = 0;
  private nextLine = 0;
  /** Of recent estimated lines. */
  private characters = 0;
  private inputTokens = 0;
  private textTokens = 0;

  constructor(outputSeen: OutputSeen) {
    this.outputSeen = outputSeen;
  }

  estimate(request: Request): TokenEstimate {
    this.lines += 1;
    if (this.lines <= CAREFUL_LINES) return this.learnt(request, CAREFUL);
    if (this.lines < this.nextLine && this.characters > 0 && isOrdinary(request)) {
      const share = request.text.length / this.characters;
      return {
        // Not even a line much shorter than those before takes nothing; sums divide by it.
        inputTokens: Math.max(1, Math.round(share * this.inputTokens)),
        textTokens: share * this.textTokens,
        audioTokens: 0,
        visualTokens: 0,
        ...estimateOutput(request, this.outputSeen),
      };
    }
    if (this.lines >= this.nextLine)
      this.nextLine = this.lines + 1 + Math.floor(this.random.next() * (2 * ESTIMATE_EVERY - 1));
    return this.learnt(request, QUICK);
  }

  private learnt(request: Request, manner: InputManner): TokenEstimate {
    const estimate = estimateRequest(request, this.outputSeen, manner);
    if (isOrdinary(request)) {
      this.characters = this.characters * KEPT + request.text.length;
      this.inputTokens = this.inputTokens * KEPT + estimate.inputTokens;
      this.textTokens = this.textTokens * KEPT + estimate.textTokens;
    }
    return estimate;
  }
}

/** Whether a line's length says how many tokens it has: it is of text alone, and not a long one. */
function isOrdinary({ text, view: { messages } }: Request): boolean {
  if (text.length > CHARACTERS_MAX || !Array.isArray(messages)) return false;
  for (const message of messages as readonly unknown[]) {
    const content = (message as { content?: unknown } | null)?.content;
    if (typeof content !== 'string') return false;
  }
  return true;
}
