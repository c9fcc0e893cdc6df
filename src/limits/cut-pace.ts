import type { TrialEnd } from './chance.ts';
import type { Costs } from './costs.ts';
import type { Learned } from './learned.ts';
import type { PaceMove } from './pace.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';

/** A pace of which a call, started at `sentMs`, was refused, the first in a while. */
export type RefusedPace = RateView & {
  readonly learned: Pick<Learned, 'perMs'>;
  readonly nowMs: number;
  readonly sentMs: number;
};

/** What the first refusal of a run leaves of a pace: a little less, or what was admitted where nothing was known. */
export function cutPace(at: RefusedPace): PaceMove {
  return { phase: 'learned', perMs: leftPerMs(at), reason: 'refused' };
}

function leftPerMs(at: RefusedPace): number {
  const { pace, admissions, costs, nowMs, windowMs } = at;
  const { perMs, boundPerMs } = pace;
  const admitted = admissions.recentPerMs(at.sentMs, pace);
  // A pace far above what was sent is no limit that was met: what was sent is.
  const isFarAbove = admitted > 0 && admitted < perMs * pace.rampShare(nowMs) * SHARES.unused;
  if (pace.phase === 'growing' || isFarAbove)
    return admitted > 0 ? Math.min(perMs, admitted) * SHARES.learned : perMs / 2;
  const isBounded = boundPerMs !== Infinity;
  const isFirst = perMs >= boundPerMs && at.learned.perMs === null;
  const calls = admissions.callsPerMs(nowMs, perMs) * windowMs;
  return perMs * costs.firstCut({ calls, isBounded, isFirst });
}

/** What a refusal of sudden growth leaves of a pace: four fifths of what was admitted of late, or of half the pace where that is more. */
export function cutForGrowth({ pace, admissions }: RateView, nowMs: number): PaceMove {
  const admitted = admissions.recentPerMs(nowMs, pace);
  const perMs = Math.min(pace.perMs, Math.max(admitted, pace.perMs / 2)) * SHARES.burstCut;
  // The ramp was too steep: from here on it is grown, which is slower from now on.
  return {
    phase: pace.phase === 'ramping' ? 'growing' : pace.phase,
    perMs,
    reason: 'growth refused',
  };
}

/**
 * What a trial leaves of the pace before it. Refusals stayed: all of it, and where that is news, it is grown on from, since
 * what held it back was no limit. They did not: as a single refusal would have left it, or, where it is steered, all of it.
 */
export function paceAfterTrial(
  { perMs, stayed, isNews }: TrialEnd,
  { steering }: Pick<Costs, 'steering'>,
): PaceMove {
  const share = stayed || steering !== null ? 1 : SHARES.touchCut;
  const phase = stayed && isNews ? 'growing' : 'learned';
  return { phase, perMs: perMs * share, reason: 'recovered' };
}
