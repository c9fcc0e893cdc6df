/** Windows that the service counts over: a second (RPM/60), six seconds (seen in a leaked header, 2025), a minute. */
const WINDOWS_MS = [1000, 6000, 60_000] as const;
/** A window may seem a little longer than it is. */
const TOLERANCE = 1.05;

/** The shortest window that can have been closed for so long, in milliseconds. */
export function windowClosedFor(closedMs: number): number {
  return WINDOWS_MS.find((windowMs) => closedMs <= windowMs * TOLERANCE) ?? closedMs;
}
