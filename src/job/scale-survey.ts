import type { LineSample } from '../input/sample-lines.ts';
import { openTokenCounter, type TokenCounter } from '../tokenizer/count-exactly.ts';
import type { ModelSurvey } from './survey-tally.ts';
import { measureTextScales, type TextScale } from './text-scale.ts';

/**
 * With less text than this, by the fast estimate, an exact count changes no figure that matters (2,000 tokens cost a
 * hundredth of a yuan or less), and loading the tokenizer takes more time and memory than the rest of a short check.
 */
const WORTH_COUNTING_TOKENS = 2_000;

/** Counts a survey's samples exactly; loads the tokenizer only if there is enough to count. */
export class SampleCounter {
  private counter: TokenCounter | null = null;

  /** Starts loading, in parallel with reading, once there is enough to count. */
  prepare(samples: ReadonlyMap<string, LineSample>): void {
    if (this.counter !== null) return;
    let tokens = 0;
    for (const sample of samples.values()) tokens += sample.takenTokens;
    if (tokens >= WORTH_COUNTING_TOKENS) this.counter = openTokenCounter();
  }

  /** Scales the estimates of every sampled model in place. */
  async scale(
    models: ReadonlyMap<string, ModelSurvey>,
    samples: ReadonlyMap<string, LineSample>,
  ): Promise<void> {
    this.prepare(samples);
    if (this.counter === null) return;
    const lines = new Map([...samples].map(([model, sample]) => [model, sample.lines]));
    for (const [model, scale] of await measureTextScales(lines, this.counter)) {
      const entry = models.get(model);
      if (entry !== undefined) scaleModel(entry, scale);
    }
  }

  async close(): Promise<void> {
    await this.counter?.close();
  }
}

/**
 * Scales sums made with the fast estimate as if each text had been scaled. A line that the scale would move into another
 * price tier stays in its own: among many lines those few do not matter.
 */
function scaleModel(entry: ModelSurvey, { scale, lines }: TextScale): void {
  entry.inputTokens += Math.round((scale - 1) * entry.textTokens);
  const morePico = (scale - 1) * entry.textPico;
  entry.expectedPico += morePico;
  if (entry.maxPico !== null) entry.maxPico += morePico;
  entry.textScale = scale;
  entry.countedLines = lines;
}
