import type { Costs, RestAt } from './costs.ts';
import { SHARES } from './rate-shares.ts';
import { estimatedReading } from './estimated-reading.ts';
import { Steering } from './steering.ts';

const SECOND_MS = 1000;
/** Largest probing step per second: refusals may come late, since tokens may be counted when a call ends. */
const PROBE_STEP_MOST = 0.08;
/** Few refusals are suspected to be random at this multiple of the steered share, and at least this share. */
const FEW = { steeredTimes: 3, share: 0.025 } as const;
/**
 * A pace rests for this many windows, and for the calls that should have brought a refusal, the latter for at most this
 * long.
 */
const REST = { windows: 30, callsMsMost: 60_000 } as const;
/**
 * A known bound most likely comes back: far below it a pace rests for no longer than this, or these calls. In windows of more
 * than a second, where each probe may use one up, the first rest is `firstMs`, and doubles each time.
 */
const FAR_BELOW = { ms: 20_000, calls: 100, firstMs: 10_000 } as const;

/**
 * Tokens: a call's cost is known only from its answer. `spread`: the relative deviation of single calls from their expected
 * cost (standard deviation ÷ mean); null: not known yet.
 */
export function estimatedCosts(spread: () => number | null): Costs {
  const steering = new Steering(spread);
  return {
    amounts: 'tokens',
    unknownPerMs: Infinity,
    steering,
    // Longer: the first answers show how wrong the estimates are.
    rampMs: 6000,
    measured: { recentCalls: 40, windowCalls: 40, closures: 4 },
    probeStepMost: (_, seconds) => PROBE_STEP_MOST * seconds,
    suspicionThreshold: {
      calls: 200,
      share: 0.095,
      fewShare: () => Math.max(FEW.share, steering.refusedShare * FEW.steeredTimes),
      isSteered: true,
    },
    // Many calls may have overdrawn the window: once, or for some seconds.
    windowProof: { windowMs: 60_000, withinMs: 120_000 },
    reading: estimatedReading(steering),
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
  const doubled = 2 ** Math.min(learned.confirmations, 10);
  if (boundPerMs === Infinity) return Math.max(callsMs / 2, windowsMs * Math.min(1, doubled / 8));
  const ms = Math.max(callsMs, windowsMs);
  if (perMs >= boundPerMs * SHARES.farBelow) return ms;
  const { ms: mostMs, calls, firstMs } = FAR_BELOW;
  const farMs = windowMs > SECOND_MS ? firstMs * doubled : Math.max(mostMs, calls / callsPerMs);
  return Math.min(ms, farMs);
}
