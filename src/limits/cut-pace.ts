import type { LaneNow } from './begun-run.ts';
import type { Noise } from './noise.ts';
import { SHARES } from './rate-shares.ts';

/** A lane whose first call in a while, started at `sentMs`, was refused. */
export type RefusedLane = LaneNow & {
  /** Where costs are known only afterwards; null: they are known before. */
  readonly noise: Noise | null;
  readonly hasLearned: boolean;
  readonly nowMs: number;
  readonly sentMs: number;
};

/** What the first refusal of a run leaves of a pace: a little less, or what was admitted where nothing was known. */
export function cutPace(lane: RefusedLane): number {
  const { pace, admissions, noise, nowMs, windowMs } = lane;
  const { perMs, boundPerMs } = pace;
  const admitted = admissions.recentPerMs(lane.sentMs, pace);
  // A pace far above what was sent is no limit that was met: what was sent is.
  const isFarAbove = admitted > 0 && admitted < perMs * pace.rampShare(nowMs) * SHARES.unused;
  if (pace.phase === 'growing' || isFarAbove)
    return admitted > 0 ? Math.min(perMs, admitted) * SHARES.learned : perMs / 2;
  const isBounded = boundPerMs !== Infinity;
  const isFirst = perMs >= boundPerMs && !lane.hasLearned;
  const calls = admissions.callsPerMs(nowMs, perMs) * windowMs;
  return perMs * (noise?.firstCut({ calls, isBounded, isFirst }) ?? SHARES.touchCut);
}
