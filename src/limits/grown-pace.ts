import type { LaneNow } from './begun-run.ts';
import type { Growth } from './growth.ts';
import type { Learned } from './learned.ts';
import type { RateReason } from './rate-options.ts';
import { SHARES } from './rate-shares.ts';

const SECOND_MS = 1000;

/** A lane that has used its pace for some seconds, and nothing of it was refused. */
export type UsedLane = LaneNow & {
  readonly learned: Learned;
  readonly growth: Growth;
  readonly seconds: number;
  readonly nowMs: number;
  /** From when on more is felt for. */
  readonly feelAtMs: number;
};

/** What the pace of such a lane becomes, an amount a millisecond, and why; null: it stays. */
export function grownPace(lane: UsedLane): { perMs: number; reason: RateReason } | null {
  const { pace, learned, growth, seconds, windowMs, isNoisy } = lane;
  const { perMs, boundPerMs, phase } = pace;
  const felt = (to: number): { perMs: number; reason: RateReason } => ({
    perMs: to,
    reason: 'felt for more',
  });
  if (phase === 'ramping') return null;
  if (phase === 'growing') return felt(perMs * growth.full(seconds));
  // Near a bound a single refusal has taught nothing: back to it.
  const bound = boundPerMs === Infinity ? perMs : boundPerMs / SHARES.learned;
  const target = (learned.perMs ?? bound) * SHARES.learned;
  if (!isNoisy && perMs < target * SHARES.recovered)
    return { perMs: growth.towards(target, perMs, seconds), reason: 'recovered' };
  const forMs = lane.nowMs - lane.feelAtMs;
  if (forMs < 0) return null;
  if (learned.isDoubtful) return felt(perMs * 2 ** Math.min(1, (seconds * SECOND_MS) / windowMs));
  const callsPerMs = lane.admissions.callsPerMs(lane.nowMs, perMs);
  const { isUntested } = learned;
  const most = perMs * growth.felt({ forMs, windowMs, callsPerMs, seconds, isUntested });
  // Close to a bound it is steered, not felt for.
  const near = isNoisy ? boundPerMs * SHARES.recounted : 0;
  return felt(perMs < near ? Math.min(most, near) : most);
}
