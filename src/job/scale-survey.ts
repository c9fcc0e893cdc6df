import type { LineSample } from '../input/sample-lines.ts';
import { openTokenCounter, type TokenCounter } from '../tokenizer/count-exactly.ts';
import type { ModelSurvey } from './survey-tally.ts';
import { measureTextScales, type TextScale } from './text-scale.ts';

/** Counts a survey's samples exactly; loads what that takes only where there is something to count. */
export class SampleCounter {
  private counter: TokenCounter | null = null;

  /** Begins to load, alongside the reading, once there is a model to count for. */
  prepare(samples: ReadonlyMap<string, LineSample>): void {
    if (samples.size > 0) this.counter ??= openTokenCounter();
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
 * Sums that were added up with the fast estimate, as if its texts had been scaled. A line that the
 * scale moves into another price tier stays in its own: of many lines those few do not show.
 */
function scaleModel(entry: ModelSurvey, { scale, lines }: TextScale): void {
  entry.inputTokens += Math.round((scale - 1) * entry.textTokens);
  const morePico = (scale - 1) * entry.textPico;
  entry.expectedPico += morePico;
  if (entry.maxPico !== null) entry.maxPico += morePico;
  entry.textScale = scale;
  entry.countedLines = lines;
}
