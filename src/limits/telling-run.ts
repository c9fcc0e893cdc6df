import type { RefusalRun } from './refusal-run.ts';

/** A run says what the limit is where it is so much of a window, or so much of the last calls was refused. */
const TELLING = { closedShare: 0.4, refusedShare: 0.1, steeredTimes: 4 } as const;
const SECOND_MS = 1000;

/**
 * Whether a run of refusals, now over, says what the limit is, or was only the edge of it.
 * `refusedShare`: of the last calls; `steeredShare`: of refusals that are steered for, where costs
 * are known only afterwards (null: they are known before).
 */
export function isTelling(
  run: RefusalRun,
  at: { windowMs: number; refusedShare: number; steeredShare: number | null },
): boolean {
  const { windowMs, refusedShare, steeredShare } = at;
  // What a long window gave is a good measure in any case.
  if (windowMs > SECOND_MS && run.hits > 0) return true;
  const closedMs = run.lastSentMs - run.firstSentMs;
  if (closedMs > windowMs * (steeredShare === null ? TELLING.closedShare : 1)) return true;
  return refusedShare > Math.max(TELLING.refusedShare, TELLING.steeredTimes * (steeredShare ?? 0));
}
