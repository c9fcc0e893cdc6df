/** Lines open beyond those in flight: each takes several kilobytes. */
const AHEAD_LINES = 768;
/** Further lines that may be open for models that would otherwise have too little to send. A few megabytes. */
const BEYOND_LINES = 8192;
/** A lane has enough to send if this many seconds' worth of lines wait, and at least a few. */
const ENOUGH_SECONDS = 5;
const ENOUGH_LINES = 16;
/** It has plenty at this multiple of enough, which models mixed line by line reach in turns, and seldom. */
const PLENTY = 4;

/** A lane as seen by the code that opens lines. */
export type WaitingLane = {
  readonly waiting: number;
  /** Recent starts, not what the pace would allow: tokens, slots or money may bind first. */
  readonly startsPerSecond: number;
  readonly parked: boolean;
};

/** The policy by which a job's lines are opened. */
export type ReadAhead = {
  /** How many lines may be open, of whatever model. */
  windowLines(this: void): number;
  /** How many more, of models that do not have plenty. */
  readonly beyondLines: number;
  /** Whether a model has too little to send. */
  lacksLines(this: void, model: string): boolean;
  /** Whether another line of a model should wait. */
  hasPlenty(this: void, model: string): boolean;
  /** Whether a model not in `excluded` has too little to send; its lines may be further on in the input. */
  lacksAny(this: void, excluded: { has(model: string): boolean }): boolean;
};

/**
 * The policy for opening the lines of a job with `models` models. Lines are opened in input order, so a long block of a
 * throttled model would fill the window and leave the other models idle: hence, if there are several, which have too little
 * to send and which have plenty. All of them may have plenty at once, within `beyondLines`. `waiting`: every model of which
 * a line was opened.
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
    // Lines of a parked model do not wait: they end at once.
    lacksLines(model) {
      const lane = limiter.waiting.get(model);
      return lane === undefined || lane.parked || hasTooLittle(lane);
    },
    hasPlenty(model) {
      const lane = limiter.waiting.get(model);
      if (lane === undefined || lane.parked) return false;
      return lane.waiting >= Math.min(wanted(lane) * PLENTY, most);
    },
    lacksAny(excluded) {
      if (models < 2) return false;
      if (limiter.waiting.size < models) return true;
      for (const [model, lane] of limiter.waiting)
        if (!lane.parked && !excluded.has(model) && hasTooLittle(lane)) return true;
      return false;
    },
  };
}
