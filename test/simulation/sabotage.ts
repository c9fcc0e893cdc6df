/**
 * Ways to break the program from below, so that a checker that says nothing is known to be a bad one:
 * each is a ledger, a disk, a network or a clock that does not do what the program relies on.
 */
export const SABOTAGES = [
  'commit-is-rolled-back',
  'commit-after-send',
  'call-is-made-twice',
  'answer-of-another-line',
  'answer-is-altered',
  'write-is-altered',
  'settled-line-is-forgotten',
  'bill-is-larger',
  'timer-is-lost',
  'cap-is-higher',
  'control-file-is-not-seen',
] as const;

export type Sabotage = (typeof SABOTAGES)[number];
