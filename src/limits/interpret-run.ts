import type { Admissions } from './admissions.ts';
import type { Pace } from './pace.ts';
import { SHARES } from './rate-shares.ts';
import type { RefusalRun } from './refusal-run.ts';
import { type CountingWindow, windowClosedFor } from './counting-window.ts';

const SECOND_MS = 1000;
/** A window that granted so few calls may have been closed for another reason. */
const FEW_CALLS = 20;
/** A limit that was touched may be touched again right after a requested pause. */
const PAUSES_MOST = 2.5;

/** What is known at the end of a run of refusals about its dimension. Times are monotonic milliseconds. */
export type RunEnd = {
  /** When the window reopened, and when the previous one did (-Infinity: there was none). */
  readonly openedMs: number;
  readonly reopenedMs: number;
  readonly admissions: Admissions;
  /** The pace now, after the cuts. */
  readonly pace: Pick<Pace, 'perMs' | 'boundPerMs' | 'startedMs'>;
  /** A trial showed fewer refusals at a lower pace. */
  readonly followsPace: boolean;
};

/** The same, with the service's counting window as far as it is known. */
export type RunEndInWindow = RunEnd & { readonly windowMs: number };

/** How to read the limit from a finished run of refusals (`interpretRun`). Amounts per millisecond. */
export type LimitReading = {
  /** The limit as far as a mere touch shows it; null: not at all. */
  touchedPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** For how long a single large call may have closed a window by overdrawing it. */
  overdrawnMs(run: RefusalRun, end: RunEnd): number;
  /** Whether earlier windows had granted clearly more than the one that seems to have been closed. */
  grantedMoreBefore(run: RefusalRun, end: RunEndInWindow): boolean;
  /** The limit, if the run shows it; null: only its edge was touched. */
  limitPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** Whether so little preceded the run that another reason is as likely as a limit. */
  isInconclusive(run: RefusalRun, windowMs: number): boolean;
};

/** What a run of refusals shows of the limit that was met. Amounts per millisecond. */
export type LimitMet = {
  /** The limit, if the run shows it; null: only its edge was touched. */
  readonly limitPerMs: number | null;
  /** The limit as far as the mere touch shows it; null: not at all, this close to a bound. */
  readonly touchedPerMs: number | null;
  /** So few calls came before that the result may have another reason. */
  readonly afterFewCalls: boolean;
  readonly isWindowNew: boolean;
};

/**
 * What a finished run means: the limit was met; or an `outage`, which says nothing of the limit; or `nothing` had been
 * admitted before, so no conclusion is possible. Updates `window` with what the run shows of it.
 *
 * The first that holds: the requested pauses explain the closure (only touched); nothing admitted before; closed for longer
 * than any window (outage); earlier windows granted clearly more, or this one granted nothing (outage); else the limit,
 * shown or touched, as the `reading` has it.
 */
export function interpretRun(
  run: RefusalRun,
  end: RunEnd,
  at: { readonly reading: LimitReading; readonly window: CountingWindow },
): LimitMet | 'outage' | 'nothing' {
  const { reading, window } = at;
  const { openedMs, admissions } = end;
  const touchedPerMs = reading.touchedPerMs(run, { ...end, windowMs: window.windowMs });
  // Nothing was tried during the requested pauses: if the closure lasted hardly longer, the limit was only touched.
  const isDueToPauses = run.pauseMs > 0 && run.closedMs <= run.pauseMs * PAUSES_MOST;
  if (isDueToPauses)
    return { limitPerMs: null, touchedPerMs, afterFewCalls: false, isWindowNew: false };
  if (run.before.calls === 0) return 'nothing';

  const closedMs = run.closedMs - reading.overdrawnMs(run, end);
  const seemingWindowMs = windowClosedFor(closedMs);
  if (seemingWindowMs === null) return 'outage';
  const windowMs = Math.max(seemingWindowMs, window.windowMs);
  const sinceMs = run.firstSentMs - end.reopenedMs;
  if (
    reading.grantedMoreBefore(run, { ...end, windowMs }) &&
    window.isDoubted(openedMs, {
      windowMs,
      sinceMs,
      grantedTwice: grantedTwiceSince(run, end, windowMs),
    })
  )
    return 'outage';
  // A window that granted nothing at all is none.
  const isLong = windowMs > SECOND_MS && run.before.calls >= FEW_CALLS;
  if (isLong && admissions.amount(openedMs, windowMs) === 0) return 'outage';

  const isWindowNew = window.opened(openedMs, closedMs);
  const limitPerMs = reading.limitPerMs(run, { ...end, windowMs: window.windowMs });
  return {
    limitPerMs,
    touchedPerMs,
    afterFewCalls: reading.isInconclusive(run, window.windowMs),
    isWindowNew,
  };
}

/** Whether more was granted since the previous reopening than two windows like the closed one hold. */
function grantedTwiceSince(
  run: RefusalRun,
  { openedMs, reopenedMs, admissions }: RunEnd,
  windowMs: number,
): boolean {
  const grantedSince = admissions.amount(run.firstSentMs, run.firstSentMs - reopenedMs);
  return grantedSince > admissions.amount(openedMs, windowMs) * SHARES.twoWindows;
}
