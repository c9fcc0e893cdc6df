import { marksCache } from './marks-cache.ts';
import type { Pricing } from './pricing.ts';
import { showsThoughts } from './shows-thoughts.ts';
import type { Usage } from './usage.ts';

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
