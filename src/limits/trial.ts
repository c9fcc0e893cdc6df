import { countOf, type Sent, shareOf, type StartLog } from './start-log.ts';

/**
 * The kinds of trial: for so many calls the pace is a share of what it was, and refusals by chance are then between so many
 * times as large a share of the calls. *Lower* is the usual one: refusals of a limit are gone at half the pace (or at what was
 * admitted of it, where that is less). *Higher* where the pace has come so low already: refusals of a limit are more then.
 * *OfFew* where few calls are refused: at a higher pace, for as many as bring `FEW_REFUSED`.
 */
const KINDS = {
  lower: { calls: 80, pace: 0.5, stays: { least: 0.55, most: 1.8 } },
  higher: { calls: 50, pace: 2, stays: { least: 0.2, most: 1.7 } },
  ofFew: { calls: 400, pace: 0.8, stays: { least: 0.45, most: 2 } },
} as const;
const FEW_REFUSED = 6;
/** A limit that refuses a share of a pace gives the rest of it: so much of that rest has next to none refused. */
const WITHIN_SHARE = 0.8;
/** At a higher pace refusals have stayed where they grew by less than this part of what a limit would add. */
const STAYED_PART = 0.6;
/** How long it takes: longer than `most` a lane of a few calls a minute would stand at half its pace for a quarter of an hour. */
const MS = { least: 4000, most: 300_000 } as const;
/** Where it would take longer, the pace is tried so much higher instead that it takes so long. */
const QUICK_MS = 150_000;

/** A higher pace has more refused. No longer than this may the pauses take that the service asks for with refusals. */
const PAUSES_MS_MOST = 30_000;

/** A trial that goes on: another pace for a while, to see whether refusals follow it. */
export type Trial = {
  readonly sinceMs: number;
  /** The pace before, and what was sent at it. */
  readonly perMs: number;
  readonly before: Sent;
  /** For so many calls. */
  readonly calls: number;
  /** What is tried, as a share of the pace before. */
  readonly pace: number;
  /** Refusals have stayed where their share is between these multiples of the share before. */
  readonly stays: { readonly least: number; readonly most: number };
};

/**
 * The trial that begins now; null: it, or the pauses that the service asks for in it, would take too long. A pace that has come so low that any trial of less would take too
 * long is tried higher: refusals by chance would hold it there for as long as the job lasts. Pure.
 */
export function openTrial(
  nowMs: number,
  at: {
    readonly perMs: number;
    /** What makes it look as if refusals came by chance. */
    readonly before: Sent;
    readonly areFew: boolean;
    /** The pace has come low, for what is known of it. */
    readonly isLow: boolean;
    readonly callsPerMs: number;
    /** For how long the service asks with a refusal that nothing is sent; 0: it does not. */
    readonly pausedMs: number;
  },
): Trial | null {
  const { perMs, before, areFew, isLow, callsPerMs, pausedMs } = at;
  const share = shareOf(before);
  const trial = { sinceMs: nowMs, perMs, before };
  const takesMs = (calls: number, pace: number): number => calls / (callsPerMs * pace);
  const { lower, higher, ofFew } = KINDS;
  if (areFew) {
    const calls = Math.min(ofFew.calls, FEW_REFUSED / share);
    return takesMs(calls, ofFew.pace) <= MS.most ? { ...trial, ...ofFew, calls } : null;
  }
  const lowerPace = Math.min(lower.pace, (1 - share) * WITHIN_SHARE);
  if (!isLow && takesMs(lower.calls, lowerPace) <= MS.most)
    return { ...trial, ...lower, pace: lowerPace };
  if (higher.calls * share * pausedMs > PAUSES_MS_MOST) return null;
  const isQuick = isLow && takesMs(higher.calls, higher.pace) <= MS.most;
  const pace = isQuick ? higher.pace : Math.max(higher.pace, takesMs(higher.calls, 1) / QUICK_MS);
  return { ...trial, ...higher, pace, stays: staysHigher(share, pace) };
}

/**
 * Between which multiples refusals have stayed at a pace so many times higher, where so large a share (0 to 1) was refused before: a
 * limit goes on giving what it gave, so that it refuses all else.
 */
function staysHigher(share: number, pace: number): Trial['stays'] {
  const { least, most } = KINDS.higher.stays;
  const ofLimit = (1 - (1 - share) / pace) / share;
  return { least, most: Math.min(most, 1 + (ofLimit - 1) * STAYED_PART) };
}

/** What was sent during a trial until `untilMs`; null: too little to say anything. */
export function sentInTrial(
  { sinceMs, calls }: Trial,
  log: StartLog,
  untilMs: number,
): Sent | null {
  if (untilMs - sinceMs < MS.least) return null;
  const sent = log.between(sinceMs, untilMs);
  return countOf(sent) < calls ? null : sent;
}

/** Whether refusals have stayed, at another pace, what they were: then they come by chance. */
export function haveStayed({ before, stays }: Trial, sent: Sent): boolean {
  const times = shareOf(sent) / shareOf(before);
  return times >= stays.least && times <= stays.most;
}
