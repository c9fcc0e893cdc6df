const START = 0.25;
const MS = 4000;

/**
 * The share of a known limit that is used `sinceMs` after the first start: a quarter at first, all of
 * it after four seconds, since the service guards against sudden growth.
 */
export function rampShare(sinceMs: number): number {
  return Math.min(1, START + ((1 - START) * sinceMs) / MS);
}
