import { countOf, type CallCounts, refusedShareOf, type StartLog } from './start-log.ts';

/**
 * Kinds of trial: for `calls` calls the pace is scaled by `pace`; refusals are random if their share then lies between
 * these multiples of the share before. *Lower* is the usual one: refusals of a limit vanish at half the pace (or at the
 * admitted part of it, if that is less). *Higher* if the pace is already low: refusals of a limit then increase. *OfFew* if
 * few calls are refused: a higher pace than *lower*, for as many calls as should bring `FEW_REFUSED`.
 */
const KINDS = {
  lower: { calls: 80, pace: 0.5, unchanged: { least: 0.55, most: 1.8 } },
  higher: { calls: 50, pace: 2, unchanged: { least: 0.2, most: 1.7 } },
  forFewRefused: { calls: 400, pace: 0.8, unchanged: { least: 0.45, most: 2 } },
} as const;
const FEW_REFUSED = 6;
/** A limit that refuses a share of a pace grants the rest: at this part of that rest next to none are refused. */
const WITHIN_SHARE = 0.8;
/** At a higher pace refusals have stayed if they grew by less than this part of what a limit would add. */
const UNCHANGED_PART = 0.6;
/** Duration bounds. Beyond `most`, a lane of a few calls a minute would run at half its pace for a quarter of an hour. */
const MS = { least: 4000, most: 300_000 } as const;
/** If it would take longer, the pace is raised instead, so far that the trial takes this long. */
const QUICK_MS = 150_000;

/** A higher pace has more refused: the pauses that the service asks for with refusals may add up to at most this. */
const PAUSES_MS_MOST = 30_000;

/** A trial in progress: another pace for a while, to see whether refusals follow it. */
export type Trial = {
  readonly sinceMs: number;
  /** The pace before, and what was sent at it. */
  readonly perMs: number;
  readonly before: CallCounts;
  /** Its number of calls. */
  readonly calls: number;
  /** The pace tried, as a multiple of the pace before. */
  readonly pace: number;
  /** Refusals have stayed if their share is between these multiples of the share before. */
  readonly unchanged: { readonly least: number; readonly most: number };
};

/**
 * Starts a trial; null: it, or the pauses requested during it, would take too long. A pace so low that any trial at less
 * would take too long is tried higher: random refusals would otherwise hold it there for the whole job. Pure.
 */
export function openTrial(
  nowMs: number,
  at: {
    readonly perMs: number;
    /** The calls that raised the suspicion that refusals are random. */
    readonly before: CallCounts;
    readonly areFewRefused: boolean;
    /** The pace is low compared with what is known. */
    readonly isLow: boolean;
    readonly callsPerMs: number;
    /** The pause that the service asks for with a refusal; 0: none. */
    readonly pausedMs: number;
  },
): Trial | null {
  const { perMs, before, areFewRefused, isLow, callsPerMs, pausedMs } = at;
  const share = refusedShareOf(before);
  const trial = { sinceMs: nowMs, perMs, before };
  const durationMs = (calls: number, pace: number): number => calls / (callsPerMs * pace);
  const { lower, higher, forFewRefused } = KINDS;
  if (areFewRefused) {
    const calls = Math.min(forFewRefused.calls, FEW_REFUSED / share);
    return durationMs(calls, forFewRefused.pace) <= MS.most
      ? { ...trial, ...forFewRefused, calls }
      : null;
  }
  const lowerPace = Math.min(lower.pace, (1 - share) * WITHIN_SHARE);
  if (!isLow && durationMs(lower.calls, lowerPace) <= MS.most)
    return { ...trial, ...lower, pace: lowerPace };
  if (higher.calls * share * pausedMs > PAUSES_MS_MOST) return null;
  const isQuick = isLow && durationMs(higher.calls, higher.pace) <= MS.most;
  const pace = isQuick
    ? higher.pace
    : Math.max(higher.pace, durationMs(higher.calls, 1) / QUICK_MS);
  return { ...trial, ...higher, pace, unchanged: unchangedAtHigher(share, pace) };
}

/**
 * The multiples between which refusals count as unchanged at `pace` times the pace, given the share (0 to 1) refused
 * before: a limit keeps granting what it granted and refuses all else.
 */
function unchangedAtHigher(share: number, pace: number): Trial['unchanged'] {
  const { least, most } = KINDS.higher.unchanged;
  const ofLimit = (1 - (1 - share) / pace) / share;
  return { least, most: Math.min(most, 1 + (ofLimit - 1) * UNCHANGED_PART) };
}

/** What was sent during a trial until `untilMs`; null: too little to conclude. */
export function sentInTrial(
  { sinceMs, calls }: Trial,
  log: StartLog,
  untilMs: number,
): CallCounts | null {
  if (untilMs - sinceMs < MS.least) return null;
  const sent = log.between(sinceMs, untilMs);
  return countOf(sent) < calls ? null : sent;
}

/** Whether refusals stayed the same at another pace: then they are random. */
export function areRefusalsUnchanged({ before, unchanged }: Trial, sent: CallCounts): boolean {
  const times = refusedShareOf(sent) / refusedShareOf(before);
  return times >= unchanged.least && times <= unchanged.most;
}
