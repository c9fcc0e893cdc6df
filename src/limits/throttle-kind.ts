import type { FailureClass } from '../failure.ts';
import type { Throttles } from './pace-event.ts';

/** As what a refusal of that class is counted. Pure. */
export function throttleKind(why: FailureClass): keyof Throttles {
  if (why === 'throttle_tokens') return 'tokens';
  return why === 'throttle_burst' ? 'burst' : 'rate';
}
