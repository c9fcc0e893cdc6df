/** The share of refusals that is steered for: at a usual spread or less, and at the most. */
const REFUSED = { usual: 0.0087, most: 0.052 } as const;
/** So many times as many where no bound is known: what is steered for is then what finds the limit. */
const UNBOUNDED = 1.7;
const SPREAD_USUAL = 0.075;
/** A refusal takes so much of the pace; each call that goes through gives back that share of it. */
const STEP = 0.001;
/** How many spreads below a bound a window still holds nearly everything, and what its last call may overdraw. */
const SPREADS = { usual: 0.8, least: 0 } as const;
const OVERDRAFT_CALLS = 0.5;
const SHARE_LEAST = 0.85;
/** The largest call to be reckoned with: so many spreads above the mean. */
const LARGEST_SPREADS = 50;
/** So many refusals that should have come and did not: the pace is too low. */
const MISSED = 7;

/** A pace at its first refusal. `calls`: that a window holds; `isFirst`: at a bound at which nothing was refused before. */
export type CutAt = {
  readonly calls: number;
  readonly isBounded: boolean;
  readonly isFirst: boolean;
};

/**
 * The share of refusals that a pace is steered for where what a call costs is known only afterwards (tokens). A window's sum
 * is never what was expected of it: some windows are used up early, whatever the pace, and their refusals say nothing of
 * the limit. So a small share of refusals is steered for, larger where calls differ more: every refusal takes a little,
 * every call that goes through gives a little back.
 */
export class Steering {
  /** The share of refusals steered for. */
  refusedShare: number = REFUSED.usual;

  /** What a refusal makes of the pace. */
  readonly cut: number = 1 - STEP;
  private readonly spread: () => number | null;

  /** `spread`: of single calls (standard deviation ÷ mean); null: not known yet. */
  constructor(spread: () => number | null) {
    this.spread = spread;
  }

  /** What a call that goes through makes of the pace. */
  get gain(): number {
    return 1 + STEP * this.refusedShare;
  }

  /** Calls in a row without a refusal that say that the pace is too low. */
  get restCalls(): number {
    return MISSED / this.refusedShare;
  }

  /** How long a single large call can use up what a lane has, at a pace of `callsPerMs`. */
  overdrawnMs(callsPerMs: number): number {
    return (1 + LARGEST_SPREADS * Math.min(1, this.spread() ?? 1)) / callsPerMs;
  }

  /**
   * What the first refusal of a run leaves of a pace; from then on so many refusals are steered for as the spread of a window
   * of so many calls asks for. The first at a bound (`isFirst`) leaves the share of it at which that many come: windows are
   * short enough for the spread of single calls to show.
   */
  firstCut({ calls, isBounded, isFirst }: CutAt): number {
    const ofWindow = (this.spread() ?? 0) / Math.sqrt(Math.max(1, calls));
    const usual = REFUSED.usual * (isBounded ? 1 : UNBOUNDED);
    const share = usual * (ofWindow / SPREAD_USUAL) ** 1.5;
    this.refusedShare = Math.min(REFUSED.most, Math.max(usual, share));
    if (!isFirst) return this.cut;
    // The more refusals are steered for, the nearer to the bound.
    const more = Math.max(0, (this.refusedShare - REFUSED.usual) / (REFUSED.most - REFUSED.usual));
    const spreads = SPREADS.usual + (SPREADS.least - SPREADS.usual) * more;
    return Math.max(SHARE_LEAST, 1 + OVERDRAFT_CALLS / Math.max(1, calls) - spreads * ofWindow);
  }
}
