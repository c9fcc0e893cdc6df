import { UsageError } from '../errors.ts';
import type { Usage } from '../usage.ts';
import { MULTIPLIER_UNIT, type ModalPrices, type Offer, type Tier } from './offer.ts';

/** The cost of a call at list price. */
export type Price = {
  /** Integer pico-units (1e-12) of the offer's currency. */
  readonly costPico: bigint;
  /**
   * False if something was assumed, always the more expensive case if there is a choice: unknown cache discount or
   * modalities, more input than the last tier, a search fee undocumented for the scope or for images (omitted) or with an
   * undocumented strategy (the most expensive).
   */
  readonly exact: boolean;
};

export type PriceOptions = {
  /** Vendor batch: half price on input and output, no cache discount (search fees stay). */
  readonly batch?: boolean;
  /** Reasoning was seen although the service did not count it, or is expected. */
  readonly thinking?: boolean;
  /** The search strategy of the request, if the usage names none. */
  readonly searchAsked?: string | null;
  /** The request marked what to cache, for a usage that does not say which cache was hit. */
  readonly cacheMarked?: boolean;
};

/** Tokens times pico-units per token times a multiplier in 1/10,000. */
type Term = readonly [tokens: number, picoPerToken: number, multiplier: number];

type TokenBill = { readonly terms: Term[]; readonly exact: boolean };

/**
 * The cost of one answered call: exact integer arithmetic, rounded half-even once.
 *
 * The tier is determined by all input tokens (bounds inclusive) and applies to the whole request; the thinking price
 * applies to all output if there were reasoning tokens, or if the model has no other. Null if the service did not report
 * both token counts. Sources: price page August 2026, deep-thinking, context-cache, batch and web-search pages February
 * 2026.
 */
export function priceOf(usage: Usage, offer: Offer, options: PriceOptions = {}): Price | null {
  const { inputTokens, outputTokens } = usage;
  if (!isCount(inputTokens) || !isCount(outputTokens)) {
    return null;
  }
  const batch = options.batch === true;
  const tokens =
    offer.prices.kind === 'tiers'
      ? tierBill({ inputTokens, outputTokens, usage, options }, offer, offer.prices.tiers)
      : modalBill({ inputTokens, outputTokens, usage, options }, offer.prices.modal);
  if (tokens === null) {
    return null;
  }
  const searchStrategy = usage.searchStrategy ?? options.searchAsked ?? null;
  const search = searchFee({ searchCount: usage.searchCount, searchStrategy }, offer);
  // Plain numbers hold every usual cost; big integers cover the rest with the same result.
  const fast = sumAsNumber(tokens.terms, batch);
  const costPico = fast === null ? sumAsBigInt(tokens.terms, batch) : BigInt(fast);
  return {
    costPico: search.feePico === 0 ? costPico : costPico + BigInt(search.feePico),
    exact: tokens.exact && search.exact && (usage.imageSearchCount ?? 0) === 0,
  };
}

type Call = {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usage: Usage;
  readonly options: PriceOptions;
};

function isCount(value: number | null): value is number {
  return value !== null && Number.isSafeInteger(value) && value >= 0;
}

function tierBill(call: Call, offer: Offer, tiers: readonly Tier[]): TokenBill | null {
  const { inputTokens, outputTokens, usage, options } = call;
  const fitting = tiers.find((tier) => tier.upTo === null || inputTokens <= tier.upTo);
  const tier = fitting ?? tiers.at(-1);
  if (tier === undefined) {
    return null;
  }
  const thinking = options.thinking === true || (usage.reasoningTokens ?? 0) > 0;
  const outputPrice = thinking
    ? (tier.outputThinking ?? tier.output)
    : (tier.output ?? tier.outputThinking);
  if (outputPrice === null) {
    return null;
  }
  const input = inputTerms(call, offer, tier.input);
  input.terms.push([outputTokens, outputPrice, MULTIPLIER_UNIT]);
  return { terms: input.terms, exact: fitting !== undefined && input.exact };
}

function inputTerms(call: Call, offer: Offer, price: number): TokenBill {
  const { inputTokens, usage, options } = call;
  const hit = Math.min(usage.cachedTokens ?? 0, inputTokens);
  const explicit = usage.explicitCache ?? options.cacheMarked === true;
  const created = explicit ? Math.min(usage.cacheCreationTokens ?? 0, inputTokens - hit) : 0;
  if (options.batch === true || hit + created === 0) {
    return { terms: [[inputTokens, price, MULTIPLIER_UNIT]], exact: true };
  }
  const discount = explicit ? offer.cache.explicitHit : offer.cache.implicitHit;
  return {
    terms: [
      [inputTokens - hit - created, price, MULTIPLIER_UNIT],
      [created, price, offer.cache.explicitCreate],
      [hit, price, discount ?? MULTIPLIER_UNIT],
    ],
    exact: hit === 0 || discount !== null,
  };
}

/**
 * Omni models: input by modality; an answer with audio bills only its audio tokens, its text is free; text has one price
 * after text-only input and another after anything else. Not cached.
 */
