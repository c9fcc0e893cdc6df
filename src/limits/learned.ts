import { SHARES } from './rate-shares.ts';

/**
 * What was learned of a limit, and how sure that is. Times and amounts are not its business: a `Rate` says what a run of
 * refusals has told.
 */
export class Learned {
  /** An amount a millisecond; null: the limit was not met. */
  perMs: number | null = null;
  /** Times in a row that much the same was learned. */
  times = 0;
  /** It was learned of one closure after a few calls: felt for by doubling until it is refused. */
  isDoubtful = false;
  /** It was learned in this run, of what calls were taken to cost then. */
  private isHere = false;
  /** What was doubted once has been met again. */
  private isSure = false;

  /** It is of a run before, and nothing was refused in this one. */
  get isUntested(): boolean {
    return this.perMs !== null && !this.isHere;
  }

  /** Begins with what a run before has learned; null: nothing. */
  begin(perMs: number | null): void {
    this.perMs = perMs;
    this.isHere = false;
    this.isDoubtful = false;
  }

  /** A run of refusals has told so much. `afterFew`: of a closure that came after a few calls. */
  told(perMs: number | null, afterFew: boolean): void {
    const before = this.perMs;
    const isSame =
      before !== null && perMs !== null && Math.abs(perMs / before - 1) <= SHARES.changed;
    this.times = isSame ? this.times + 1 : 0;
    this.perMs = perMs;
    this.isHere = true;
    // Few calls that say what was known before confirm it.
    this.isDoubtful = afterFew && !this.isSure && !isSame;
    this.isSure ||= this.isDoubtful;
  }

  /** A call was refused again: what was learned is no longer felt for by doubling. */
  refused(): void {
    this.isDoubtful = false;
  }

  /** What was learned while refusals came by chance was learned of them. */
  forget(): void {
    this.perMs = null;
  }

  /** What was counted as one is `factor`. What a run before has learned was counted right. */
  recount(factor: number, mostPerMs: number): void {
    if (this.perMs !== null && this.isHere) this.perMs = Math.min(mostPerMs, this.perMs * factor);
  }

  /**
   * What a later run should know; null: nothing. Close to a bound that somebody has set it says only that the bound was
   * touched; what is doubtful may be wrong; and what this run has not met gets no younger by it.
   */
  tellable(boundPerMs: number): number | null {
    const isOfBound = this.perMs !== null && this.perMs > boundPerMs * SHARES.farBelow;
    return isOfBound || this.isDoubtful || this.isUntested ? null : this.perMs;
  }
}
