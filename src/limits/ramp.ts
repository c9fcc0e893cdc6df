const START = 0.25;
/** A new pace is ramped up to if the previous one is less than this share of it. */
const RAMP_BELOW = 0.5;

/**
 * The share of a known limit in use `sinceMs` after the first start: rises linearly from a quarter to all of it over
 * `rampMs`, since the service guards against sudden growth.
 */
export function rampShare(sinceMs: number, rampMs: number): number {
  return Math.min(1, START + ((1 - START) * sinceMs) / rampMs);
}

/**
 * The virtual start of a ramp to a new pace, of which the previous pace is `share`: more than doubling the pace is sudden
 * growth as well. The ramp continues from there, or from a quarter if that is more. Returns `startedMs` if the rise is
 * smaller or no call was started (null).
 */
export function rampStartMs(
  startedMs: number | null,
  nowMs: number,
  share: number,
  rampMs: number,
): number | null {
  if (startedMs === null || !(share < RAMP_BELOW)) return startedMs;
  return nowMs - (Math.max(0, share - START) / (1 - START)) * rampMs;
}

/**
 * How long an amount takes from `sinceMs` on that would take `fullMs` at the full pace. The share rises meanwhile: at one
 * call per 5 s the second call comes after 6.5 s, not after the 20 s that a constant quarter would take.
 */
export function rampedMs(fullMs: number, sinceMs: number, rampMs: number): number {
  const share = rampShare(sinceMs, rampMs);
  const perMs = (1 - START) / rampMs;
  const leftMs = (1 - share) / perMs;
  const rampAmountMs = leftMs * ((share + 1) / 2);
  if (fullMs >= rampAmountMs) return leftMs + fullMs - rampAmountMs;
  // The integral of the share over t is share * t + perMs * t * t / 2.
  return (Math.sqrt(share * share + 2 * perMs * fullMs) - share) / perMs;
}
