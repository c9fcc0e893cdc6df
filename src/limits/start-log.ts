/** Starts are bucketed by this many milliseconds. */
const STRETCH_MS = 20;
/** Buckets older than this are dropped: a little more than the longest window. */
const KEPT_MS = 66_000;
/** But the last ones are always kept, so that a lane of one call a minute remembers more than a trial needs. */
const KEPT_LEAST = 512;

type Stretch = Started & { readonly at: number };

/** What was started in a span: calls not refused as far as is known, their cost, and refused calls. */
export type Started = { calls: number; tokens: number; refused: number };
export type Sent = Readonly<Pick<Started, 'calls' | 'refused'>>;

export function countOf({ calls, refused }: Sent): number {
  return calls + refused;
}

/** The refused share; 0 of nothing. */
export function shareOf(sent: Sent): number {
  return sent.refused / Math.max(1, countOf(sent));
}

/** What a lane sent recently, by start time, and how much of it was refused. Times are monotonic milliseconds. */
export class StartLog {
  private stretches: Stretch[] = [];
  private head = 0;
  private firstMs = Infinity;

  /** When the first call started; Infinity: none did. */
  get sinceMs(): number {
    return this.firstMs;
  }

  started(atMs: number, tokens: number): void {
    if (this.firstMs === Infinity) this.firstMs = atMs;
    const stretch = this.stretchAt(Math.floor(atMs / STRETCH_MS));
    if (stretch === null) return;
    stretch.calls += 1;
    stretch.tokens += tokens;
  }

  /** A call started at `atMs` was refused after all. */
  refused(atMs: number, tokens: number): void {
    const stretch = this.withdrawn(atMs, tokens);
    if (stretch !== null) stretch.refused += 1;
  }

  /** Treats a call started at `atMs` as never made. Returns its bucket; null: already dropped. */
  withdrawn(atMs: number, tokens: number): Started | null {
    const stretch = this.stretchAt(Math.floor(atMs / STRETCH_MS));
    if (stretch === null) return null;
    stretch.calls -= 1;
    stretch.tokens -= tokens;
    return stretch;
  }

  /** What was started from `fromMs` until before `toMs`. */
  between(fromMs: number, toMs: number): Started {
    return this.lastBetween(fromMs, toMs, Infinity);
  }

  /** The same, counting only buckets complete at `toMs`: starts in the bucket of `toMs` itself may be later. */
  betweenEnded(fromMs: number, toMs: number): Started {
    return this.between(fromMs, Math.floor(toMs / STRETCH_MS) * STRETCH_MS);
  }

  /** The last `count` calls, or a few more, started no later than `untilMs` and not before `sinceMs`. */
  last(count: number, untilMs: number, sinceMs: number): Started {
    const endMs = (Math.floor(untilMs / STRETCH_MS) + 1) * STRETCH_MS;
    return this.lastBetween(sinceMs, endMs, count);
  }

  private lastBetween(fromMs: number, toMs: number, count: number): Started {
    const sum: Started = { calls: 0, tokens: 0, refused: 0 };
    for (let index = this.stretches.length - 1; index >= this.head; index -= 1) {
      const stretch = this.stretches[index];
      if (stretch === undefined || (stretch.at + 1) * STRETCH_MS <= fromMs) break;
      if (stretch.at * STRETCH_MS >= toMs) continue;
      if (countOf(sum) >= count) break;
      sum.calls += stretch.calls;
      sum.tokens += stretch.tokens;
      sum.refused += stretch.refused;
    }
    return sum;
  }

  /** Null: already dropped. Buckets stay in order: every search stops at the first one that is too early. */
  private stretchAt(at: number): Stretch | null {
    for (let index = this.stretches.length - 1; index >= this.head; index -= 1) {
      const stretch = this.stretches[index];
      if (stretch === undefined || stretch.at < at) break;
      if (stretch.at === at) return stretch;
    }
    if ((this.stretches.at(-1)?.at ?? at) > at) return null;
    const fresh = { at, calls: 0, tokens: 0, refused: 0 };
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
