import type { Admissions } from './admissions.ts';
import { TOUCHED_SHARE } from './growth.ts';
import type { Noise } from './noise.ts';
import type { Pace } from './pace.ts';
import { SHARES } from './rate-shares.ts';
import type { RefusalRun } from './refusal-run.ts';
import { type CountingWindow, windowClosedFor } from './windows.ts';

/**
 * A run says what the limit is, and not only that its edge was touched, where everything was closed for longer than
 * `closedShare` of a window, or more than `refusedShare` of the last calls was refused. Where costs are known only afterwards
 * that must be `steeredTimes` as many as are steered for.
 */
const TELLING = { closedShare: 0.4, refusedShare: 0.1, steeredTimes: 4 } as const;
const SECOND_MS = 1000;
const SIX_SECONDS_MS = 6000;
/** A measure is at least this share of the pace before: where costs vary, a few seconds say little. */
const MEASURED_SHARE_LEAST = { seconds: 0.5, otherwise: 0.02 } as const;
const SECONDS_MS = 5000;
/** And closures up to this long may be of calls in flight that are counted when they end. */
const OPENED_MS = 15_000;
/** A window that gave so few calls may have been closed for another reason. */
const FEW_CALLS = 20;
/** A limit that was touched may be touched again right after the pause that the service asked for. */
const PAUSES_MOST = 2.5;
/** Earlier windows gave so much more than the one that was closed. */
const MORE = { times: 1.15, amounts: 2 } as const;

/** What is known when a run of refusals is over, of the dimension that it was met in. */
export type RunEnd = {
  /** When the window opened again, and when the one before did (-Infinity: none did). */
  readonly openedMs: number;
  readonly reopenedMs: number;
  readonly admissions: Admissions;
  /** Where costs are known only afterwards; null: they are known before. */
  readonly noise: Noise | null;
  /** The pace now, after what the refusals took. */
  readonly pace: Pick<Pace, 'perMs' | 'boundPerMs' | 'startedMs'>;
  /** A trial has shown that refusals are fewer at a lower pace. */
  readonly followsPace: boolean;
};

/** The same, with the window over which the service counts, as the run has shown it. */
type RunEndInWindow = RunEnd & { readonly windowMs: number };

/** How long everything was refused, as far as tries have shown. */
function closedForMs(run: RefusalRun): number {
  return run.lastSentMs - run.firstSentMs;
}

/** For how long one large call may have closed a window by taking more than was left of it; 0 where costs are known before. */
function overdrawnMs(
  run: RefusalRun,
  { openedMs, admissions, noise }: Pick<RunEnd, 'openedMs' | 'admissions' | 'noise'>,
): number {
  return noise?.overdrawnMs(admissions.callsPerMs(openedMs, run.perMs)) ?? 0;
}

/** What a run of refusals shows of the limit that was met. Amounts a millisecond. */
export type LimitMet = {
  /** What it is, where the run tells; null: only its edge was touched. */
  readonly toldPerMs: number | null;
  /** What the touch alone says of it; null: nothing, hardly any come so near to a bound. */
  readonly touchedPerMs: number | null;
  /** So few calls came before that what it tells may have another reason. */
  readonly afterFew: boolean;
  readonly isWindowNew: boolean;
};

/**
 * What a run means that is over: the limit was met; or it was an `outage`, which says nothing of it; or
 * `nothing` had been admitted before, so that nothing can be said. The window notes what it shows of it.
 *
 * The first of these that holds: closed for no longer than the pauses that were asked for explain (only touched); nothing
 * admitted before; closed for longer than any window (an outage); windows before gave clearly more, or this one gave
 * nothing (an outage); else the limit, told or touched (`limitToldBy`).
 */
export function meaningOf(
  run: RefusalRun,
  end: RunEnd,
  window: CountingWindow,
): LimitMet | 'outage' | 'nothing' {
  const { openedMs, admissions, noise } = end;
  const touchedPerMs = touched(run, { ...end, windowMs: window.windowMs });
  // Nothing was tried during the pauses that the service had asked for: closed for hardly longer, it was only touched.
  const isOfPauses = run.pauseMs > 0 && closedForMs(run) <= run.pauseMs * PAUSES_MOST;
  if (isOfPauses) return { toldPerMs: null, touchedPerMs, afterFew: false, isWindowNew: false };
  if (run.before.calls === 0) return 'nothing';
  const closedMs = closedForMs(run) - overdrawnMs(run, end);
  const seemsMs = windowClosedFor(closedMs);
  if (seemsMs === null) return 'outage';
  const span = { openedMs, windowMs: Math.max(seemsMs, window.windowMs), admissions };
  // A pace that grows gets more before its first closure than a window has, where one began meanwhile.
  const isDoubtful = noise === null && !run.wasGrowing && gaveMoreBefore(run, span);
  const sinceMs = run.firstSentMs - end.reopenedMs;
  if (isDoubtful && window.isDoubted(openedMs, { windowMs: span.windowMs, sinceMs }))
    return 'outage';
  // A window that gave nothing at all is none.
  const isLong = span.windowMs > SECOND_MS && run.before.calls >= FEW_CALLS;
  if (isLong && admissions.amount(openedMs, span.windowMs) === 0) return 'outage';
  const isWindowNew = window.opened(openedMs, closedMs, noise !== null);
  const limitPerMs = limitToldBy(run, { ...end, windowMs: window.windowMs });
  const isOfSeconds = noise === null && !run.wasGrowing && window.windowMs <= SECOND_MS;
  const toldPerMs = isOfSeconds ? moreInSixSeconds(limitPerMs, sinceMs, span) : limitPerMs;
  const afterFew = noise === null && saysLittle(run, window.windowMs);
  return { toldPerMs, touchedPerMs, afterFew, isWindowNew };
}

