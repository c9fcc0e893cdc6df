import type { TrialEnd } from './chance.ts';
import type { Costs } from './costs.ts';
import type { Learned } from './learned.ts';
import type { PaceMove } from './pace.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';
import { countOf } from './start-log.ts';

const SECOND_MS = 1000;
/** So many of the last calls are looked at, or a window's where these are more; of more refused ones the pace is no edge. */
const EDGE = { calls: 30, refusedMost: 2 } as const;
/** Starts are known to so many milliseconds. */
const KNOWN_TO_MS = 20;

/** A pace of which a call, started at `sentMs`, was refused, the first in a while. */
export type RefusedPace = RateView & {
  readonly learned: Pick<Learned, 'perMs'>;
  readonly nowMs: number;
  readonly sentMs: number;
  /** For how long the service asked that none be sent; 0: it did not. */
  readonly pausedMs: number;
  /** When the last run of refusals was over (-Infinity: none was). */
  readonly reopenedMs: number;
};

/** What the first refusal of a run leaves of a pace: a little less, or what was admitted where nothing was known. */
export function cutPace(at: RefusedPace): PaceMove {
  const { pace, costs, pausedMs } = at;
  const left = leftPerMs(at);
  const isFelt = costs.steering === null && pace.boundPerMs === Infinity;
  const perMs = isFelt && pausedMs > 0 ? Math.min(left, edgePerMs(at) * SHARES.learned) : left;
  return { phase: 'learned', perMs, reason: 'refused' };
}

/**
 * What the limit may be by what was admitted of a pace. Each refusal costs a pause that is asked for, so that a pace which is
 * too high must not be brought down by three in a hundred. Where few calls were refused of late, one in so many was too much;
 * else the calls since the last pause are what a window had, or, if they took longer, one and a part of another.
 */
function edgePerMs(at: RefusedPace): number {
  const { pace, learned, admissions, sentMs, reopenedMs, windowMs, pausedMs } = at;
  const { perMs } = pace;
  const most = Math.max(EDGE.calls, perMs * windowMs);
  const lately = admissions.between(sentMs - most / perMs - pausedMs, sentMs + KNOWN_TO_MS);
  const isMany = countOf(lately) >= EDGE.calls && lately.refused <= EDGE.refusedMost;
  if (learned.perMs !== null && isMany) {
    const calls = Math.min(most, lately.calls);
    return (perMs * calls) / (calls + Math.max(1, lately.refused));
  }
  const { calls } = admissions.between(Math.max(reopenedMs, pace.startedMs ?? sentMs), sentMs);
  if (calls === 0) return perMs;
  const tookMs = calls / perMs;
  return calls / (tookMs < windowMs ? windowMs : windowMs + tookMs / 2);
}

function leftPerMs(at: RefusedPace): number {
  const { pace, admissions, costs, nowMs, windowMs } = at;
  const { perMs, boundPerMs } = pace;
  const admitted = admissions.recentPerMs(at.sentMs, pace);
  // A pace far above what was sent is no limit that was met: what was sent is.
  const isUnused = admitted > 0 && admitted < perMs * pace.rampShare(nowMs) * SHARES.unused;
  const isFarAbove = isUnused && !isAfterPause(at);
  if (pace.phase === 'growing' || isFarAbove)
    return admitted > 0 ? Math.min(perMs, admitted) * SHARES.learned : perMs / 2;
  const isBounded = boundPerMs !== Infinity;
  const isFirst = perMs >= boundPerMs && at.learned.perMs === null;
  const calls = admissions.callsPerMs(nowMs, perMs) * windowMs;
  return perMs * costs.firstCut({ calls, isBounded, isFirst });
}

/** Whether the last second reaches into a pause that the service asked for: nothing was sent in that. */
function isAfterPause({ sentMs, reopenedMs, pausedMs }: RefusedPace): boolean {
  // It is taken to have been over in the middle of the pause.
  return pausedMs > 0 && sentMs - reopenedMs < SECOND_MS + pausedMs / 2;
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
