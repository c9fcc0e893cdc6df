import type { Admissions } from './admissions.ts';
import type { Costs } from './costs.ts';
import type { Pace } from './pace.ts';

/** What the decisions about a pace look at: one dimension of a lane (requests, or tokens) as it is now. */
export type RateView = {
  readonly pace: Pace;
  readonly admissions: Admissions;
  /** The window over which the service counts, as far as is known. */
  readonly windowMs: number;
  readonly costs: Costs;
};