/** What a touch says of the limit. */
function touched(run: RefusalRun, end: RunEndInWindow): number | null {
  const { openedMs, windowMs, pace, admissions } = end;
  if (end.noise !== null) return pace.perMs;
  const lately = { perMs: run.perMs, windowMs, sinceMs: -Infinity };
  const isStray =
    !end.followsPace &&
    run.perMs >= pace.boundPerMs * SHARES.nearBound &&
    admissions.refusedShare(openedMs, lately) < SHARES.strays;
  return isStray ? null : run.perMs / TOUCHED_SHARE;
}

/**
 * Whether so little came before that another reason is as likely as a limit: before a window of more than a second was
 * closed, or a pace in the dark was refused.
 */
function saysLittle(run: RefusalRun, windowMs: number): boolean {
  return (run.wasGrowing || windowMs > SECOND_MS) && run.before.calls < FEW_CALLS;
}

/**
 * Whether the same time before the closure had been given clearly more than the window that was closed: then it was
 * no window that was used up, but an outage, or the limit has changed.
 */
function gaveMoreBefore(
  run: RefusalRun,
  at: { readonly openedMs: number; readonly windowMs: number; readonly admissions: Admissions },
): boolean {
  const { openedMs, windowMs, admissions } = at;
  if (windowMs <= SECOND_MS) return false;
  const { before } = run;
  const gaveBefore = windowMs > SIX_SECONDS_MS ? before.minute : before.sixSeconds;
  const gave = admissions.amount(openedMs, windowMs);
  const each = before.calls === 0 ? 0 : before.minute / before.calls;
  return gaveBefore > gave * MORE.times + each * MORE.amounts;
}

/**
 * What a second that was closed says, or six of them where these gave clearly more, and nothing was refused for as long
 * before: then the second was not used up, but the end of a longer window, or others came between.
 */
function moreInSixSeconds(
  toldPerMs: number | null,
  sinceMs: number,
  at: { readonly openedMs: number; readonly admissions: Admissions },
): number | null {
  if (toldPerMs === null || sinceMs <= SIX_SECONDS_MS * MORE.times) return toldPerMs;
  const gavePerMs = at.admissions.amount(at.openedMs, SIX_SECONDS_MS) / SIX_SECONDS_MS;
  return gavePerMs > toldPerMs * MORE.times ? gavePerMs : toldPerMs;
}

/**
 * What a run of refusals that is over says of the limit, an amount a millisecond: what the window that
 * it closed gave. Null: it was only the edge of it.
 */
function limitToldBy(run: RefusalRun, end: RunEndInWindow): number | null {
  if (!isTelling(run, end)) return null;
  const { openedMs, reopenedMs, windowMs, admissions, noise } = end;
  const startedMs = end.pace.startedMs ?? openedMs;
  const { perMs } = run;
  const isNoisy = noise !== null;
  // Where costs vary, a window that seemed to open again may have been one that large calls left open.
  const isDoubtful = isNoisy && closedForMs(run) < OPENED_MS;
  const sinceMs = isDoubtful ? startedMs : Math.max(reopenedMs, startedMs);
  const noisyClosedMs = isNoisy ? closedForMs(run) : null;
  const measured = admissions.ofWindow(openedMs, { perMs, sinceMs, windowMs, noisyClosedMs });
  // Whatever the window is, it gives a call at least; else it would be longer.
  const { seconds, otherwise } = MEASURED_SHARE_LEAST;
  const noisyLeast = perMs * (closedForMs(run) > SECONDS_MS ? otherwise : seconds);
  const least = isNoisy ? noisyLeast : 1 / windowMs;
  return Math.min(Math.max(measured, least), perMs);
}

function isTelling(run: RefusalRun, end: RunEndInWindow): boolean {
  const { openedMs, reopenedMs, windowMs, admissions, noise } = end;
  const closedMs = closedForMs(run);
  const isLong = windowMs > SECOND_MS;
  // What a long window gave is a good measure in any case.
  if (noise === null && isLong && run.hits > 0) return true;
  // Windows that a large call has used up are closed by chance, and for a little longer than they are.
  const closedMost =
    noise === null
      ? windowMs * TELLING.closedShare
      : overdrawnMs(run, end) + (isLong ? 0 : windowMs);
  if (closedMs > closedMost) return true;
  const refusedShare = admissions.refusedShare(openedMs, {
    perMs: run.perMs,
    // Where costs vary, runs come close together by chance.
    sinceMs: noise === null ? reopenedMs : -Infinity,
    windowMs,
  });
  const usual = noise === null ? 0 : noise.refusedShare * TELLING.steeredTimes;
  return refusedShare > Math.max(TELLING.refusedShare, usual);
}
