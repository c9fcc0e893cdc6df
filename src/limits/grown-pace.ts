import type { RateView } from './rate-view.ts';
import type { Growth } from './growth.ts';
import type { LearnedLimit } from './learned-limit.ts';
import type { PaceMove } from './pace.ts';
import { SHARES } from './rate-shares.ts';

const SECOND_MS = 1000;
/** Longest time that growth makes up for. */
const PASSED_MS_MOST = 60_000;
/** After this long without a refusal a limit is probed by a quarter each window. */
const UNREFUSED = { ms: 5_400_000, times: 1.25 } as const;
/**
 * A pace below this share of its bound doubles each window after probing for `ms` without a refusal; in a lane with fewer
 * than `calls` calls in that time, which would rest for hours, after `ms` without a refusal at all. A limit that low would
 * have been met by then.
 */
const FAR_BELOW = { share: 1 / 4, ms: 600_000, calls: 40 } as const;
/** A limit learned in an earlier run is refuted once this multiple of it is granted: it then counts as unknown. */
const HINT_REFUTED = 1.25;

/** A pace that was used for some seconds without a refusal. */
export type UsedPace = RateView & {
  readonly learned: LearnedLimit;
  readonly growth: Growth;
  /** How long it was used. */
  readonly passedMs: number;
  readonly nowMs: number;
  /** The pace granted before, to return to; null: none. */
  readonly recoveryPerMs: number | null;
  /** When the last run of refusals ended (-Infinity: there was none). */
  readonly reopenedMs: number;
};

/**
 * What such a pace becomes; null: it stays. The first that holds: the ramp is still climbing (stays); the limit is unknown
 * (full growth); more was granted before (return to it); it is below the learned limit or the bound (return to it); it is
 * far below the bound and long unrefused (double); it rests (stays); the limit comes from an earlier run and is unrefused
 * in this one (accelerating, soon as if unknown); the limit is doubtful, or unrefused for longer still (double, or a
 * quarter more); else probe gently.
 */
export function grownPace(at: UsedPace): PaceMove | null {
  const { pace, learned, growth, windowMs, costs } = at;
  const seconds = Math.min(at.passedMs, PASSED_MS_MOST) / SECOND_MS;
  const { perMs, boundPerMs, phase } = pace;
  const probed = (to: number): PaceMove => ({ phase, perMs: to, reason: 'felt for more' });
  const recovered = (to: number): PaceMove => ({ phase, perMs: to, reason: 'recovered' });
  // A steered pace comes back by itself in windows of a second; in longer ones the result of a closure would last for an
  // hour.
  const isSteered = costs.steering !== null;
  const recovers = !isSteered || windowMs > SECOND_MS;
  if (phase === 'ramping') return null;
  const reschedulesNext = learned.isUntested;
  if (phase === 'growing') return { ...probed(perMs * growth.full(seconds)), reschedulesNext };
  if (recovers && at.recoveryPerMs !== null) {
    const callsPerMs = at.admissions.callsPerMs(at.nowMs, perMs);
    const steps = (seconds * SECOND_MS) / Math.max(windowMs, 1 / callsPerMs);
    return recovered(growth.towardGranted(at.recoveryPerMs, perMs, { seconds, steps }));
  }
  // Near a bound a single refusal has taught nothing: return to it.
  const bound = boundPerMs === Infinity ? perMs : boundPerMs / SHARES.learned;
  const target = (learned.perMs ?? bound) * SHARES.learned;
  if (!isSteered && perMs < target * SHARES.recovered)
    return recovered(growth.towardLearned(target, perMs, seconds));
  const forMs = at.nowMs - growth.probeAtMs;
  const windows = Math.min(1, (seconds * SECOND_MS) / windowMs);
  const callsPerMs = at.admissions.callsPerMs(at.nowMs, perMs);
  if (isTooLow(at, { forMs, callsPerMs })) return probed(perMs * 2 ** windows);
  if (forMs < 0) return null;
  if (learned.isUntested) {
    const to = perMs * growth.probingUntested({ forMs, seconds });
    return {
      ...probed(to),
      reschedulesNext,
      phase: to > target * HINT_REFUTED ? 'growing' : phase,
    };
  }
  if (learned.isDoubtful) return probed(perMs * 2 ** windows);
  // Ten calls of a slow lane take hours: a limit unrefused for this long is doubted as well.
  if (forMs > UNREFUSED.ms) return probed(perMs * UNREFUSED.times ** windows);
  const most = perMs * growth.probing({ forMs, windowMs, callsPerMs, seconds });
  // Close to a bound it is steered, not probed.
  const near = isSteered ? boundPerMs * SHARES.rescaled : 0;
  return probed(perMs < near ? Math.min(most, near) : most);
}

/** Whether the pace is so low, and has gone unrefused for so long, that the bound is the more likely limit. */
function isTooLow(
  { pace, nowMs, reopenedMs }: UsedPace,
  { forMs, callsPerMs }: { readonly forMs: number; readonly callsPerMs: number },
): boolean {
  const { share, ms, calls } = FAR_BELOW;
  if (pace.boundPerMs === Infinity || pace.perMs >= pace.boundPerMs * share) return false;
  return callsPerMs * ms < calls ? nowMs - reopenedMs > ms : forMs > ms;
}

/** How long a pace that has reached the learned limit rests before it probes for more. */
export function restMs(
  { pace, admissions, windowMs, costs }: RateView,
  learned: LearnedLimit,
  nowMs: number,
): number {
  const { perMs, boundPerMs } = pace;
  const callsPerMs = admissions.callsPerMs(nowMs, perMs);
  return costs.restMs({ perMs, boundPerMs, callsPerMs, windowMs, learned });
}
