/** The target share of refusals: at a usual spread or less, and at most. */
const REFUSED = { usual: 0.0087, most: 0.052 } as const;
/** Multiplier where no bound is known: the target share is then what finds the limit. */
const UNBOUNDED = 1.7;
const SPREAD_USUAL = 0.075;
/** A refusal takes this share of the pace; each call sent returns the target share of that. */
const STEP = 0.001;
/** How many spreads below a bound a window still holds nearly everything, and how much its last call may overdraw. */
const SPREADS = { usual: 0.8, least: 0 } as const;
const OVERDRAFT_CALLS = 0.5;
const SHARE_LEAST = 0.85;
/** The largest call to expect: this many spreads above the mean. */
const LARGEST_SPREADS = 50;
/** This many missing refusals show that the pace is too low. */
const MISSED = 7;

/** A pace at its first refusal. `calls`: calls per window; `isFirst`: the first refusal at this bound. */
export type CutAt = {
  readonly calls: number;
  readonly isBounded: boolean;
  readonly isFirst: boolean;
};

/**
 * Steers a pace toward a target share of refusals where a call's cost is known only afterwards (tokens). A window's sum is
 * never exactly what was expected: some windows are used up early, whatever the pace, and their refusals say nothing of the
 * limit. So the target is a small share of refusals, larger where calls differ more: each refusal takes a little, each call
 * sent gives a little back.
 */
export class Steering {
  /** The target share of refusals. */
  refusedShare: number = REFUSED.usual;

  /** Factor on the pace per refusal. */
  readonly cut: number = 1 - STEP;
  private readonly spread: () => number | null;

  /** `spread`: of single calls (standard deviation ÷ mean); null: not known yet. */
  constructor(spread: () => number | null) {
    this.spread = spread;
  }

  /** Factor on the pace per call sent. */
  get gain(): number {
    return 1 + STEP * this.refusedShare;
  }

  /** Consecutive calls without a refusal that show that the pace is too low. */
  get restCalls(): number {
    return MISSED / this.refusedShare;
  }

  /** How long a single large call can use up a lane's tokens, at a pace of `callsPerMs`. */
  overdrawnMs(callsPerMs: number): number {
    return (1 + LARGEST_SPREADS * Math.min(1, this.spread() ?? 1)) / callsPerMs;
  }

  /**
   * The share of the pace left by the first refusal of a run. Sets the target share of refusals to fit the spread of a
   * window of `calls` calls. The first refusal at a bound (`isFirst`) leaves the share of it at which that many refusals
   * occur: windows are short enough for the spread of single calls to show.
   */
  firstCut({ calls, isBounded, isFirst }: CutAt): number {
    const ofWindow = (this.spread() ?? 0) / Math.sqrt(Math.max(1, calls));
    const usual = REFUSED.usual * (isBounded ? 1 : UNBOUNDED);
    const share = usual * (ofWindow / SPREAD_USUAL) ** 1.5;
    this.refusedShare = Math.min(REFUSED.most, Math.max(usual, share));
    if (!isFirst) return this.cut;
    // The higher the target share, the nearer to the bound.
    const more = Math.max(0, (this.refusedShare - REFUSED.usual) / (REFUSED.most - REFUSED.usual));
    const spreads = SPREADS.usual + (SPREADS.least - SPREADS.usual) * more;
    return Math.max(SHARE_LEAST, 1 + OVERDRAFT_CALLS / Math.max(1, calls) - spreads * ofWindow);
  }
}
