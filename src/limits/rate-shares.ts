/** Shares of a pace at which it is cut, held or considered recovered. */
export const SHARES = {
  /** A bound is used to this share, so that slightly different clocks do no harm. */
  bound: 0.99,
  /** A learned limit is used to this share. */
  learned: 0.985,
  /** Left of the pace when the service refuses sudden growth. */
  burstCut: 0.8,
  /** Left of the pace by a single refusal. */
  touchCut: 0.97,
  /** If less than this share is used, the pace is not what limits the lane. */
  unused: 0.5,
  /** At least this share must be used before a pace grows. */
  used: 0.7,
  /** From this share of the learned limit on, a pace has recovered. */
  recovered: 0.995,
  /** A learned limit has changed if it differs by more than this. */
  changed: 0.15,
  /** Where costs are known only afterwards, the share of a bound to return to. */
  rescaled: 0.95,
  /** From this share of a bound on, single refusals prove nothing if fewer than `isolated` of the last calls were refused. */
  nearBound: 0.94,
  isolated: 0.02,
  /** A requested pause with each refusal may cost at most one part in this many of the time. */
  pausesApart: 12,
  /** Below this share of the bound, or of what was granted before, a recovery is most likely. */
  farBelow: 0.85,
  /** From this share of what was granted before on, a pace has returned to it. */
  returned: 0.97,
  /** More than two windows hold, in terms of one window's grant: two may fall into the span of one, plus a margin. */
  twoWindows: 2.3,
} as const;
