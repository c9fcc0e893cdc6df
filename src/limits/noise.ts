/** The share of refusals that is steered for: at a usual spread, and its bounds. */
const REFUSED = { usual: 0.0095, least: 0.005, most: 0.04 } as const;
const SPREAD_USUAL = 0.075;
/** A refusal takes so much of the pace; each call that goes through gives back that share of it. */
const STEP = 0.001;
/** How many spreads below a bound a window still holds nearly everything, and what its last call may overdraw. */
const SPREADS = 0.95;
const OVERDRAFT_CALLS = 0.5;
const SHARE_LEAST = 0.85;

/**
 * The pace where what a call costs is known only afterwards (tokens). A window's sum is never what was
 * expected of it: some windows are used up early, whatever the pace, and their refusals say nothing of
 * the limit. So the pace is steered for a small share of refusals, larger where calls differ more:
 * every refusal takes a little, every call that goes through gives a little back.
 */
export class Noise {
  /** The share of refusals steered for. */
  refusedShare: number = REFUSED.usual;

  /** What a refusal makes of the pace. */
  readonly cut: number = 1 - STEP;

  /** What a call that goes through makes of the pace. */
  get gain(): number {
    return 1 + STEP * this.refusedShare;
  }

  /** The share of a bound to begin with. `spread`: of single calls; `calls`: in a window. */
  shareOfBound(spread: number, calls: number): number {
    const ofWindow = spread / Math.sqrt(Math.max(1, calls));
    const share = REFUSED.usual * (ofWindow / SPREAD_USUAL) ** 1.5;
    this.refusedShare = Math.min(REFUSED.most, Math.max(REFUSED.least, share));
    return Math.max(SHARE_LEAST, 1 + OVERDRAFT_CALLS / Math.max(1, calls) - SPREADS * ofWindow);
  }
}
