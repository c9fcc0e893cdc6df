/** What is taken of a pace, and when, as shares of it. */
export const SHARES = {
  /** A bound is used to this share, so that clocks that differ a little do no harm. */
  bound: 0.99,
  /** What was learned is used to this share. */
  learned: 0.985,
  /** What the service's refusal of sudden growth leaves of the pace. */
  burstCut: 0.8,
  /** A single refusal takes so much of the pace. */
  touchCut: 0.97,
  /** A pace is not what holds a lane up where so little of it is used. */
  unused: 0.5,
  /** So much of a pace must be used before it goes up. */
  used: 0.7,
  /** A pace so near to what was learned has come back to it. */
  recovered: 0.995,
  /** What was learned has changed where it is so different. */
  changed: 0.15,
  /** Where costs are known only afterwards a bound is come back to at this share. */
  recounted: 0.95,
  /** So near to a bound that single refusals, so few of the last calls, say nothing. */
  nearBound: 0.94,
  strays: 0.02,
  /** A pause that the service asks for with each refusal costs no more than one in so many. */
  hintsApart: 12,
  /** So far below a bound, or what was given before, that it will most likely come back. */
  farBelow: 0.85,
  /** A pace so near to what was given before has come back to it. */
  back: 0.97,
  /** More than two windows have of what one gives: two may come into the time of one, and a little more. */
  twoWindows: 2.3,
} as const;
