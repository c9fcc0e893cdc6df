import type { TrialEnd } from './chance.ts';
import type { Costs } from './costs.ts';
import type { PaceMove } from './pace.ts';
import { SHARES } from './rate-shares.ts';

/**
 * What a trial leaves of the pace before it. Refusals stayed: all of it, and where that is news, it is grown on from, since
 * what held it back was no limit. They did not: as a single refusal would have left it, or, where it is steered, all of it.
 */
export function paceAfterTrial(
  { perMs, stayed, isNews }: TrialEnd,
  { steering }: Pick<Costs, 'steering'>,
): PaceMove {
  const share = stayed || steering !== null ? 1 : SHARES.touchCut;
  const phase = stayed && isNews ? 'growing' : 'learned';
  return { phase, perMs: perMs * share, reason: 'recovered' };
}
