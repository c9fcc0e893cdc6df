import type { Noise } from './noise.ts';
import { SHARES } from './rate-shares.ts';
import type { RateView } from './rate-view.ts';

const SECOND_MS = 1000;
/** As many calls, and as long, twice as much each time. */
const FIRST = { calls: 10, ms: 2000, untestedMsMost: 60_000 } as const;
const MOST = { calls: 200, ms: 20_000, callsMs: 3_600_000 } as const;
/** A bound that is known will most likely come back: for the first times no longer than this. */
const BOUND = { msMost: 10_000, times: 8 } as const;
/** Where costs are known only afterwards. */
const NOISY = { windows: 30, msMost: 60_000 } as const;

/** How long a pace stays at what was learned, from `nowMs` on, before more is felt for; in milliseconds. */
export function restMs(
  at: RateView & {
    readonly nowMs: number;
    /** How many times in a row much the same was learned, and whether that was in a run before. */
    readonly learned: { readonly times: number; readonly isUntested: boolean };
    /** Where costs are known only afterwards; null: they are known before. */
    readonly noise: Pick<Noise, 'restCalls'> | null;
  },
): number {
  const { windowMs, noise } = at;
  const { perMs, boundPerMs } = at.pace;
  const { times, isUntested } = at.learned;
  const callsPerMs = at.admissions.callsPerMs(at.nowMs, perMs);
  const isBounded = boundPerMs !== Infinity;
  const doubled = 2 ** Math.min(times, 10);
  if (noise !== null) {
    const callsMs = Math.min(NOISY.msMost, noise.restCalls / callsPerMs);
    const ms = Math.max(callsMs, NOISY.windows * windowMs);
    if (perMs < boundPerMs * SHARES.farBelow && isBounded)
      return Math.min(ms, BOUND.msMost * doubled);
    if (isBounded) return ms;
    return Math.max(callsMs / 2, NOISY.windows * windowMs * Math.min(1, doubled / 8));
  }
  const msMost = isBounded && times < BOUND.times ? BOUND.msMost : MOST.ms;
  return Math.max(
    Math.min(msMost, FIRST.ms * doubled),
    Math.min(
      Math.min(MOST.calls, FIRST.calls * doubled) / callsPerMs,
      isUntested ? FIRST.untestedMsMost : MOST.callsMs,
    ),
    windowMs > SECOND_MS ? windowMs : 0,
  );
}
