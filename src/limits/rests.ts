const SECOND_MS = 1000;
/** As many calls, and as long, twice as much each time. */
const FIRST = { calls: 10, ms: 2000 } as const;
const MOST = { calls: 200, ms: 20_000 } as const;
/** A bound that is known will most likely come back: for the first times no longer than this. */
const BOUND = { msMost: 10_000, times: 8 } as const;
/** Where costs are known only afterwards. */
const NOISY = { windows: 30, msMost: 60_000 } as const;

/** How long a lane rests at what it has learned before it feels for more, in milliseconds. */
export function restMs(at: {
  /** Times that it was refused close to what it had learned. */
  readonly times: number;
  readonly callsPerMs: number;
  readonly windowMs: number;
  readonly isBounded: boolean;
  /** Far below that bound. */
  readonly isFarBelow: boolean;
  /** Calls in a row that say something, where costs are known only afterwards; null: they are known before. */
  readonly noisyCalls: number | null;
}): number {
  const { times, callsPerMs, windowMs, isBounded, isFarBelow, noisyCalls } = at;
  const doubled = 2 ** Math.min(times, 10);
  if (noisyCalls !== null) {
    const callsMs = Math.min(NOISY.msMost, noisyCalls / callsPerMs);
    const ms = Math.max(callsMs, NOISY.windows * windowMs);
    if (isBounded && isFarBelow) return Math.min(ms, BOUND.msMost * doubled);
    if (isBounded) return ms;
    return Math.max(callsMs / 2, NOISY.windows * windowMs * Math.min(1, doubled / 8));
  }
  const msMost = isBounded && times < BOUND.times ? BOUND.msMost : MOST.ms;
  return Math.max(
    Math.min(msMost, FIRST.ms * doubled),
    Math.min(MOST.calls, FIRST.calls * doubled) / callsPerMs,
    windowMs > SECOND_MS ? windowMs : 0,
  );
}
