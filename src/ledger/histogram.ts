/** Values below this have a step of their own; above, a step is at most 1/8,192 of the value. */
const EXACT_BELOW = 16_384;
const STEPS_AN_OCTAVE = EXACT_BELOW / 2;

/**
 * Counts integers: exact below 16,384, within 0.013 % above. Holds at most 16,384 steps and 8,192 per further doubling,
 * however many values it is given.
 */
export class Histogram {
  private readonly counts: Map<number, number> = new Map();
  private total = 0;

  /** `value` should be 0 or more; lower ones count as 0. */
  add(value: number, count: number): void {
    const step = stepOf(Math.max(0, Math.round(value)));
    this.counts.set(step, (this.counts.get(step) ?? 0) + count);
    this.total += count;
  }

  /** Adds all values of another histogram. */
  addAll(other: Histogram): void {
    for (const [step, count] of other.counts) this.add(step, count);
  }

  get count(): number {
    return this.total;
  }

  /**
   * Nearest-rank percentiles: the smallest values not exceeded by at least these shares (in percent, ascending); null if
   * empty.
   */
  percentiles(percents: readonly number[]): (number | null)[] {
    const sorted = [...this.counts].toSorted(([a], [b]) => a - b);
    let at = 0;
    let passed = 0;
    return percents.map((percent) => {
      // In integers: 0.95 * 20 is not quite 19 in floating point.
      const rank = Math.ceil((percent * this.total) / 100);
      for (; at < sorted.length; at += 1) {
        const [step = 0, count = 0] = sorted[at] ?? [];
        if (passed + count >= rank) return step;
        passed += count;
      }
      return null;
    });
  }
}

/** The lowest value of the step that holds `value`. */
function stepOf(value: number): number {
  if (value < EXACT_BELOW) return value;
  const width = 2 ** Math.floor(Math.log2(value / STEPS_AN_OCTAVE));
  return Math.floor(value / width) * width;
}
