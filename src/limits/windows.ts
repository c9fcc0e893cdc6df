/** Windows that the service counts over: a second (RPM/60), six seconds (seen in a leaked header, 2025), a minute. */
const WINDOWS_MS = [1000, 6000, 60_000] as const;
const SECOND_MS = 1000;
/** The longest window that is believed to be what a run before has learned. */
const BELIEVED_MS = 6000;
/** A window may seem a little longer than it is. */
const TOLERANCE = 1.05;
/** A closure that tells of less than windows before have given is doubted once; told again within so long, it is believed. */
const DOUBTED_MS = 300_000;
/** A limit that is lower than the pace is met within a window. */
const UNREFUSED_WINDOWS = 1.1;

/** The shortest window that can have been closed for so long, in milliseconds; null: an outage, which says nothing of windows. */
export function windowClosedFor(closedMs: number): number | null {
  return WINDOWS_MS.find((windowMs) => closedMs <= windowMs * TOLERANCE) ?? null;
}

/** What a closure must be to be told from chance: of a window at least so long, and the second in so long. */
export type WindowProof = { readonly windowMs: number; readonly withinMs: number };

/** The window over which the service is taken to count: never shorter than it was seen to be in this run. */
export class CountingWindow {
  windowMs: number;
  private longClosedMs = -Infinity;
  private doubtedMs = -Infinity;
  private readonly learnedMs: number;
  private readonly proof: WindowProof | null;

  /**
   * `learnedMs`: what a run before has learned; a second: nothing. `proof` null: any closure says how long the window is.
   *
   * A long window that is none holds a pace down for a whole run, since it is never taken to be shorter; a short one
   * that is longer is found out by its first closure. So a minute is not believed before it is seen.
   */
  constructor(learnedMs: number, proof: WindowProof | null) {
    this.windowMs = proof === null && learnedMs <= BELIEVED_MS ? learnedMs : SECOND_MS;
    this.learnedMs = learnedMs;
    this.proof = proof;
  }

  /**
   * Whether a closure that seems to say little was given is to be taken for an outage: windows before have given more.
   * Twice in a few minutes it was none, unless nothing was refused for clearly longer than such a window since the
   * last closure (`sinceMs`): a limit would have been met.
   */
  isDoubted(
    openedMs: number,
    at: { readonly windowMs: number; readonly sinceMs: number; readonly gaveTwice: boolean },
  ): boolean {
    if (at.gaveTwice || at.sinceMs > at.windowMs * UNREFUSED_WINDOWS) return true;
    const isFirst = openedMs - this.doubtedMs > DOUBTED_MS;
    this.doubtedMs = openedMs;
    return isFirst;
  }

  /**
   * A window opened again at `openedMs` that had been closed for `closedMs`, what a large call overdraws
   * not counted. Returns whether it is longer than was known.
   */
  opened(openedMs: number, closedMs: number): boolean {
    const windowMs = windowClosedFor(closedMs);
    if (windowMs === null || windowMs <= this.windowMs) return false;
    if (this.proof !== null) {
      if (windowMs < this.proof.windowMs) return false;
      const isFirst = openedMs - this.longClosedMs > this.proof.withinMs;
      this.longClosedMs = openedMs;
      // The same in a run before is proof as well.
      if (isFirst && windowMs !== this.learnedMs) return false;
    }
    this.windowMs = windowMs;
    return true;
  }
}
