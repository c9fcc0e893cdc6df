/** Why a pace was changed. */
export type RateReason =
  | 'refused'
  | 'reopened'
  | 'growth refused'
  | 'window learned'
  | 'felt for more'
  | 'recovered'
  | 'set anew';
