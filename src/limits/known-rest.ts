import type { RestAt } from './costs.ts';

const SECOND_MS = 1000;
/** Minimum rest in calls and in time; both double each time. */
const FIRST = { calls: 10, ms: 2000 } as const;
const MOST = { calls: 250, ms: 25_000, callsMs: 3_600_000 } as const;
/** A known bound most likely comes back: for the first `confirmations` rests no longer than this. */
const BOUND = { msMost: 12_000, confirmations: 8 } as const;

/** `Costs.restMs` where costs are known in advance: doubles each time that about the same limit was learned. */
export function knownRestMs({ boundPerMs, callsPerMs, windowMs, learned }: RestAt): number {
  const { confirmations, isUntested } = learned;
  if (isUntested) return 0;
  const doubled = 2 ** Math.min(confirmations, 10);
  const msMost =
    boundPerMs !== Infinity && confirmations < BOUND.confirmations ? BOUND.msMost : MOST.ms;
  return Math.max(
    Math.min(msMost, FIRST.ms * doubled),
    Math.min(Math.min(MOST.calls, FIRST.calls * doubled) / callsPerMs, MOST.callsMs),
    windowMs > SECOND_MS ? windowMs : 0,
  );
}
