import type { LimitReading, RunEnd, RunEndInWindow } from './interpret-run.ts';
import type { RefusalRun } from './refusal-run.ts';
import type { Steering } from './steering.ts';

const SECOND_MS = 1000;
/**
 * A run shows the limit if more than this share of recent calls was refused, and more than this multiple of the steered
 * share.
 */
const CONCLUSIVE = { refusedShare: 0.1, steeredTimes: 4 } as const;
/** A measured limit is at least this share of the previous pace: a few seconds prove little. */
const MEASURED_SHARE_LEAST = { seconds: 0.5, otherwise: 0.02 } as const;
const SECONDS_MS = 5000;
/** Closures up to this long may be due to calls in flight that are counted when they end. */
const OPENED_MS = 15_000;

/** Costs are known only afterwards: windows are closed at random, by single large calls, and late. */
export function estimatedReading(steering: Steering): LimitReading {
  const overdrawnMs = (run: RefusalRun, { openedMs, admissions }: RunEnd): number =>
    steering.overdrawnMs(admissions.callsPerMs(openedMs, run.perMs));

  const isConclusive = (run: RefusalRun, end: RunEndInWindow): boolean => {
    const { openedMs, windowMs, admissions } = end;
    // A window used up by a large call closes at random, and for slightly longer than its length.
    const closedMost = overdrawnMs(run, end) + (windowMs > SECOND_MS ? 0 : windowMs);
    if (run.closedMs > closedMost) return true;
    // Since the beginning: runs cluster at random.
    const recent = { perMs: run.perMs, sinceMs: -Infinity, windowMs };
    const refusedShare = admissions.refusedShare(openedMs, recent);
    const usual = steering.refusedShare * CONCLUSIVE.steeredTimes;
    return refusedShare > Math.max(CONCLUSIVE.refusedShare, usual);
  };

  return {
    touchedPerMs: (_, { pace }) => pace.perMs,
    overdrawnMs,
    // What windows grant varies anyway.
    grantedMoreBefore: () => false,
    limitPerMs(run, end) {
      if (!isConclusive(run, end)) return null;
      const { openedMs, reopenedMs, windowMs, admissions } = end;
      const { perMs, closedMs } = run;
      const startedMs = end.pace.startedMs ?? openedMs;
      // A window that seemed to reopen may have been one that large calls left open.
      const sinceMs = closedMs < OPENED_MS ? startedMs : Math.max(reopenedMs, startedMs);
      const measured = admissions.ofWindow(openedMs, { perMs, sinceMs, windowMs, closedMs });
      const { seconds, otherwise } = MEASURED_SHARE_LEAST;
      const least = perMs * (closedMs > SECONDS_MS ? otherwise : seconds);
      return Math.min(Math.max(measured, least), perMs);
    },
    isInconclusive: () => false,
  };
}
