/** About how many answers the ratio remembers. */
const MEMORY = 2000;
/** The weight of the estimate itself, in answers, so that one odd answer changes little. */
const TRUST = 2;
/** Answers after which the ratio is trusted. */
const SETTLED = 20;

/**
 * Actual tokens per estimated token for a model's calls. A ratio of totals, not a mean of ratios: a quota counts totals,
 * and with heavy tails the two differ.
 */
export class TokenRatio {
  private actual = 0;
  private expected = 0;
  private answers = 0;
  private squares = 0;

  get value(): number {
    if (this.answers === 0) return 1;
    const trusted = (TRUST * this.expected) / this.answers;
    return (this.actual + trusted) / (this.expected + trusted);
  }

  /** Deviation of single calls from their expected cost: standard deviation ÷ mean; null until enough were answered. */
  get spread(): number | null {
    if (!this.isSettled) return null;
    const mean = this.actual / this.answers;
    return Math.sqrt(this.squares / this.answers) / mean;
  }

  /** Whether there were enough answers to trust it. */
  get isSettled(): boolean {
    return this.answers >= SETTLED;
  }

  learn(expectedTokens: number, actualTokens: number): void {
    if (expectedTokens <= 0) return;
    const off = actualTokens - expectedTokens * this.value;
    const kept = this.answers < MEMORY ? 1 : 1 - 1 / MEMORY;
    this.actual = this.actual * kept + actualTokens;
    this.expected = this.expected * kept + expectedTokens;
    this.squares = this.squares * kept + off * off;
    this.answers = this.answers * kept + 1;
  }
}
