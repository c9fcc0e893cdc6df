const SECOND_MS = 1000;
/** So many of the last refusals are looked at, one of a second or two, and none that is older. */
const LOOKED_AT = { least: 10, most: 14, ms: 240_000 } as const;
/** Mean length of their directions on the circle of a second: at random ten are beyond it once in seventy times. */
const CONCENTRATED = 0.65;
/** With fewer starts a second their own phases are no wider. */
const STARTS_LEAST = 3;
/** Multiples of it are spread evenly over a circle. */
const GOLDEN = 0.618_034;

/**
 * When in a second calls are refused. A service that counts by the second refuses what comes after a second's share is
 * used up, so that refusals of a limit, also of one that others help to use up, come at its end; those by chance come
 * at any time. It holds for what comes to a few calls a second. Times are monotonic milliseconds.
 */
export class Phases {
  private refusedMs: number[] = [];
  private nextMs = -Infinity;
  private turn = 0;

  /** A call was refused that was started at `sentMs`. */
  refused(sentMs: number): void {
    // Tries in a row while everything is refused are one refusal.
    if (sentMs < this.nextMs) return;
    this.refusedMs.push(sentMs);
    // Refusals that come all the time would be looked at once a second, at much the same time of it.
    this.turn = (this.turn + GOLDEN) % 1;
    this.nextMs = sentMs + SECOND_MS * (1 + this.turn);
    if (this.refusedMs.length > LOOKED_AT.most) this.refusedMs.shift();
  }

  /** Whether refusals come at one time of the second; `startsPerMs`: calls that are started. */
  areConcentrated(nowMs: number, startsPerMs: number): boolean {
    if (startsPerMs * SECOND_MS < STARTS_LEAST) return false;
    let cosines = 0;
    let sines = 0;
    let count = 0;
    for (const atMs of this.refusedMs) {
      if (atMs < nowMs - LOOKED_AT.ms) continue;
      const angle = (2 * Math.PI * (atMs % SECOND_MS)) / SECOND_MS;
      cosines += Math.cos(angle);
      sines += Math.sin(angle);
      count += 1;
    }
    return count >= LOOKED_AT.least && Math.hypot(cosines, sines) / count > CONCENTRATED;
  }
}
