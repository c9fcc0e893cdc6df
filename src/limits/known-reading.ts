import { TOUCHED_SHARE } from './growth.ts';
import type { LimitReading, RunEnd, RunEndInWindow } from './interpret-run.ts';
import { SHARES } from './rate-shares.ts';
import type { RefusalRun } from './refusal-run.ts';

const SECOND_MS = 1000;
const SIX_SECONDS_MS = 6000;
/**
 * A run shows the limit if everything was closed for longer than this share of a window, or more than this share of recent
 * calls was refused.
 */
const CONCLUSIVE = { closedShare: 0.4, refusedShare: 0.1 } as const;
/** A window that granted so few calls may have been closed for another reason. */
const FEW_CALLS = 20;
/**
 * How much more than the closed window earlier ones must have granted. A rising pace (less than `steadyShare` of it was
 * granted) has been granted two windows' worth by then, so only more than that is evidence.
 */
const GRANTED_MORE = { times: 1.15, timesRising: 2, amounts: 2, steadyShare: 0.9 } as const;

/** Costs are known in advance: what a window granted is what it had. */
export const KNOWN_READING: LimitReading = {
  touchedPerMs,
  overdrawnMs: () => 0,
  grantedMoreBefore,
  limitPerMs,
  // A pace at an unknown limit was refused, or a window of more than a second was closed, after only a few calls.
  isInconclusive: (run, windowMs) =>
    (run.wasGrowing || windowMs > SECOND_MS) && run.before.calls < FEW_CALLS,
};

/** The edge is slightly below the pace. Near a bound single refusals prove nothing: hardly any limit lies that close to it. */
function touchedPerMs(run: RefusalRun, end: RunEndInWindow): number | null {
  const { openedMs, windowMs, pace, admissions } = end;
  const recent = { perMs: run.perMs, windowMs, sinceMs: -Infinity };
  const isIsolated =
    !end.followsPace &&
    run.perMs >= pace.boundPerMs * SHARES.nearBound &&
    admissions.refusedShare(openedMs, recent) < SHARES.isolated;
  if (isIsolated) return null;
  // Where each refusal costs a pause, the pace that was already cut for it stays.
  const isCutForPause = run.pauseMs > 0 && pace.boundPerMs === Infinity;
  return isCutForPause ? pace.perMs / SHARES.learned : run.perMs / TOUCHED_SHARE;
}

/**
 * Whether an equal time before the closure granted clearly more: then no window was used up, but there was an outage, or
 * the limit changed.
 */
function grantedMoreBefore(run: RefusalRun, end: RunEndInWindow): boolean {
  const { openedMs, windowMs, admissions } = end;
  // A growing pace is granted more before its first closure than one window has, if a new window began meanwhile.
  if (run.wasGrowing || windowMs <= SECOND_MS) return false;
  const { before } = run;
  const grantedBefore = windowMs > SIX_SECONDS_MS ? before.minute : before.sixSeconds;
  const granted = admissions.amount(openedMs, windowMs);
  const each = before.calls === 0 ? 0 : before.minute / before.calls;
  const isRising = grantedBefore < run.perMs * windowMs * GRANTED_MORE.steadyShare;
  const times = isRising ? GRANTED_MORE.timesRising : GRANTED_MORE.times;
  return grantedBefore > granted * times + each * GRANTED_MORE.amounts;
}

function limitPerMs(run: RefusalRun, end: RunEndInWindow): number | null {
  if (!isConclusive(run, end)) return null;
  const { openedMs, reopenedMs, windowMs, admissions } = end;
  const { perMs } = run;
  const sinceMs = Math.max(reopenedMs, end.pace.startedMs ?? openedMs);
  const measured = admissions.ofWindow(openedMs, {
    perMs,
    sinceMs,
    windowMs,
    closedMs: run.closedMs,
  });
  // Whatever the window, it grants at least one call; else it would be longer.
  const limitPerMs = Math.min(Math.max(measured, 1 / windowMs), perMs);
  const isOfSeconds = !run.wasGrowing && windowMs <= SECOND_MS;
  return isOfSeconds ? moreInSixSeconds(limitPerMs, run, end) : limitPerMs;
}

function isConclusive(run: RefusalRun, end: RunEndInWindow): boolean {
  const { openedMs, reopenedMs, windowMs, admissions } = end;
  // What a long window granted is a good measurement in any case.
  if (windowMs > SECOND_MS && run.refusedRounds > 0) return true;
  if (run.closedMs > windowMs * CONCLUSIVE.closedShare) return true;
  const recent = { perMs: run.perMs, sinceMs: reopenedMs, windowMs };
  return admissions.refusedShare(openedMs, recent) > CONCLUSIVE.refusedShare;
}

/**
 * The limit shown by a closed second, or by six seconds if these granted clearly more and nothing was refused for that long
 * before: then the second was the end of a longer window, or other clients interfered.
 */
function moreInSixSeconds(limitPerMs: number, run: RefusalRun, end: RunEnd): number {
  const unrefusedMs = run.firstSentMs - end.reopenedMs;
  if (unrefusedMs <= SIX_SECONDS_MS * GRANTED_MORE.times) return limitPerMs;
  const grantedPerMs = end.admissions.amount(end.openedMs, SIX_SECONDS_MS) / SIX_SECONDS_MS;
  return grantedPerMs > limitPerMs * GRANTED_MORE.times ? grantedPerMs : limitPerMs;
}
