import type { ApiFailure } from '../failure.ts';
import { CUT_CODES } from '../ledger/possibly-billed.ts';
import { marksCache } from './marks-cache.ts';
import type { PlannedLine } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import { showsThoughts } from './shows-thoughts.ts';
import type { Usage } from '../usage.ts';

/** Of a request, what its price may depend on beside the usage of its answer. */
type Asked = {
  readonly model: string;
  /** The strategy of the search that it asked for. */
  readonly search: string | null | undefined;
  /** Its body, made where it is wanted: hardly ever. */
  readonly body: () => Buffer;
};

/** What an answer cost; null where the model is unpriced or the usage says too little. */
export function costOfAnswer(
  { usage, body }: { readonly usage: Usage | null; readonly body: string },
  asked: Asked,
  pricing: Pricing,
): number | null {
  if (usage === null) return null;
  return pricing.costPico(asked.model, usage, {
    thought: showsThoughts(body),
    searchAsked: asked.search,
    cacheMarked: usage.explicitCache === null && marksCache(asked.body()),
  });
}

/**
 * What a failed call cost, as far as its usage tells (null: it does not), and what is to be counted of it where it may
 * have been billed: of a call that was cut, no less than was set aside for it, since the model may have written on.
 */
export function costOfFailure(
  { usage, code, body }: ApiFailure,
  { model, thinking, extras, call }: PlannedLine,
  at: { readonly pricing: Pricing; readonly reservedPico: number | null },
): { readonly costPico: number | null; readonly countedPico: number } {
  const { pricing, reservedPico } = at;
  if (usage === null) return { costPico: null, countedPico: reservedPico ?? 0 };
  const costPico = pricing.costPico(model, usage, {
    thought: thinking || (body !== null && showsThoughts(body)),
    searchAsked: extras?.search,
    cacheMarked: usage.explicitCache === null && marksCache(call.body),
  });
  const counted = costPico ?? reservedPico ?? 0;
  const countedPico = CUT_CODES.includes(code) ? Math.max(counted, reservedPico ?? 0) : counted;
  return { costPico, countedPico };
}
