import type { Pace, PacePhase } from './pace.ts';
import type { RefusalRun } from './refusal-run.ts';

/** A phase of its pace, or: *known*, the pace is at the limit that somebody has set; *half-open*, everything is refused. */
export type RateState = PacePhase | 'known' | 'half-open';

/** What is told of a rate. */
export function rateState(pace: Pace, run: RefusalRun | null): RateState {
  if (run?.isHalfOpen === true) return 'half-open';
  if (pace.phase !== 'learned') return pace.phase;
  return pace.perMs >= pace.boundPerMs ? 'known' : 'learned';
}