function modalBill(call: Call, modal: ModalPrices): TokenBill {
  const { inputTokens, outputTokens, usage } = call;
  const audio = usage.inputAudio ?? 0;
  const visual = (usage.inputImage ?? 0) + (usage.inputVideo ?? 0);
  const split = usage.inputText !== null || audio + visual > 0;
  const terms: Term[] = split
    ? [
        // The template's tokens are text, whether or not `inputText` counts them.
        [Math.max(0, inputTokens - audio - visual), modal.textIn, MULTIPLIER_UNIT],
        [visual, modal.imageVideoIn, MULTIPLIER_UNIT],
        [audio, modal.audioIn, MULTIPLIER_UNIT],
      ]
    : [[inputTokens, Math.max(modal.textIn, modal.imageVideoIn, modal.audioIn), MULTIPLIER_UNIT]];
  const spoken = usage.outputAudio ?? 0;
  if (spoken > 0) {
    terms.push([spoken, modal.audioOut, MULTIPLIER_UNIT]);
  } else {
    const textOut = split && audio + visual === 0 ? modal.textOut : modal.textOutMultimodal;
    terms.push([outputTokens, textOut, MULTIPLIER_UNIT]);
  }
  return { terms, exact: split };
}

/** The fee of the searches made; `exact` as in `Price`. */
export function searchFee(
  usage: Pick<Usage, 'searchCount' | 'searchStrategy'>,
  offer: Offer,
): { readonly feePico: number; readonly exact: boolean } {
  const calls = usage.searchCount ?? 0;
  if (calls === 0) {
    return { feePico: 0, exact: true };
  }
  if (offer.searchFees === null) {
    return { feePico: 0, exact: false };
  }
  const known = offer.searchFees[usage.searchStrategy ?? ''];
  return {
    feePico: calls * (known ?? Math.max(...Object.values(offer.searchFees))),
    exact: known !== undefined,
  };
}

/** The sum in plain numbers; null if a step would exceed the safe integers. */
function sumAsNumber(terms: readonly Term[], batch: boolean): number | null {
  let whole = 0;
  let scaled = 0;
  for (const [tokens, price, multiplier] of terms) {
    const pico = tokens * price;
    if (multiplier === MULTIPLIER_UNIT) {
      whole += pico;
    } else {
      scaled += pico * multiplier;
    }
  }
  // All addends are non-negative: if the sums are safe integers, all steps were exact.
  if (!Number.isSafeInteger(whole) || !Number.isSafeInteger(scaled)) {
    return null;
  }
  // A vendor batch has no cache terms, so `scaled` and the division by two never meet.
  const divisor = batch ? 2 : MULTIPLIER_UNIT;
  const rest = (batch ? whole : scaled) % divisor;
  const floor = batch ? (whole - rest) / divisor : whole + (scaled - rest) / divisor;
  const up = rest * 2 > divisor || (rest * 2 === divisor && floor % 2 === 1);
  const total = up ? floor + 1 : floor;
  return Number.isSafeInteger(total) ? total : null;
}

function sumAsBigInt(terms: readonly Term[], batch: boolean): bigint {
  let scaled = 0n;
  for (const [tokens, price, multiplier] of terms) {
    scaled += BigInt(tokens) * BigInt(price) * BigInt(multiplier);
  }
  const divisor = BigInt(MULTIPLIER_UNIT) * (batch ? 2n : 1n);
  return divideHalfEven(scaled, divisor);
}

/** `value / divisor` for non-negative values, rounded half-even. */
function divideHalfEven(value: bigint, divisor: bigint): bigint {
  const floor = value / divisor;
  const twice = (value % divisor) * 2n;
  return twice > divisor || (twice === divisor && floor % 2n === 1n) ? floor + 1n : floor;
}

const PICO_DIGITS = 12;

/** Pico-units per unit of a currency, for charts. */
export const PICO: number = 10 ** PICO_DIGITS;

/**
 * An amount in pico-units as decimal text with `digits` decimals (0 to 12), rounded half-even. No exponent, no thousands
 * separators: `0.000052`.
 */
export function formatPico(pico: bigint, digits = 6): string {
  const negative = pico < 0n;
  const rounded = divideHalfEven(negative ? -pico : pico, 10n ** BigInt(PICO_DIGITS - digits));
  const text = rounded.toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = negative && rounded > 0n ? '-' : '';
  return digits === 0 ? sign + whole : `${sign}${whole}.${text.slice(-digits)}`;
}

/** An exact amount in pico-units: 6 decimals, and more only if non-zero. */
export function exactPico(pico: bigint): string {
  return formatPico(pico, PICO_DIGITS).replace(/0{1,6}$/u, '');
}

/**
 * Pico-units of a decimal amount such as `12.50` (at most 12 decimals, no sign, no exponent).
 * Throws UsageError on anything else.
 */
export function parseAmountPico(text: string): bigint {
  const match = /^(\d{1,15})(?:\.(\d{1,12}))?$/.exec(text.trim());
  if (match === null) {
    throw new UsageError(
      `not an amount of money: ${JSON.stringify(text)}`,
      'write a plain decimal number such as 12.50, at most 12 decimals',
    );
  }
  const [, whole = '0', fraction = ''] = match;
  return BigInt(whole) * 10n ** BigInt(PICO_DIGITS) + BigInt(fraction.padEnd(PICO_DIGITS, '0'));
}
