/** So many lines are open beside those in flight: each takes several kilobytes. */
const AHEAD_LINES = 768;
/** Beyond these, so many may be open for models that would have too little to send without. A few megabytes. */
const BEYOND_LINES = 8192;
/** A lane has enough to send where so many seconds' worth waits, and a few lines. */
const ENOUGH_SECONDS = 5;
const ENOUGH_LINES = 16;
/** And plenty where so many times as many do: models that are mixed line by line come to that by turns, and seldom. */
const PLENTY = 4;

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
  /** And so many more, of models that have not plenty. */
  readonly beyondLines: number;
  /** Whether a model has too little to send. */
  lacksLines(this: void, model: string): boolean;
  /** Whether a further line of a model had better wait. */
  hasPlenty(this: void, model: string): boolean;
  /** Whether a model, but for those `apart`, has too little to send; it may stand further on in the input. */
  lacksAny(this: void, apart: { has(model: string): boolean }): boolean;
};

/**
 * Which lines to open, for a job of so many models. Lines are opened in the input's order, so that a long stretch of a
 * throttled model would fill the window and leave the other models without work: hence, of several models, who has too
 * little to send, and who has plenty. All of them may have plenty at a time, within `beyondLines`. `waiting`: every model of
 * which a line was opened.
 */
export function readAhead(
  limiter: { readonly concurrency: number; readonly waiting: ReadonlyMap<string, WaitingLane> },
  models: number,
): ReadAhead {
  const most = BEYOND_LINES / Math.max(1, models);
  const wanted = ({ startsPerSecond }: WaitingLane): number =>
    Math.max(ENOUGH_LINES, startsPerSecond * ENOUGH_SECONDS);
  const hasTooLittle = (lane: WaitingLane): boolean =>
    lane.waiting < Math.min(wanted(lane), most / 2);
  return {
    windowLines: () => limiter.concurrency + AHEAD_LINES,
    beyondLines: BEYOND_LINES,
    // Lines of a model that is parked do not wait: they come to their end at once.
    lacksLines(model) {
      const lane = limiter.waiting.get(model);
      return lane === undefined || lane.parked || hasTooLittle(lane);
    },
    hasPlenty(model) {
      const lane = limiter.waiting.get(model);
      if (lane === undefined || lane.parked) return false;
      return lane.waiting >= Math.min(wanted(lane) * PLENTY, most);
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
