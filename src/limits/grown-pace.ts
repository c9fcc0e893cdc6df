import type { RateView } from './rate-view.ts';
import type { Growth } from './growth.ts';
import type { Learned } from './learned.ts';
import type { PaceMove } from './pace.ts';
import { SHARES } from './rate-shares.ts';

const SECOND_MS = 1000;
/** Longest stretch that growth makes up for. */
const PASSED_MS_MOST = 60_000;
/** A limit that nothing has refused for so long is felt for by a quarter each window. */
const UNREFUSED = { ms: 5_400_000, times: 1.25 } as const;
/**
 * A pace below such a share of the limit that somebody has set is doubled each window, where nothing has refused it for so long
 * since it is felt for; or at all, in a lane that makes fewer calls in that time, which would rest for hours. At a limit
 * that is so low it would have been touched by then.
 */
const FAR_BELOW = { share: 1 / 4, ms: 600_000, calls: 40 } as const;
/** What a run before has learned is not so where so many times as much is given: nothing is known then. */
const HINT_REFUTED = 1.25;

/** A pace that was used for some seconds, and nothing of it was refused. */
export type UsedPace = RateView & {
  readonly learned: Learned;
  readonly growth: Growth;
  /** For how long it was used. */
  readonly passedMs: number;
  readonly nowMs: number;
  /** What was given before, and is come back to; null: nothing is. */
  readonly backPerMs: number | null;
  /** When the last run of refusals was over (-Infinity: none was). */
  readonly reopenedMs: number;
};

/**
 * What such a pace becomes; null: it stays. The first of these that holds: the ramp goes on; nothing is known of a limit
 * (as fast as can be); it was given more before (back to that); it is below what was learned, or a bound (back to that); it
 * is far below what somebody has set, and nothing has refused it for long (felt for boldly); it rests; it was learned in a run before, and
 * nothing has refused it in this one (faster and faster, soon as if nothing were known); what was learned is doubtful, or nothing has refused it for longer still (boldly as well); else felt for gently.
 */
export function grownPace(at: UsedPace): PaceMove | null {
  const { pace, learned, growth, windowMs, costs } = at;
  const seconds = Math.min(at.passedMs, PASSED_MS_MOST) / SECOND_MS;
  const { perMs, boundPerMs, phase } = pace;
  const felt = (to: number): PaceMove => ({ phase, perMs: to, reason: 'felt for more' });
  const recovered = (to: number): PaceMove => ({ phase, perMs: to, reason: 'recovered' });
  // A pace that is steered comes back by itself, in windows of a second; in longer ones what a closure told lasts for an hour.
  const isSteered = costs.steering !== null;
  const comesBack = !isSteered || windowMs > SECOND_MS;
  if (phase === 'ramping') return null;
  const isDueAnew = learned.isUntested;
  if (phase === 'growing') return { ...felt(perMs * growth.full(seconds)), isDueAnew };
  if (comesBack && at.backPerMs !== null) {
    const callsPerMs = at.admissions.callsPerMs(at.nowMs, perMs);
    const steps = (seconds * SECOND_MS) / Math.max(windowMs, 1 / callsPerMs);
    return recovered(growth.back(at.backPerMs, perMs, { seconds, steps }));
  }
  // Near a bound a single refusal has taught nothing: back to it.
  const bound = boundPerMs === Infinity ? perMs : boundPerMs / SHARES.learned;
  const target = (learned.perMs ?? bound) * SHARES.learned;
  if (!isSteered && perMs < target * SHARES.recovered)
    return recovered(growth.towards(target, perMs, seconds));
  const forMs = at.nowMs - growth.feelAtMs;
  const windows = Math.min(1, (seconds * SECOND_MS) / windowMs);
  const callsPerMs = at.admissions.callsPerMs(at.nowMs, perMs);
  if (isTooLow(at, { forMs, callsPerMs })) return felt(perMs * 2 ** windows);
  if (forMs < 0) return null;
  if (learned.isUntested) {
    const to = perMs * growth.hinted({ forMs, seconds });
    return { ...felt(to), isDueAnew, phase: to > target * HINT_REFUTED ? 'growing' : phase };
  }
  if (learned.isDoubtful) return felt(perMs * 2 ** windows);
  // Ten calls of a slow lane take hours: what nothing has refused for so long is doubted as well.
  if (forMs > UNREFUSED.ms) return felt(perMs * UNREFUSED.times ** windows);
  const most = perMs * growth.felt({ forMs, windowMs, callsPerMs, seconds });
  // Close to a bound it is steered, not felt for.
  const near = isSteered ? boundPerMs * SHARES.recounted : 0;
  return felt(perMs < near ? Math.min(most, near) : most);
}

/** Whether a pace is so low, and has been let through for so long, that the limit which somebody has set is likelier. */
function isTooLow(
  { pace, nowMs, reopenedMs }: UsedPace,
  { forMs, callsPerMs }: { readonly forMs: number; readonly callsPerMs: number },
): boolean {
  const { share, ms, calls } = FAR_BELOW;
  if (pace.boundPerMs === Infinity || pace.perMs >= pace.boundPerMs * share) return false;
  return callsPerMs * ms < calls ? nowMs - reopenedMs > ms : forMs > ms;
}

/** How long a pace that has come to what was learned rests before more is felt for. */
export function restMs(
  { pace, admissions, windowMs, costs }: RateView,
  learned: Learned,
  nowMs: number,
): number {
  const { perMs, boundPerMs } = pace;
  const callsPerMs = admissions.callsPerMs(nowMs, perMs);
  return costs.restMs({ perMs, boundPerMs, callsPerMs, windowMs, learned });
}
