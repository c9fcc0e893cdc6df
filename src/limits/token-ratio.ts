/** Answers that the ratio remembers, about. */
const MEMORY = 2000;
/** The estimate itself counts as so many answers, so that one odd answer says little. */
const TRUST = 2;
/** Answers after which it is trusted. */
const SETTLED = 20;

/**
 * How many tokens a model's calls really take for each token estimated. Means of totals, not of
 * single ratios: a quota counts totals, and with heavy tails the two differ.
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

  /** How far single calls are from what they were taken to cost: standard deviation ÷ mean; null until some were answered. */
  get spread(): number | null {
    if (!this.isSettled) return null;
    const mean = this.actual / this.answers;
    return Math.sqrt(this.squares / this.answers) / mean;
  }

  /** Whether enough answers came to trust it. */
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
