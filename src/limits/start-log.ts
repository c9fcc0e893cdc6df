/** Starts are gathered in stretches of so many milliseconds. */
const STRETCH_MS = 20;
/** Stretches older than this are forgotten: a little more than the longest window. */
const KEPT_MS = 66_000;
/** But never the last ones, so that a lane of one call a minute remembers too. */
const KEPT_LEAST = 64;

type Stretch = { readonly at: number; calls: number; tokens: number };

/** What a lane has sent of late and was not refused. Times are monotonic milliseconds. */
export class StartLog {
  private stretches: Stretch[] = [];
  private head = 0;

  /** Notes `calls` (negative: refused after all) that were started at `atMs`. */
  add(atMs: number, calls: number, tokens: number): void {
    const at = Math.floor(atMs / STRETCH_MS);
    const stretch = this.stretchAt(at);
    stretch.calls += calls;
    stretch.tokens += tokens;
  }

  /** What was started from `fromMs` on and before `toMs`. */
  between(fromMs: number, toMs: number): { calls: number; tokens: number } {
    const sum = { calls: 0, tokens: 0 };
    for (let index = this.stretches.length - 1; index >= this.head; index -= 1) {
      const stretch = this.stretches[index];
      if (stretch === undefined || (stretch.at + 1) * STRETCH_MS <= fromMs) break;
      if (stretch.at * STRETCH_MS >= toMs) continue;
      sum.calls += stretch.calls;
      sum.tokens += stretch.tokens;
    }
    return sum;
  }

  private stretchAt(at: number): Stretch {
    for (let index = this.stretches.length - 1; index >= this.head; index -= 1) {
      const stretch = this.stretches[index];
      if (stretch === undefined || stretch.at < at) break;
      if (stretch.at === at) return stretch;
    }
    const fresh = { at, calls: 0, tokens: 0 };
    this.stretches.push(fresh);
    this.forget(at - KEPT_MS / STRETCH_MS);
    return fresh;
  }

  private forget(before: number): void {
    while (
      this.stretches.length - this.head > KEPT_LEAST &&
      (this.stretches[this.head]?.at ?? before) < before
    )
      this.head += 1;
    if (this.head > 1024 && this.head * 2 > this.stretches.length) {
      this.stretches = this.stretches.slice(this.head);
      this.head = 0;
    }
  }
}
