import type { LimitReading, RunEnd } from './limit-reading.ts';
import type { RefusalRun } from './refusal-run.ts';
import { type CountingWindow, windowClosedFor } from './windows.ts';

const SECOND_MS = 1000;
/** A window that gave so few calls may have been closed for another reason. */
const FEW_CALLS = 20;
/** A limit that was touched may be touched again right after the pause that the service asked for. */
const PAUSES_MOST = 2.5;

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
    window.isDoubted(openedMs, { windowMs, sinceMs })
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
