import { SHARES } from './rate-shares.ts';

/**
 * The learned limit and how certain it is. It does no timing or measuring: a `RateController` passes in what a run of refusals
 * showed.
 */
export class LearnedLimit {
  /** Amount per millisecond; null: the limit was not met. */
  perMs: number | null = null;
  /** How many times in a row about the same limit was learned. */
  confirmations = 0;
  /** Learned from one closure after few calls: probed by doubling until the next refusal. */
  isDoubtful = false;
  /** Learned in this run, in the cost estimates of that time. */
  private isOfThisRun = false;
  /** A learned limit was doubtful before: no later one is. */
  private wasDoubted = false;

  /** It comes from an earlier run, and nothing was refused in this one. */
  get isUntested(): boolean {
    return this.perMs !== null && !this.isOfThisRun;
  }

  /** Starts from the limit learned in an earlier run; null: none. */
  begin(perMs: number | null): void {
    this.perMs = perMs;
    this.isOfThisRun = false;
    this.isDoubtful = false;
  }

  /** A run of refusals showed this limit. `afterFewCalls`: by a closure after few calls. */
  update(perMs: number | null, afterFewCalls: boolean): void {
    const before = this.perMs;
    const isSame =
      before !== null && perMs !== null && Math.abs(perMs / before - 1) <= SHARES.changed;
    this.confirmations = isSame ? this.confirmations + 1 : 0;
    this.perMs = perMs;
    this.isOfThisRun = true;
    // A few calls that repeat what was known confirm it.
    this.isDoubtful = afterFewCalls && !this.wasDoubted && !isSame;
    this.wasDoubted ||= this.isDoubtful;
  }

  /** A call was refused again: the limit is no longer probed by doubling. */
  refused(): void {
    this.isDoubtful = false;
  }

  /** Discards a limit learned from what turned out to be random refusals. */
  forget(): void {
    this.perMs = null;
  }

  /** Token costs turned out to be `factor` times the estimate: rescales. A limit from an earlier run was in true tokens. */
  rescale(factor: number, mostPerMs: number): void {
    if (this.perMs !== null && this.isOfThisRun)
      this.perMs = Math.min(mostPerMs, this.perMs * factor);
  }

  /**
   * What to pass to a later run; null: nothing. Near a bound it shows only that the bound was touched; a doubtful limit may
   * be wrong; one not met in this run must not be refreshed.
   */
  storable(boundPerMs: number): number | null {
    const isNearBound = this.perMs !== null && this.perMs > boundPerMs * SHARES.farBelow;
    return isNearBound || this.isDoubtful || this.isUntested ? null : this.perMs;
  }
}
