import type { Admissions } from './admissions.ts';
import type { Pace } from './pace.ts';
import { RefusalRun } from './refusal-run.ts';

const SECOND_MS = 1000;

/** One dimension of a lane as it is now. */
export type LaneNow = {
  readonly pace: Pace;
  readonly admissions: Admissions;
  readonly windowMs: number;
  /** Costs are known only afterwards. */
  readonly isNoisy: boolean;
};

/** The run that a refusal begins, of a call started at `sentMs`. A pace without a bound gets one from what was admitted. */
export function begunRun(
  { pace, admissions, windowMs, isNoisy }: LaneNow,
  refusal: {
    readonly nowMs: number;
    readonly sentMs: number;
    readonly amount: number;
    readonly isOfGrowth?: boolean;
  },
): RefusalRun {
  const { nowMs, sentMs, amount, isOfGrowth = false } = refusal;
  // The very first calls may be refused: then nothing was admitted yet.
  if (pace.perMs === Infinity)
    pace.perMs = admissions.recentPerMs(sentMs, pace) || amount / SECOND_MS;
  return new RefusalRun({
    ...{ nowMs, sentMs, perMs: pace.perMs, spacingMs: amount / pace.perMs, isOfGrowth },
    windowMs: isOfGrowth ? SECOND_MS : windowMs,
    admitted: admissions.calls(sentMs - windowMs, sentMs),
    before: admissions.before(sentMs),
    isNoisy: isNoisy && pace.phase !== 'growing',
    wasGrowing: pace.phase === 'growing',
  });
}
