import type { Pace } from './pace.ts';
import type { RefusalRun } from './refusal-run.ts';

export type RateState = 'ramping' | 'growing' | 'learned' | 'known' | 'half-open';

/** What is told of a pace: a run of more than a few refusals comes before anything else. */
export function rateState(pace: Pace, run: RefusalRun | null): RateState {
  if (run !== null && run.hits > 2) return 'half-open';
  if (pace.phase !== 'learned') return pace.phase;
  return pace.perMs >= pace.boundPerMs ? 'known' : 'learned';
}
