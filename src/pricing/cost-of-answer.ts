import type { ApiFailure } from '../failure.ts';
import { CUT_CODES } from '../ledger/possibly-billed.ts';
import { marksCache } from './marks-cache.ts';
import type { PlannedLine } from '../plan.ts';
import type { Pricing } from '../pricing.ts';
import { showsThoughts } from './shows-thoughts.ts';
import type { Usage } from '../usage.ts';

/** What the price of a request may depend on besides the usage of its answer. */
type Asked = {
  readonly model: string;
  /** The search strategy it asked for. */
  readonly search: string | null | undefined;
  /** Its body, created on demand, which is rare. */
  readonly body: () => Buffer;
};

/** The cost of an answer; null if the model is unpriced or the usage is insufficient. */
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
 * The cost of a failed call as far as its usage shows (null: it does not), and the amount to count if it may have been
 * billed: for a cut-off call at least its reservation, since the model may have continued.
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
