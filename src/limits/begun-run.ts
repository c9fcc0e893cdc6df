import type { RateView } from './rate-view.ts';
import { RefusalRun } from './refusal-run.ts';

const SECOND_MS = 1000;

/** The run that a refusal begins, of a call started at `sentMs`. The pace is finite (`Pace.makeFinite`). */
export function begunRun(
  { pace, admissions, windowMs, costs }: RateView,
  refusal: {
    readonly nowMs: number;
    readonly sentMs: number;
    readonly amount: number;
    readonly isOfGrowth?: boolean;
  },
): RefusalRun {
  const { nowMs, sentMs, amount, isOfGrowth = false } = refusal;
  return new RefusalRun({
    nowMs,
    sentMs,
    perMs: pace.perMs,
    spacingMs: amount / pace.perMs,
    isOfGrowth,
    windowMs: isOfGrowth ? SECOND_MS : windowMs,
    admitted: admissions.calls(sentMs - windowMs, sentMs),
    before: admissions.before(sentMs),
    mayBeByChance: costs.steering !== null && pace.phase !== 'growing',
    wasGrowing: pace.phase === 'growing',
  });
}
