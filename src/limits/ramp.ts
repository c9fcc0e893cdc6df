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
