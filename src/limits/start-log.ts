/** Starts are bucketed by this many milliseconds. */
const BUCKET_MS = 20;
/** Buckets older than this are dropped: a little more than the longest window. */
const KEPT_MS = 66_000;
/** But the last ones are always kept, so that a lane of one call a minute remembers more than a trial needs. */
const KEPT_LEAST = 512;

type Bucket = StartCounts & { readonly at: number };

/** What was started in a span: calls not refused as far as is known, their cost, and refused calls. */
export type StartCounts = { calls: number; tokens: number; refused: number };
export type CallCounts = Readonly<Pick<StartCounts, 'calls' | 'refused'>>;

export function countOf({ calls, refused }: CallCounts): number {
  return calls + refused;
}

/** The refused share; 0 of nothing. */
export function refusedShareOf(sent: CallCounts): number {
  return sent.refused / Math.max(1, countOf(sent));
}

/** What a lane sent recently, by start time, and how much of it was refused. Times are monotonic milliseconds. */
export class StartLog {
  private buckets: Bucket[] = [];
  private head = 0;
  private firstMs = Infinity;

  /** When the first call started; Infinity: none did. */
  get sinceMs(): number {
    return this.firstMs;
  }

  started(atMs: number, tokens: number): void {
    if (this.firstMs === Infinity) this.firstMs = atMs;
    const bucket = this.bucketAt(Math.floor(atMs / BUCKET_MS));
    if (bucket === null) return;
    bucket.calls += 1;
    bucket.tokens += tokens;
  }

  /** A call started at `atMs` was refused after all. */
  refused(atMs: number, tokens: number): void {
    const bucket = this.withdrawn(atMs, tokens);
    if (bucket !== null) bucket.refused += 1;
  }

  /** Treats a call started at `atMs` as never made. Returns its bucket; null: already dropped. */
  withdrawn(atMs: number, tokens: number): StartCounts | null {
    const bucket = this.bucketAt(Math.floor(atMs / BUCKET_MS));
    if (bucket === null) return null;
    bucket.calls -= 1;
    bucket.tokens -= tokens;
    return bucket;
  }

  /** What was started from `fromMs` until before `toMs`. */
  between(fromMs: number, toMs: number): StartCounts {
    return this.lastBetween(fromMs, toMs, Infinity);
  }

  /** The same, counting only buckets complete at `toMs`: starts in the bucket of `toMs` itself may be later. */
  betweenComplete(fromMs: number, toMs: number): StartCounts {
    return this.between(fromMs, Math.floor(toMs / BUCKET_MS) * BUCKET_MS);
  }

  /** The last `count` calls, or a few more, started no later than `untilMs` and not before `sinceMs`. */
  last(count: number, untilMs: number, sinceMs: number): StartCounts {
    const endMs = (Math.floor(untilMs / BUCKET_MS) + 1) * BUCKET_MS;
    return this.lastBetween(sinceMs, endMs, count);
  }

  private lastBetween(fromMs: number, toMs: number, count: number): StartCounts {
    const sum: StartCounts = { calls: 0, tokens: 0, refused: 0 };
    for (let index = this.buckets.length - 1; index >= this.head; index -= 1) {
      const bucket = this.buckets[index];
      if (bucket === undefined || (bucket.at + 1) * BUCKET_MS <= fromMs) break;
      if (bucket.at * BUCKET_MS >= toMs) continue;
      if (countOf(sum) >= count) break;
      sum.calls += bucket.calls;
      sum.tokens += bucket.tokens;
      sum.refused += bucket.refused;
    }
    return sum;
  }

  /** Null: already dropped. Buckets stay in order: every search stops at the first one that is too early. */
  private bucketAt(at: number): Bucket | null {
    for (let index = this.buckets.length - 1; index >= this.head; index -= 1) {
      const bucket = this.buckets[index];
      if (bucket === undefined || bucket.at < at) break;
      if (bucket.at === at) return bucket;
    }
    if ((this.buckets.at(-1)?.at ?? at) > at) return null;
    const fresh = { at, calls: 0, tokens: 0, refused: 0 };
    this.buckets.push(fresh);
    this.dropBefore(at - KEPT_MS / BUCKET_MS);
    return fresh;
  }

  private dropBefore(before: number): void {
    while (
      this.buckets.length - this.head > KEPT_LEAST &&
      (this.buckets[this.head]?.at ?? before) < before
    )
      this.head += 1;
    if (this.head > 1024 && this.head * 2 > this.buckets.length) {
      this.buckets = this.buckets.slice(this.head);
      this.head = 0;
    }
  }
}
