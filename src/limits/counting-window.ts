/** Counting windows used by the service: a second (RPM/60), six seconds (seen in a leaked header, 2025), a minute. */
const WINDOWS_MS = [1000, 6000, 60_000] as const;
const SECOND_MS = 1000;
/** The longest window from an earlier run that is believed unseen. */
const BELIEVED_MS = 6000;
/** A window may seem slightly longer than it is. */
const TOLERANCE = 1.05;
/** A closure that shows less than earlier windows granted is doubted once; repeated within this time, it is believed. */
const DOUBTED_MS = 300_000;
/** A limit below the pace is met within a window. */
const UNREFUSED_WINDOWS = 1.1;

/**
 * The shortest window that can have been closed for this long, in milliseconds; null: an outage, which says nothing of
 * windows.
 */
export function windowClosedFor(closedMs: number): number | null {
  return WINDOWS_MS.find((windowMs) => closedMs <= windowMs * TOLERANCE) ?? null;
}

/** What distinguishes a closure from a random one: it is of a window at least this long, and the second within this time. */
export type WindowProof = { readonly windowMs: number; readonly withinMs: number };

/** The service's counting window as assumed: never shorter than observed in this run. */
export class CountingWindow {
  windowMs: number;
  private longClosedMs = -Infinity;
  private doubtedMs = -Infinity;
  private readonly learnedMs: number;
  private readonly proof: WindowProof | null;

  /**
   * `learnedMs`: the window from an earlier run; one second: none. `proof` null: any closure shows the window's length.
   *
   * Assuming too long a window holds the pace down for a whole run, since the assumption never shrinks; too short a one is
   * corrected by the first closure. So a minute is not believed before it is seen.
   */
  constructor(learnedMs: number, proof: WindowProof | null) {
    this.windowMs = proof === null && learnedMs <= BELIEVED_MS ? learnedMs : SECOND_MS;
    this.learnedMs = learnedMs;
    this.proof = proof;
  }

  /**
   * Whether a closure that seems to show a low limit is taken for an outage, since earlier windows granted more. Not the
   * second time within a few minutes, unless nothing was refused for clearly longer than such a window since the last
   * closure (`sinceMs`): a limit would have been met. `grantedTwice`: more than two such windows' worth was granted since.
   */
  isDoubted(
    openedMs: number,
    at: { readonly windowMs: number; readonly sinceMs: number; readonly grantedTwice: boolean },
  ): boolean {
    if (at.grantedTwice || at.sinceMs > at.windowMs * UNREFUSED_WINDOWS) return true;
    const isFirst = openedMs - this.doubtedMs > DOUBTED_MS;
    this.doubtedMs = openedMs;
    return isFirst;
  }

  /**
   * A window reopened at `openedMs` after `closedMs`, not counting what a large call overdrew. Returns whether it is longer
   * than was known.
   */
  opened(openedMs: number, closedMs: number): boolean {
    const windowMs = windowClosedFor(closedMs);
    if (windowMs === null || windowMs <= this.windowMs) return false;
    if (this.proof !== null) {
      if (windowMs < this.proof.windowMs) return false;
      const isFirst = openedMs - this.longClosedMs > this.proof.withinMs;
      this.longClosedMs = openedMs;
      // The same in an earlier run is proof as well.
      if (isFirst && windowMs !== this.learnedMs) return false;
    }
    this.windowMs = windowMs;
    return true;
  }
}
