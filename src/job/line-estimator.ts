import type { InputManner, TokenEstimate } from '../models/tokens.ts';
import type { Request } from '../parse.ts';
import { estimateOutput, estimateRequest, type OutputSeen } from '../plan.ts';
import { SteadyRandom } from '../input/steady-random.ts';

/** The first lines of a model are estimated carefully: with few lines, errors do not cancel out. */
const CAREFUL_LINES = 2_000;
/** Of the further lines, one in this many is estimated from its text, at random since files have periodic patterns. */
const ESTIMATE_EVERY = 4;
/** Longer lines are always estimated from their text: a price tier may depend on one of them. */
const CHARACTERS_MAX = 20_000;
/** Decay of earlier lines with each estimated one: about 32 of them count. */
const KEPT = 31 / 32;

const CAREFUL = { quick: false } as const;
const QUICK = { quick: true } as const;

/**
 * Estimates the lines of one model for a survey, which only needs their sum. Most lines of a long input get their input
 * tokens from their length and the ratio of the preceding estimated lines: reading every text would take as long as the
 * rest of the survey.
 */
export class LineEstimator {
  private readonly outputSeen: OutputSeen;
  private readonly random: SteadyRandom = new SteadyRandom();
  private lines = 0;
  private nextLine = 0;
  /** Sums over recent estimated lines. */
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
        // Never 0, even for a line much shorter than those before: sums divide by it.
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

/** Whether a line's length predicts its tokens: it is text only, and not long. */
function isOrdinary({ text, view: { messages } }: Request): boolean {
  if (text.length > CHARACTERS_MAX || !Array.isArray(messages)) return false;
  for (const message of messages as readonly unknown[]) {
    const content = (message as { content?: unknown } | null)?.content;
    if (typeof content !== 'string') return false;
  }
  return true;
}
