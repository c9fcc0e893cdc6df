const START = 0.25;
/** Longer where costs are known only afterwards: the first answers say how wrong the estimates are. */
const MS = { known: 4000, noisy: 6000 } as const;

/**
 * The share of a known limit that is used `sinceMs` after the first start: a quarter at first, all of
 * it after some seconds, since the service guards against sudden growth.
 */
export function rampShare(sinceMs: number, isNoisy: boolean): number {
  const ms = isNoisy ? MS.noisy : MS.known;
  return Math.min(1, START + ((1 - START) * sinceMs) / ms);
}

/**
 * How long that takes at a rising share, from `sinceMs` on, which takes `fullMs` at all of it. The share
 * rises meanwhile: a pace of one call in 5 s has its second call after 6.5 s, not after the 20 s that a
 * quarter of it would take.
 */
export function rampedMs(fullMs: number, sinceMs: number, isNoisy: boolean): number {
  const share = rampShare(sinceMs, isNoisy);
  const perMs = (1 - START) / (isNoisy ? MS.noisy : MS.known);
  const leftMs = (1 - share) / perMs;
  const done = leftMs * ((share + 1) / 2);
  if (fullMs >= done) return leftMs + fullMs - done;
  // The share's integral over t is share * t + perMs * t * t / 2.
  return (Math.sqrt(share * share + 2 * perMs * fullMs) - share) / perMs;
}
