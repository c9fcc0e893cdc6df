/** Sizes below this have one bucket each; above, each doubling has `PER_DOUBLING`. */
const SINGLE_BELOW = 16;
const PER_DOUBLING = 8;
/** Beyond 2^24 tokens everything counts as the longest. */
const BUCKETS = SINGLE_BELOW + 20 * PER_DOUBLING;

function bucketOf(tokens: number): number {
  if (!(tokens > 0)) return 0;
  const whole = Math.ceil(tokens);
  if (whole < SINGLE_BELOW) return whole;
  const bucket = SINGLE_BELOW + Math.floor(Math.log2(whole / SINGLE_BELOW) * PER_DOUBLING);
  return Math.min(bucket, BUCKETS - 1);
}

/** Upper edge of a bucket, so that nothing in it is longer. */
function edgeOf(bucket: number): number {
  return bucket < SINGLE_BELOW
    ? bucket
    : Math.ceil(SINGLE_BELOW * 2 ** ((bucket - SINGLE_BELOW + 1) / PER_DOUBLING));
}

/** The stored form of `OutputSizes`: `[bucket, answers]` pairs. */
export type OutputSizesRecord = {
  readonly sum: number;
  readonly buckets: readonly (readonly [bucket: number, answers: number])[];
};

/**
 * Answer lengths in tokens: a histogram of 176 buckets, each at most 9 % wide, of constant size. Its quantiles are upper
 * edges of buckets: at most 9 % too long, never too short.
 */
export class OutputSizes {
  private readonly counts: Float64Array = new Float64Array(BUCKETS);
  private answers = 0;
  private sum = 0;

  static of(record: OutputSizesRecord): OutputSizes {
    const sizes = new OutputSizes();
    sizes.sum = record.sum;
    for (const [bucket, answers] of record.buckets) {
      if (!(bucket >= 0 && bucket < BUCKETS)) continue;
      sizes.counts[bucket] = (sizes.counts[bucket] ?? 0) + answers;
      sizes.answers += answers;
    }
    return sizes;
  }

  get count(): number {
    return this.answers;
  }

  /** Mean size; null before the first. */
  get mean(): number | null {
    return this.answers === 0 ? null : this.sum / this.answers;
  }

  add(tokens: number): void {
    const bucket = bucketOf(tokens);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.answers += 1;
    this.sum += tokens;
  }

  addAll(other: OutputSizes): void {
    for (const [bucket, answers] of other.counts.entries()) {
      this.counts[bucket] = (this.counts[bucket] ?? 0) + answers;
    }
    this.answers += other.answers;
    this.sum += other.sum;
  }

  /** The size that `share` (0 ... 1) of the answers do not exceed; 1: the longest. 0 before the first. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.answers * share));
    let passed = 0;
    for (const [bucket, answers] of this.counts.entries()) {
      passed += answers;
      if (answers > 0 && passed >= rank) return edgeOf(bucket);
    }
    return 0;
  }

  record(): OutputSizesRecord {
    const buckets = [...this.counts.entries()].filter(([, answers]) => answers > 0);
    return { sum: this.sum, buckets };
  }
}
