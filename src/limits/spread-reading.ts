import type { LimitReading, RunEnd, RunEndInWindow } from './meaning-of-run.ts';
import type { RefusalRun } from './refusal-run.ts';
import type { Steering } from './steering.ts';

const SECOND_MS = 1000;
/** A run tells what the limit is where more of the last calls was refused than this, and than so many times what is steered for. */
const TELLING = { refusedShare: 0.1, steeredTimes: 4 } as const;
/** A measure is at least this share of the pace before: a few seconds say little. */
const MEASURED_SHARE_LEAST = { seconds: 0.5, otherwise: 0.02 } as const;
const SECONDS_MS = 5000;
/** Closures up to this long may be of calls in flight that are counted when they end. */
const OPENED_MS = 15_000;

/** Costs are known only afterwards: windows are closed by chance, by single large calls, and late. */
export function spreadReading(steering: Steering): LimitReading {
  const overdrawnMs = (run: RefusalRun, { openedMs, admissions }: RunEnd): number =>
    steering.overdrawnMs(admissions.callsPerMs(openedMs, run.perMs));

  const isTelling = (run: RefusalRun, end: RunEndInWindow): boolean => {
    const { openedMs, windowMs, admissions } = end;
    // Windows that a large call has used up are closed by chance, and for a little longer than they are.
    const closedMost = overdrawnMs(run, end) + (windowMs > SECOND_MS ? 0 : windowMs);
    if (run.closedMs > closedMost) return true;
    // Since ever: runs come close together by chance.
    const lately = { perMs: run.perMs, sinceMs: -Infinity, windowMs };
    const refusedShare = admissions.refusedShare(openedMs, lately);
    const usual = steering.refusedShare * TELLING.steeredTimes;
    return refusedShare > Math.max(TELLING.refusedShare, usual);
  };

  return {
    touchedPerMs: (_, { pace }) => pace.perMs,
    overdrawnMs,
    // What windows give differs anyway.
    gaveMoreBefore: () => false,
    toldPerMs(run, end) {
      if (!isTelling(run, end)) return null;
      const { openedMs, reopenedMs, windowMs, admissions } = end;
      const { perMs, closedMs } = run;
      const startedMs = end.pace.startedMs ?? openedMs;
      // A window that seemed to open again may have been one that large calls left open.
      const sinceMs = closedMs < OPENED_MS ? startedMs : Math.max(reopenedMs, startedMs);
      const measured = admissions.ofWindow(openedMs, { perMs, sinceMs, windowMs, closedMs });
      const { seconds, otherwise } = MEASURED_SHARE_LEAST;
      const least = perMs * (closedMs > SECONDS_MS ? otherwise : seconds);
      return Math.min(Math.max(measured, least), perMs);
    },
    saysLittle: () => false,
  };
}
