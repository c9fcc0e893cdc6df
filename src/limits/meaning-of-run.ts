import type { Admissions } from './admissions.ts';
import type { Pace } from './pace.ts';
import { SHARES } from './rate-shares.ts';
import type { RefusalRun } from './refusal-run.ts';
import { type CountingWindow, windowClosedFor } from './windows.ts';

const SECOND_MS = 1000;
/** A window that gave so few calls may have been closed for another reason. */
const FEW_CALLS = 20;
/** A limit that was touched may be touched again right after the pause that the service asked for. */
const PAUSES_MOST = 2.5;

/** What is known when a run of refusals is over, of the dimension that it was met in. Times are monotonic milliseconds. */
export type RunEnd = {
  /** When the window opened again, and when the one before did (-Infinity: none did). */
  readonly openedMs: number;
  readonly reopenedMs: number;
  readonly admissions: Admissions;
  /** The pace now, after what the refusals took. */
  readonly pace: Pick<Pace, 'perMs' | 'boundPerMs' | 'startedMs'>;
  /** A trial has shown that refusals are fewer at a lower pace. */
  readonly followsPace: boolean;
};

/** The same, with the window over which the service counts, as far as is known then. */
export type RunEndInWindow = RunEnd & { readonly windowMs: number };

/** How the limit is read out of a run of refusals that is over (`meaningOf`). Amounts a millisecond. */
export type LimitReading = {
  /** What the touch alone says of the limit; null: nothing. */
  touchedPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** For how long one large call may have closed a window by taking more than was left of it. */
  overdrawnMs(run: RefusalRun, end: RunEnd): number;
  /** Whether windows before had given clearly more than the one that seems to have been closed. */
  gaveMoreBefore(run: RefusalRun, end: RunEndInWindow): boolean;
  /** What the limit is, where the run tells; null: only its edge was touched. */
  toldPerMs(run: RefusalRun, end: RunEndInWindow): number | null;
  /** Whether so little came before that another reason is as likely as a limit. */
  saysLittle(run: RefusalRun, windowMs: number): boolean;
};

/** What a run of refusals shows of the limit that was met. Amounts a millisecond. */
export type LimitMet = {
  /** What it is, where the run tells; null: only its edge was touched. */
  readonly toldPerMs: number | null;
  /** What the touch alone says of it; null: nothing, so near to a bound. */
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
 * nothing (an outage); else the limit, told or touched, as the `reading` has it.
 */
export function meaningOf(
  run: RefusalRun,
  end: RunEnd,
  at: { readonly reading: LimitReading; readonly window: CountingWindow },
): LimitMet | 'outage' | 'nothing' {
  const { reading, window } = at;
  const { openedMs, admissions } = end;
  const touchedPerMs = reading.touchedPerMs(run, { ...end, windowMs: window.windowMs });
  // Nothing was tried during the pauses that the service had asked for: closed for hardly longer, it was only touched.
  const isOfPauses = run.pauseMs > 0 && run.closedMs <= run.pauseMs * PAUSES_MOST;
  if (isOfPauses) return { toldPerMs: null, touchedPerMs, afterFew: false, isWindowNew: false };
  if (run.before.calls === 0) return 'nothing';

  const closedMs = run.closedMs - reading.overdrawnMs(run, end);
  const seemsMs = windowClosedFor(closedMs);
  if (seemsMs === null) return 'outage';
  const windowMs = Math.max(seemsMs, window.windowMs);
  const sinceMs = run.firstSentMs - end.reopenedMs;
  if (
    reading.gaveMoreBefore(run, { ...end, windowMs }) &&
    window.isDoubted(openedMs, { windowMs, sinceMs, gaveTwice: gaveTwiceSince(run, end, windowMs) })
  )
    return 'outage';
  // A window that gave nothing at all is none.
  const isLong = windowMs > SECOND_MS && run.before.calls >= FEW_CALLS;
  if (isLong && admissions.amount(openedMs, windowMs) === 0) return 'outage';

  const isWindowNew = window.opened(openedMs, closedMs);
  const toldPerMs = reading.toldPerMs(run, { ...end, windowMs: window.windowMs });
  return {
    toldPerMs,
    touchedPerMs,
    afterFew: reading.saysLittle(run, window.windowMs),
    isWindowNew,
  };
}

/** Whether more was given since the window opened before than two such windows as the one that was closed have. */
function gaveTwiceSince(
  run: RefusalRun,
  { openedMs, reopenedMs, admissions }: RunEnd,
  windowMs: number,
): boolean {
  const gaveSince = admissions.amount(run.firstSentMs, run.firstSentMs - reopenedMs);
  return gaveSince > admissions.amount(openedMs, windowMs) * SHARES.twoWindows;
}
