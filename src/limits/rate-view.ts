import type { Admissions } from './admissions.ts';
import type { Costs } from './costs.ts';
import type { Pace } from './pace.ts';

/** What decisions about a pace look at: the current state of one dimension of a lane (requests or tokens). */
export type RateView = {
  readonly pace: Pace;
  readonly admissions: Admissions;
  /** The service's counting window, as far as it is known. */
  readonly windowMs: number;
  readonly costs: Costs;
};
