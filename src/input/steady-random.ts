const SEED = 0x9e3779b9;

/**
 * Pseudo-random numbers in (0, 1), the same in every run (mulberry32): for choices that must not follow periodic patterns
 * of the input, and whose outcome should be reproducible.
 */
export class SteadyRandom {
  private state: number = SEED;

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  }
}
