const SECOND_MS = 1000;
/** How many of the last refusals are examined, sampled one per second or two, and their maximum age. */
const SAMPLED = { least: 10, most: 14, ms: 240_000 } as const;
/** Mean resultant length on the circle of a second. Ten random refusals exceed it once in seventy times. */
const CONCENTRATED = 0.65;
/** With fewer starts per second their own phases are no wider. */
const STARTS_LEAST = 3;
/** Its multiples are spread evenly over a circle. */
const GOLDEN = 0.618_034;

/**
 * At which phase of the second calls are refused. A service that counts by the second refuses what comes after the second's
 * quota is used up, so refusals caused by a limit, even one shared with other clients, fall at its end; random ones fall at
 * any time. Holds for lanes of a few calls a second or more. Times are monotonic milliseconds.
 */
export class RefusalPhases {
  private refusedMs: number[] = [];
  private nextMs = -Infinity;
  private jitter = 0;

  /** A call started at `sentMs` was refused. */
  refused(sentMs: number): void {
    // Consecutive tries while everything is refused count as one refusal.
    if (sentMs < this.nextMs) return;
    this.refusedMs.push(sentMs);
    // Jitter: continuous refusals would else be sampled once a second, at the same phase.
    this.jitter = (this.jitter + GOLDEN) % 1;
    this.nextMs = sentMs + SECOND_MS * (1 + this.jitter);
    if (this.refusedMs.length > SAMPLED.most) this.refusedMs.shift();
  }

  /** Whether refusals fall at one phase of the second; `startsPerMs`: the rate of starts. */
  areConcentrated(nowMs: number, startsPerMs: number): boolean {
    if (startsPerMs * SECOND_MS < STARTS_LEAST) return false;
    let cosines = 0;
    let sines = 0;
    let count = 0;
    for (const atMs of this.refusedMs) {
      if (atMs < nowMs - SAMPLED.ms) continue;
      const angle = (2 * Math.PI * (atMs % SECOND_MS)) / SECOND_MS;
      cosines += Math.cos(angle);
      sines += Math.sin(angle);
      count += 1;
    }
    return count >= SAMPLED.least && Math.hypot(cosines, sines) / count > CONCENTRATED;
  }
}
