/** So many lines are open beside those in flight: each takes several kilobytes. */
const AHEAD_LINES = 768;
/** Lines of models that wait may be open beyond that, so many at the most: a few megabytes. */
const BEYOND_MOST = 8192;
/** A lane has enough to send where so many seconds' worth waits, and a few lines. */
const ENOUGH_SECONDS = 5;
const ENOUGH_LINES = 64;

/** A lane as the window sees it. */
export type WaitingLane = {
  readonly waiting: number;
  readonly callsPerSecond: number;
  readonly parked: boolean;
};

/**
 * How many lines may be open at once. Lines are opened in the input's order, so a long stretch of a
 * throttled model would fill the window and leave the other models without work: while one of them
 * has too little to send, lines that wait for longer than a few seconds are not counted, up to a
 * bound. `models`: how many the job has.
 */
export function readAheadLines(
  callsInFlight: number,
  models: number,
  lanes: Iterable<WaitingLane>,
): number {
  const least = callsInFlight + AHEAD_LINES;
  if (models < 2) return least;
  let seen = 0;
  let beyond = 0;
  let isHungry = false;
  for (const { waiting, callsPerSecond, parked } of lanes) {
    seen += 1;
    const enough = Math.max(ENOUGH_LINES, callsPerSecond * ENOUGH_SECONDS);
    if (waiting > enough) beyond += waiting - enough;
    else if (!parked && waiting < enough) isHungry = true;
  }
  return isHungry || seen < models ? Math.floor(least + Math.min(BEYOND_MOST, beyond)) : least;
}
