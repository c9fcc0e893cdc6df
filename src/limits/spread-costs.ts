import type { Costs, RestAt } from './costs.ts';
import { SHARES } from './rate-shares.ts';
import { spreadReading } from './spread-reading.ts';
import { Steering } from './steering.ts';

/** At the most so much is felt for in a second: refusals may come late, since tokens may be counted when a call ends. */
const FELT_MOST = 0.08;
/** Few refusals are suspected to come by chance where they are so many times as many as are steered for, and this share. */
const FEW = { steeredTimes: 3, share: 0.025 } as const;
/** A pace rests for so many windows, and for the calls that should have brought a refusal, but those no longer than this. */
const REST = { windows: 30, callsMsMost: 60_000 } as const;
/** A bound that is known will most likely come back: for the first time no longer than this, twice as long each time. */
const BOUND_MS_MOST = 10_000;

/**
 * Tokens: what a call takes is known when it was answered. `spread`: how far single calls are from what they were taken to
 * cost (standard deviation ÷ mean); null: not known yet.
 */
export function spreadCosts(spread: () => number | null): Costs {
  const steering = new Steering(spread);
  return {
    amounts: 'tokens',
    unknownPerMs: Infinity,
    steering,
    // Longer: the first answers say how wrong the estimates are.
    rampMs: 6000,
    measured: { recentCalls: 40, windowCalls: 40, closures: 4 },
    feltMost: (_, seconds) => FELT_MOST * seconds,
    suspicion: {
      calls: 200,
      share: 0.095,
      fewShare: () => Math.max(FEW.share, steering.refusedShare * FEW.steeredTimes),
      isSteered: true,
    },
    // Many calls can have overdrawn what there was: once, or for some seconds.
    windowProof: { windowMs: 60_000, withinMs: 120_000 },
    reading: spreadReading(steering),
    firstCut: (at) => steering.firstCut(at),
    restMs: (at) => restMs(at, steering.restCalls),
  };
}

function restMs(
  { perMs, boundPerMs, callsPerMs, windowMs, learned }: RestAt,
  restCalls: number,
): number {
  if (learned.isUntested) return 0;
  const callsMs = Math.min(REST.callsMsMost, restCalls / callsPerMs);
  const windowsMs = REST.windows * windowMs;
  const doubled = 2 ** Math.min(learned.times, 10);
  if (boundPerMs === Infinity) return Math.max(callsMs / 2, windowsMs * Math.min(1, doubled / 8));
  const ms = Math.max(callsMs, windowsMs);
  return perMs < boundPerMs * SHARES.farBelow ? Math.min(ms, BOUND_MS_MOST * doubled) : ms;
}
