const SECOND_MS = 1000;
const CALLS_LEAST = 4;

/** Measures how much of its pace a lane uses, over spans of a second, or of a few calls if the lane is slow. */
export class PaceUse {
  private sinceMs: number | null = null;
  private amount = 0;
  private calls = 0;

  spend(nowMs: number, amount: number): void {
    this.sinceMs ??= nowMs;
    this.amount += amount;
    this.calls += 1;
  }

  /** Ends a span: its length, and the share of `perMs` used; null: it is still running. */
  measure(
    nowMs: number,
    perMs: number,
  ): { readonly passedMs: number; readonly share: number } | null {
    if (this.sinceMs === null) return null;
    const passedMs = nowMs - this.sinceMs;
    if (passedMs < SECOND_MS) return null;
    if (
      this.calls < CALLS_LEAST &&
      passedMs < (CALLS_LEAST * SECOND_MS) / Math.min(1, perMs * 1000)
    )
      return null;
    const share = this.amount / (perMs * passedMs);
    this.sinceMs = nowMs;
    this.amount = 0;
    this.calls = 0;
    return { passedMs, share };
  }
}
