/** What must be reached, in percent and as a ratio, for limits known and unknown. */
export type Goals = {
  readonly use: { readonly known: number; readonly unknown: number };
  readonly refused: { readonly known: number; readonly unknown: number };
  readonly makespan: { readonly known: number; readonly unknown: number };
};

export const STEADY: Goals = {
  use: { known: 97, unknown: 93 },
  refused: { known: 0.2, unknown: 2 },
  makespan: { known: 1.04, unknown: 1.08 },
};
/** Where the quota changes. */
export const CHANGING: Goals = {
  use: { known: 93, unknown: 90 },
  refused: { known: 1, unknown: 5 },
  makespan: { known: 1.04, unknown: 1.08 },
};
/**
 * Where a quota of windows of a minute falls and comes back: that it has come back shows a window later, and half of what is
 * missing is tried in each.
 */
export const CHANGING_WINDOWS: Goals = {
  ...{ use: { known: 77, unknown: 80 }, refused: CHANGING.refused },
  makespan: { known: 1.25, unknown: 1.25 },
};
/** Where two want the one call that each second holds: whoever comes later is refused for as long as both keep their pace. */
export const CONTENTION: Goals = {
  use: { known: 20, unknown: 20 },
  refused: { known: 12, unknown: 20 },
  makespan: { known: 5, unknown: 7 },
};
/**
 * Where three share a quota: each finds its share by refusals while the others' shares move, and the last to end
 * has to find out that the others are gone.
 */
export const SHARED: Goals = {
  ...{ use: CHANGING.use, refused: { known: 3, unknown: 5 } },
  makespan: { known: 1.1, unknown: 1.1 },
};
/**
 * Where tokens bind. What a call takes is known only afterwards, so that a window's sum is never what
 * was expected of it: 93 % of a quota take 1 / 0.93 of the time of a client that knows the future.
 */
export const TOKENS: Goals = { ...CHANGING, makespan: { known: 1.08, unknown: 1.08 } };
/**
 * Where single calls take a third of what a second allows, and now and then all of two: with one
 * refusal in a hundred calls no even flow reaches more than 82 % (`laboratory.mjs --even` shows it).
 */
export const HEAVY_TAILS: Goals = {
  use: { known: 90, unknown: 90 },
  refused: { known: 5, unknown: 5 },
  makespan: { known: 1.12, unknown: 1.12 },
};
/**
 * Where what a call takes is counted when it ends: ends come as they will, so that half of the seconds
 * get more than they hold; an even flow of the whole limit reaches 87 % with 5.5 % refused.
 */
export const COUNTED_AT_END: Goals = {
  use: { known: 78, unknown: 70 },
  refused: { known: 5, unknown: 5 },
  makespan: { known: 1.3, unknown: 1.4 },
};
/** Where both come together, chance and a change: it takes longer to tell one from the other. */
export const CHANGING_TOKENS: Goals = {
  use: { known: 90, unknown: 90 },
  refused: { known: 1.5, unknown: 5 },
  makespan: { known: 1.1, unknown: 1.1 },
};
/**
 * Where one call in ten is refused whatever the pace: at the rate of a known limit 89 % of it are admitted, 1.12
 * times the makespan. Finding out takes some hundreds of calls, and at an unknown limit the growth anew.
 */
export const RANDOM_REFUSALS: Goals = {
  use: { known: 75, unknown: 50 },
  refused: { known: 11, unknown: 13 },
  makespan: { known: 1.3, unknown: 2.2 },
};
/** The same where it is three in ten: seven in ten are admitted at the most, and many runs in a row look like a limit. */
export const MANY_RANDOM_REFUSALS: Goals = {
  use: { known: 40, unknown: 40 },
  refused: { known: 33, unknown: 36 },
  makespan: { known: 2.5, unknown: 2.5 },
};
/** Where two of a hundred calls are refused whatever the pace. An unknown limit is found in spite of them. */
export const FEW_RANDOM_REFUSALS: Goals = {
  use: { known: 80, unknown: 70 },
  refused: { known: 3, unknown: 7 },
  makespan: { known: 1.25, unknown: 1.45 },
};
/** Where the stated limit is far too high. */
export const STATED_TOO_HIGH: Goals = { ...STEADY, refused: { known: 2, unknown: 2 } };
/** Where an earlier run learned a limit and a window that no longer hold. */
export const OUTDATED_LIMIT: Goals = {
  use: { known: 93, unknown: 93 },
  refused: { known: 2, unknown: 2 },
  makespan: { known: 1.08, unknown: 1.08 },
};
/** The same where tokens bind: it is steered for a share of refusals. */
export const OUTDATED_TOKEN_LIMIT: Goals = { ...TOKENS, refused: { known: 3, unknown: 5 } };
/** Where no quota binds, but a server that has so many slots: its use is the share of them that is busy. */
export const OWN_SERVER: Goals = {
  use: { known: 93, unknown: 93 },
  refused: { known: 0, unknown: 0 },
  makespan: { known: 1.08, unknown: 1.08 },
};
/** Where each refusal costs a pause: an unknown limit costs some of these and is probed rarely; a known one is touched now and then. */
export const PAUSES: Goals = {
  use: { known: 93, unknown: 80 },
  refused: { known: 0.2, unknown: 1 },
  makespan: { known: 1.08, unknown: 1.25 },
};
/**
 * Where the service stands still for ten seconds of six minutes: these are lost, and nine in ten of the calls that were sent
 * meanwhile are refused.
 */
export const STALL: Goals = {
  use: { known: 93, unknown: 90 },
  refused: { known: 3, unknown: 4 },
  makespan: { known: 1.06, unknown: 1.08 },
};
/** Where the service counts over a minute: a window that is used up early is not seen before it is. */
export const MINUTE: Goals = { ...STEADY, refused: { known: 1, unknown: 5 } };
