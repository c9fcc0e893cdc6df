import type { Catalog } from './models/catalog.ts';
import type { Extras } from './models/extras.ts';
import type { Offer } from './models/offer.ts';
import { priceOf, searchFee } from './models/price.ts';
import type { Currency, Scope } from './models/scope.ts';
import { UNKNOWN_USAGE, type Usage } from './usage.ts';

/** Prices for one job: a catalog in one scope and currency. Amounts are pico-units (1e-12). */
export type Pricing = {
  readonly currency: Currency;
  readonly scope: Scope;
  isPriced(model: string): boolean;
  /** The other currency, if a model is priced only in that one; else null. */
  pricedOnlyIn(model: string): Currency | null;
  /**
   * The cost of an answered call; null if the model is unpriced or the usage is insufficient. For usages that lack the
   * detail: `thought`, a chain of thought was seen; `searchAsked`, the search strategy of the request; `cacheMarked`, the
   * request marked what to cache.
   */
  costPico(model: string, usage: Usage, seen?: Seen): number | null;
  /** The cost of a call with that many tokens; null if the model is unpriced. */
  estimatePico(model: string, tokens: ExpectedTokens): number | null;
};

/** What a call's request and reply show besides its usage. */
type Seen = {
  readonly thought?: boolean;
  readonly searchAsked?: string | null | undefined;
  readonly cacheMarked?: boolean;
};

/** A future call, as far as prices depend on it. */
export type ExpectedTokens = {
  readonly input: number;
  readonly output: number;
  readonly thinking: boolean;
  /** Null (or omitted): text only, and no search. */
  readonly extras?: Extras | null | undefined;
};

/** Tiered prices without cache discounts: a hit cannot be predicted. No rounding. */
function tierPico(offer: Offer, { input, output, thinking }: ExpectedTokens): number | null {
  if (offer.prices.kind !== 'tiers') return null;
  const { tiers } = offer.prices;
  let tier = tiers.at(-1);
  for (const candidate of tiers) {
    if (candidate.upTo !== null && input > candidate.upTo) continue;
    tier = candidate;
    break;
  }
  if (tier === undefined) return null;
  const thinkingOutput = tier.outputThinking ?? tier.output;
  const outputPico = thinking ? thinkingOutput : (tier.output ?? tier.outputThinking);
  return outputPico === null ? null : input * tier.input + output * outputPico;
}

/** Prices by modality, with the split known to the estimate. If the answer is audio, all of it is priced as audio. */
function modalPico(
  offer: Offer,
  { input, output, thinking, extras }: ExpectedTokens,
): number | null {
  const audio = Math.round(extras?.audioIn ?? 0);
  const visual = Math.round(extras?.visualIn ?? 0);
  const inputTokens = Math.max(Math.round(input), audio + visual);
  const outputTokens = Math.round(output);
  const usage = {
    ...UNKNOWN_USAGE,
    inputTokens,
    outputTokens,
    inputText: inputTokens - audio - visual,
    inputAudio: audio,
    inputImage: visual,
    outputAudio: extras?.audioOut === true ? outputTokens : 0,
  };
  const price = priceOf(usage, offer, { thinking });
  return price === null ? null : Number(price.costPico);
}

/** The fee of one search of that strategy, the most expensive if unnamed; 0 if unknown. */
function searchPico(offer: Offer, extras: Extras | null | undefined): number {
  if (extras == null || extras.search === null) return 0;
  return searchFee({ searchCount: 1, searchStrategy: extras.search }, offer).feePico;
}

/**
 * Binds a catalog to the scope and currency of a job. `batch`: calls go to Batch Chat, at half the list price and without
 * cache discounts.
 */
export function createPricing(
  catalog: Catalog,
  scope: Scope,
  currency: Currency,
  { batch = false }: { readonly batch?: boolean } = {},
): Pricing {
  const offers = new Map<string, Offer | null>();
  const offerOf = (model: string): Offer | null => {
    let offer = offers.get(model);
    if (offer === undefined) {
      offer = catalog.offer(model, scope, currency);
      offers.set(model, offer);
    }
    return offer;
  };
  return {
    currency,
    scope,
    isPriced: (model) => offerOf(model) !== null,
    pricedOnlyIn(model) {
      const other = currency === 'CNY' ? 'USD' : 'CNY';
      return offerOf(model) === null && catalog.offer(model, scope, other) !== null ? other : null;
    },
    costPico(model, usage, { thought = false, searchAsked = null, cacheMarked = false } = {}) {
      const offer = offerOf(model);
      const thinking = thought && usage.reasoningTokens === null;
      const options = { batch, thinking, searchAsked, cacheMarked };
      const price = offer === null ? null : priceOf(usage, offer, options);
      // More than 9,007 units for one call is an invalid usage; sums must stay exact.
      if (price === null || price.costPico > BigInt(Number.MAX_SAFE_INTEGER)) return null;
      return Number(price.costPico);
    },
    estimatePico(model, tokens) {
      const offer = offerOf(model);
      if (offer === null) return null;
      const pico = tierPico(offer, tokens) ?? modalPico(offer, tokens);
      if (pico === null) return null;
      return (batch ? pico / 2 : pico) + searchPico(offer, tokens.extras);
    },
  };
}
