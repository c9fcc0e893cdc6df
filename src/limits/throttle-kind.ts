import type { FailureClass } from '../failure.ts';
import type { Throttles } from './pace-event.ts';

/** The counter for a refusal of that class. Pure. */
export function throttleKind(why: FailureClass): keyof Throttles {
  if (why === 'throttle_tokens') return 'tokens';
  return why === 'throttle_burst' ? 'burst' : 'rate';
}
