const START = 0.25;
/** A new pace is climbed to where the one before is less than so much of it. */
const ANEW_BELOW = 0.5;

/**
 * A ramp of `rampMs`: the share of a known limit that is used `sinceMs` after the first start: a quarter at first, all of
 * it after some seconds, since the service guards against sudden growth.
 */
export function rampShare(sinceMs: number, rampMs: number): number {
  return Math.min(1, START + ((1 - START) * sinceMs) / rampMs);
}

/**
 * When the ramp to a new pace was begun, where the pace before is `share` of it: a rise to more than
 * twice the pace is sudden growth as well. It goes on from there, or from a quarter where that is more. As
 * it was (null: not begun) where the rise is less.
 */
export function rampAnewMs(
  startedMs: number | null,
  nowMs: number,
  share: number,
  rampMs: number,
): number | null {
  if (startedMs === null || !(share < ANEW_BELOW)) return startedMs;
  return nowMs - (Math.max(0, share - START) / (1 - START)) * rampMs;
}

/**
 * How long that takes at a rising share, from `sinceMs` on, which takes `fullMs` at all of it. The share
 * rises meanwhile: a pace of one call in 5 s has its second call after 6.5 s, not after the 20 s that a
 * quarter of it would take.
 */
export function rampedMs(fullMs: number, sinceMs: number, rampMs: number): number {
  const share = rampShare(sinceMs, rampMs);
  const perMs = (1 - START) / rampMs;
  const leftMs = (1 - share) / perMs;
  const done = leftMs * ((share + 1) / 2);
  if (fullMs >= done) return leftMs + fullMs - done;
  // The share's integral over t is share * t + perMs * t * t / 2.
  return (Math.sqrt(share * share + 2 * perMs * fullMs) - share) / perMs;
}
