import type { Admissions } from './admissions.ts';
import type { Noise } from './noise.ts';
import type { RefusalRun } from './refusal-run.ts';

/** A run says what the limit is where it is so much of a window, or so much of the last calls was refused. */
const TELLING = { closedShare: 0.4, refusedShare: 0.1, steeredTimes: 4 } as const;
const SECOND_MS = 1000;
/** A measure is at least this share of the pace before: where costs vary, a few seconds say little. */
const MEASURED_SHARE_LEAST = { seconds: 0.5, otherwise: 0.02 } as const;
const SECONDS_MS = 5000;
/** And closures up to this long may be of calls in flight that are counted when they end. */
const OPENED_MS = 15_000;

export type RunEnd = {
  /** When the window opened again, and when the one before did (-Infinity: none did). */
  readonly openedMs: number;
  readonly reopenedMs: number;
  readonly startedMs: number;
  readonly windowMs: number;
  readonly admissions: Admissions;
  /** Where costs are known only afterwards; null: they are known before. */
  readonly noise: Noise | null;
};

/** How long everything was refused, as far as tries have shown. */
export function closedForMs(run: RefusalRun): number {
  return run.lastSentMs - run.firstSentMs;
}

/** How long a window may have been closed by what one large call overdrew; 0 where costs are known before. */
export function overdrawnMs(
  run: RefusalRun,
  { openedMs, admissions, noise }: Pick<RunEnd, 'openedMs' | 'admissions' | 'noise'>,
): number {
  return noise?.overdrawnMs(admissions.callsPerMs(openedMs, run.perMs)) ?? 0;
}

/**
 * What a run of refusals that is over says of the limit, an amount a millisecond: what the window that
 * it closed gave. Null: it was only the edge of it.
 */
export function limitToldBy(run: RefusalRun, end: RunEnd): number | null {
  if (!isTelling(run, end)) return null;
  const { openedMs, reopenedMs, startedMs, windowMs, admissions, noise } = end;
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

function isTelling(run: RefusalRun, end: RunEnd): boolean {
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
