const SECOND_MS = 1000;
const CALLS_LEAST = 4;

/** How much of its pace a lane uses: looked at in stretches of a second, or of some calls where those are few. */
export class PaceUse {
  private sinceMs: number | null = null;
  private amount = 0;
  private calls = 0;

  spend(nowMs: number, amount: number): void {
    this.sinceMs ??= nowMs;
    this.amount += amount;
    this.calls += 1;
  }

  /** Ends a stretch: how long it was, and which share of `perMs` was used; null: it goes on. */
  look(nowMs: number, perMs: number): { readonly passedMs: number; readonly share: number } | null {
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
