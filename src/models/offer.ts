import type {
  CacheRecord,
  ModalRecord,
  ModelRecord,
  PriceRecord,
  TierRecord,
} from './model-record.ts';
import { bundledCatalog } from './model-record.ts';
import { endpointOf, scopesAt, type Currency, type Scope } from './scope.ts';

/** One price tier. Prices are integers: pico-units (1e-12 of the currency) per token. */
export type Tier = {
  /** Inclusive bound of the request's input tokens, cached ones included; null: no bound. */
  readonly upTo: number | null;
  readonly input: number;
  /** Null: the model has no non-thinking mode. */
  readonly output: number | null;
  /** Null: unspecified; `output` then applies to both modes. */
  readonly outputThinking: number | null;
};

/** Prices by modality, integer pico-units per token. */
export type ModalPrices = {
  readonly textIn: number;
  readonly imageVideoIn: number;
  readonly audioIn: number;
  readonly textOut: number;
  readonly textOutMultimodal: number;
  readonly audioOut: number;
};

/** Multipliers of the input price in 1/10,000; null: differs from the standard by an unknown amount. */
export type CacheMultipliers = {
  readonly implicitHit: number | null;
  readonly explicitHit: number | null;
  readonly explicitCreate: number;
};

/** List prices of one model in one scope and currency. */
export type Offer = {
  readonly model: string;
  /** The listing's scope; may differ from the one requested (see `scopesAt`). */
  readonly scope: Scope;
  readonly currency: Currency;
  readonly prices:
    | { readonly kind: 'tiers'; readonly tiers: readonly Tier[] }
    | { readonly kind: 'modal'; readonly modal: ModalPrices };
  readonly cache: CacheMultipliers;
  /** Pico-units per web search by strategy; null: none documented for this scope. */
  readonly searchFees: Readonly<Record<string, number>> | null;
  /** USD figures are computed from the Chinese page's CNY at its fixed rate. */
  readonly inferred: boolean;
  /** Key into the catalog's `sources`. */
  readonly source: string;
  /** Discounts and peak hours not included in the list price, or null. */
  readonly note: string | null;
};

/** The denominator of the integer multipliers. */
export const MULTIPLIER_UNIT = 10_000;

/** The source key of figures from the user's own catalog file. */
export const USER_SOURCE = 'catalog-file';

// Context cache page, 2026-02-24: implicit hit 20 %, explicit hit 10 %, explicit creation 125 %.
const STANDARD_CACHE = { hit: 0.2, explicitHit: 0.1, explicitCreate: 1.25 } as const;

type Listing = { readonly price: PriceRecord; readonly scope: Scope };

/**
 * The listing of `record` for calls in `scope`, priced or not, with its own scope; null if it is not offered. With a
 * currency only a listing priced in it counts. The user's listings come first in the record and so win over bundled ones.
 */
export function findListing(
  record: ModelRecord,
  scope: Scope,
  currency: Currency | null = null,
): Listing | null {
  const endpoint = endpointOf(scope);
  for (const listed of scopesAt(record.id, scope)) {
    const price = record.prices.find(
      (candidate) =>
        (candidate.scope === listed || candidate.scope === '*') &&
        (candidate.at === undefined || candidate.at.includes(endpoint)) &&
        (currency === null || pricesIn(candidate, currency) !== null),
    );
    if (price !== undefined) {
      return { price, scope: listed };
    }
  }
  return null;
}

/** The offer of `record` in `scope` and `currency`; null if no price is known (including free trials). */
export function offerOf(record: ModelRecord, scope: Scope, currency: Currency): Offer | null {
  const found = findListing(record, scope, currency);
  const prices = found === null ? null : pricesIn(found.price, currency);
  if (found === null || prices === null) {
    return null;
  }
  return {
    model: record.id,
    scope: found.scope,
    currency,
    prices,
    cache: multipliersOf({ ...record.cache, ...found.price.cache }),
    searchFees: searchFeesOf(scope, currency),
    inferred: currency === 'USD' && found.price.source !== USER_SOURCE,
    source: found.price.source,
    note: found.price.note ?? null,
  };
}

function pricesIn(price: PriceRecord, currency: Currency): Offer['prices'] | null {
  const tiers = currency === 'CNY' ? price.cny : price.usd;
  if (tiers !== undefined) {
    return { kind: 'tiers', tiers: tiers.map(tierOf) };
  }
  const modal = currency === 'CNY' ? price.cny_modal : price.usd_modal;
  return modal === undefined ? null : { kind: 'modal', modal: modalOf(modal) };
}

// A price has at most 6 decimals per 1M tokens, so a million times it is the exact integer of
// pico-units per token; rounding only removes the binary rounding error.
function picoPerToken(price: number): number {
  return Math.round(price * 1_000_000);
}

function tierOf([upTo, input, output, outputThinking]: TierRecord): Tier {
  return {
    upTo,
    input: picoPerToken(input),
    output: output === null ? null : picoPerToken(output),
    outputThinking: outputThinking === null ? null : picoPerToken(outputThinking),
  };
}

function modalOf(modal: ModalRecord): ModalPrices {
  return {
    textIn: picoPerToken(modal.text_in),
    imageVideoIn: picoPerToken(modal.image_video_in),
    audioIn: picoPerToken(modal.audio_in),
    textOut: picoPerToken(modal.text_out),
    textOutMultimodal: picoPerToken(modal.text_out_multimodal),
    audioOut: picoPerToken(modal.audio_out),
  };
}

function multipliersOf(cache: CacheRecord): CacheMultipliers {
  const scaled = (value: number | null): number | null =>
    value === null ? null : Math.round(value * MULTIPLIER_UNIT);
  return {
    implicitHit: scaled(cache.hit === undefined ? STANDARD_CACHE.hit : cache.hit),
    explicitHit: scaled(
      cache.explicit_hit === undefined ? STANDARD_CACHE.explicitHit : cache.explicit_hit,
    ),
    explicitCreate: Math.round(
      (cache.explicit_create ?? STANDARD_CACHE.explicitCreate) * MULTIPLIER_UNIT,
    ),
  };
}

/** Fees are documented only for Beijing and Singapore; the finance cloud is not assumed to share them. */
function searchFeesOf(scope: Scope, currency: Currency): Readonly<Record<string, number>> | null {
  if (scope !== 'cn' && scope !== 'intl') {
    return null;
  }
  const fees = bundledCatalog().search_fee_per_1000[scope][currency];
  if (fees === undefined) {
    return null;
  }
  // Per 1,000 calls with at most 6 decimals: 1e12 / 1e3 times it is an integer.
  return Object.fromEntries(
    Object.entries(fees).map(([strategy, fee]) => [strategy, picoPerToken(fee) * 1000]),
  );
}
