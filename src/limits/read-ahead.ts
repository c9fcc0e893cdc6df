/** So many lines are open beside those in flight: each takes several kilobytes. */
const AHEAD_LINES = 768;
/** A lane has enough to send where so many seconds' worth waits, and a few lines. */
const ENOUGH_SECONDS = 5;
const ENOUGH_LINES = 64;

/** A lane as whoever opens lines sees it. */
export type WaitingLane = {
  readonly waiting: number;
  /** What it has sent of late, not what it might: tokens, slots or money may bind before its pace does. */
  readonly startsPerSecond: number;
  readonly parked: boolean;
};

/** What a job's lines are opened by. */
export type ReadAhead = {
  /** So many lines may be open, whatever they are. */
  windowLines(this: void): number;
  /** Whether a further line of this model had better be opened now than later. */
  lacksLines(this: void, model: string): boolean;
  /** Whether a model, but for those `apart`, has too little to send; it may stand further on in the input. */
  lacksAny(this: void, apart: { has(model: string): boolean }): boolean;
};

/** Lines of a model that is parked do not wait: they come to their end at once. */
function hasTooLittle({ waiting, startsPerSecond }: WaitingLane): boolean {
  return waiting < Math.max(ENOUGH_LINES, startsPerSecond * ENOUGH_SECONDS);
}

/**
 * Which lines to open, for a job of so many models. Lines are opened in the input's order, so that a long stretch of a
 * throttled model would fill the window and leave the other models without work: hence, of several models, who has too
 * little to send. `waiting`: every model of which a line was opened.
 */
export function readAhead(
  limiter: { readonly concurrency: number; readonly waiting: ReadonlyMap<string, WaitingLane> },
  models: number,
): ReadAhead {
  return {
    windowLines: () => limiter.concurrency + AHEAD_LINES,
    lacksLines(model) {
      const lane = limiter.waiting.get(model);
      return lane === undefined || lane.parked || hasTooLittle(lane);
    },
    lacksAny(apart) {
      if (models < 2) return false;
      if (limiter.waiting.size < models) return true;
      for (const [model, lane] of limiter.waiting)
        if (!lane.parked && !apart.has(model) && hasTooLittle(lane)) return true;
      return false;
    },
  };
}
