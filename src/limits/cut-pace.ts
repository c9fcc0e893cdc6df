import type { TrialResult } from './random-refusals.ts';
import type { Costs } from './costs.ts';
import type { Growth } from './growth.ts';
import type { LearnedLimit } from './learned-limit.ts';
import type { PaceMove } from './pace.ts';
import type { RateView } from './rate-view.ts';
import { SHARES } from './rate-shares.ts';
import { countOf } from './start-log.ts';

const SECOND_MS = 1000;
/**
 * Size of the recent sample: this many calls, or a window's if those are more; with more refusals the pace is not at the
 * edge.
 */
const EDGE = { calls: 30, refusedMost: 2 } as const;
/** Resolution of start times. */
const RESOLUTION_MS = 20;

/** A pace whose call, started at `sentMs`, was refused: the first refusal in a while. */
export type RefusedPace = RateView & {
  readonly learned: Pick<LearnedLimit, 'perMs'>;
  readonly growth: Pick<Growth, 'probeAtMs' | 'restedPerMs'>;
  readonly nowMs: number;
  readonly sentMs: number;
  /** The pause the service asked for; 0: none. */
  readonly pausedMs: number;
  /** When the last run of refusals ended (-Infinity: there was none). */
  readonly reopenedMs: number;
};

/** The pace after the first refusal of a run: slightly less, or what was admitted if the limit is unknown. */
export function cutPace(at: RefusedPace): PaceMove {
  const { pace, costs, pausedMs } = at;
  const left = leftPerMs(at);
  const isLimitUnset = costs.steering === null && pace.boundPerMs === Infinity;
  const perMs =
    isLimitUnset && pausedMs > 0 ? Math.min(left, edgePerMs(at) * SHARES.learned) : left;
  return { phase: 'learned', perMs, reason: 'refused' };
}

/**
 * Estimates the limit from what was admitted at a pace. Used where each refusal costs a requested pause, so that a pace
 * that is too high must not come down in steps of 3 %. If few recent calls were refused, the pace was too high by one call
 * in that many; else the calls since the last pause are one window's share, or, if they took longer, one window's and part
 * of another's.
 */
function edgePerMs(at: RefusedPace): number {
  const { pace, learned, admissions, sentMs, reopenedMs, windowMs, pausedMs } = at;
  const { perMs } = pace;
  const most = Math.max(EDGE.calls, perMs * windowMs);
  const recent = admissions.between(sentMs - most / perMs - pausedMs, sentMs + RESOLUTION_MS);
  const isMany = countOf(recent) >= EDGE.calls && recent.refused <= EDGE.refusedMost;
  if (learned.perMs !== null && isMany) {
    const calls = Math.min(most, recent.calls);
    return (perMs * calls) / (calls + Math.max(1, recent.refused));
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
  // A pace far above what was sent is not the limit that was met; what was sent is.
  const isUnused = admitted > 0 && admitted < perMs * pace.rampShare(nowMs) * SHARES.unused;
  const isFarAbove = isUnused && !isAfterPause(at);
  if (pace.phase === 'growing' || isFarAbove)
    return admitted > 0 ? Math.min(perMs, admitted) * SHARES.learned : perMs / 2;
  const isBounded = boundPerMs !== Infinity;
  const isFirst = perMs >= boundPerMs && (at.learned.perMs === null || !pace.hasMetBound);
  const calls = admissions.callsPerMs(nowMs, perMs) * windowMs;
  return lessProbed(at, perMs * costs.firstCut({ calls, isBounded, isFirst }));
}

/**
 * A steered pace far below a known bound probes often, in windows of a second. A refusal meanwhile takes back half of what
 * the probe has added: steering alone would need tens of refusals for that.
 */
function lessProbed(at: RefusedPace, leftPerMs: number): number {
  const { pace, costs, windowMs, nowMs } = at;
  const { restedPerMs, probeAtMs } = at.growth;
  const isFarBelow = pace.boundPerMs !== Infinity && pace.perMs < pace.boundPerMs * SHARES.farBelow;
  const isOften = costs.steering !== null && isFarBelow && windowMs <= SECOND_MS;
  if (!isOften || restedPerMs === null || nowMs <= probeAtMs) return leftPerMs;
  return Math.min(leftPerMs, (leftPerMs + restedPerMs) / 2);
}

/** Whether the last second overlaps a pause that the service asked for, in which nothing was sent. */
function isAfterPause({ sentMs, reopenedMs, pausedMs }: RefusedPace): boolean {
  // The run is assumed to have ended in the middle of the pause.
  return pausedMs > 0 && sentMs - reopenedMs < SECOND_MS + pausedMs / 2;
}

/** The pace after a refusal of sudden growth: 80 % of the recent rate, or of half the pace if that is more. */
export function cutForGrowth({ pace, admissions }: RateView, nowMs: number): PaceMove {
  const admitted = admissions.recentPerMs(nowMs, pace);
  const perMs = Math.min(pace.perMs, Math.max(admitted, pace.perMs / 2)) * SHARES.burstCut;
  // The ramp was too steep: continue by growth, which is slower from now on.
  return {
    phase: pace.phase === 'ramping' ? 'growing' : pace.phase,
    perMs,
    reason: 'growth refused',
  };
}

/**
 * The pace after a trial. If refusals stayed: all of it, and if that is new, it keeps growing, since no limit held it back.
 * If they did not: what a single refusal would have left, or all of it where it is steered.
 */
export function paceAfterTrial(
  { perMs, areRandom, isNews }: TrialResult,
  { steering }: Pick<Costs, 'steering'>,
): PaceMove {
  const share = areRandom || steering !== null ? 1 : SHARES.touchCut;
  const phase = areRandom && isNews ? 'growing' : 'learned';
  return { phase, perMs: perMs * share, reason: 'recovered' };
}
