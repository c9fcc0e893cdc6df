/** Values below this have a step of their own; above, a step is at most a 8,192nd of the value. */
const EXACT_BELOW = 16_384;
const STEPS_AN_OCTAVE = EXACT_BELOW / 2;

/**
 * How often which whole number was seen: exact below 16,384, within 0.013 % above. Holds at most
 * 16,384 steps and 8,192 for each further doubling, however many values it is given.
 */
export class Histogram {
  private readonly counts: Map<number, number> = new Map();
  private total = 0;

  /** `value` 0 or more; lower ones count as 0. */
  add(value: number, count: number): void {
    const step = stepOf(Math.max(0, Math.round(value)));
    this.counts.set(step, (this.counts.get(step) ?? 0) + count);
    this.total += count;
  }

  get count(): number {
    return this.total;
  }

  /**
   * Nearest rank: the smallest values that at least these shares did not exceed, in percent and rising
   * order; null where there is none.
   */
  percentiles(percents: readonly number[]): (number | null)[] {
    const sorted = [...this.counts].toSorted(([a], [b]) => a - b);
    let at = 0;
    let passed = 0;
    return percents.map((percent) => {
      // In whole numbers: 0.95 * 20 is not quite 19 in floating point.
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
