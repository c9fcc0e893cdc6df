import { existsSync, readFileSync } from 'node:fs';

/*
 * What the service would bill, worked out from the price facts in plain big integers: a reading of
 * them that shares nothing with the code under test. The facts are read where they lie.
 */

const MODELS = new URL('../../../shared/models/models.json', import.meta.url);

export const factsAreThere: boolean = existsSync(MODELS);

type Tier = {
  readonly lte: number | null;
  readonly input: number;
  readonly output: number | null;
  readonly output_thinking: number | null;
};

type Offer = {
  readonly scope: string;
  readonly tiers?: readonly Tier[];
  readonly per_modality?: Readonly<Record<string, number>>;
};

type ModelFacts = {
  readonly id: string;
  readonly category: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly pricing: readonly Offer[];
};

/** The usage of one answer in the bill's own words; parts of input and output are contained in them. */
export type BilledUsage = {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cacheHit: number;
  readonly cacheCreated: number;
  readonly explicit: boolean;
  readonly searches: number;
  readonly strategy: 'turbo' | 'max' | 'agent';
  readonly audioIn: number;
  readonly imageIn: number;
  readonly audioOut: number;
};

/** CNY a call; billing.md section 2. */
const SEARCH_FEE = { turbo: '0.003', max: '0.004', agent: '0.004' } as const;

/** A decimal number as an integer of 10^-`digits`. */
function scaled(decimal: number | string, digits: number): bigint {
  const text = String(decimal);
  const [whole = '0', fraction = ''] = text.split('.');
  if (/e/iu.test(text) || fraction.length > digits) throw new Error(`cannot scale ${text}`);
  return BigInt(whole + fraction.padEnd(digits, '0'));
}

/** Ten thousandths of a pico-unit, for so many tokens at a price a million tokens. */
function part(tokens: number, price: number, multiplier: number | string = 1): bigint {
  return BigInt(tokens) * scaled(price, 6) * scaled(multiplier, 4);
}

export type PricedModel = {
  readonly id: string;
  readonly thinks: boolean;
  readonly hasImplicitCache: boolean;
  readonly hasExplicitCache: boolean;
  readonly isOmni: boolean;
  readonly searches: boolean;
  /** Inclusive upper bounds of its tiers, but for the last. */
  readonly bounds: readonly number[];
  /** What an answer costs in Beijing, in pico-CNY. */
  bill(usage: BilledUsage): bigint;
};

function tierBill(model: ModelFacts, tiers: readonly Tier[], usage: BilledUsage): bigint {
  const tier = tiers.find(({ lte }) => lte === null || usage.input <= lte) ?? tiers.at(-1);
  if (tier === undefined) throw new Error(`${model.id} has no tier`);
  const output =
    usage.reasoning > 0
      ? (tier.output_thinking ?? tier.output)
      : (tier.output ?? tier.output_thinking);
  if (output === null) throw new Error(`${model.id} has no price for its output`);
  const created = usage.explicit ? usage.cacheCreated : 0;
  const plain = usage.input - usage.cacheHit - created;
  const implicitHit = model.capabilities['implicit_hit_multiplier'];
  const hit = usage.explicit ? '0.1' : typeof implicitHit === 'number' ? implicitHit : '0.2';
  return (
    part(plain, tier.input) +
    part(created, tier.input, '1.25') +
    part(usage.cacheHit, tier.input, hit) +
    part(usage.output, output)
  );
}

function modalBill(prices: Readonly<Record<string, number>>, usage: BilledUsage): bigint {
  // The first name that the page has: newer models have one price for what older ones split.
  const price = (...names: readonly string[]): number => {
    const found = names.map((name) => prices[name]).find((one) => one !== undefined);
    if (found === undefined) throw new Error(`no price ${names.join(' or ')}`);
    return found;
  };
  const input =
    part(
      usage.input - usage.audioIn - usage.imageIn,
      price('input_text', 'input_text_image_video'),
    ) +
    part(usage.audioIn, price('input_audio')) +
    part(usage.imageIn, price('input_image_video', 'input_text_image_video'));
  if (usage.audioOut > 0) return input + part(usage.audioOut, price('output_audio'));
  const plain = usage.audioIn + usage.imageIn === 0;
  const name = plain ? 'output_text_when_text_only_input' : 'output_text_when_multimodal_input';
  return input + part(usage.output, price(name, 'output_text'));
}

function halfEven(value: bigint, divisor: bigint): bigint {
  const whole = value / divisor;
  const rest = (value % divisor) * 2n;
  if (rest > divisor) return whole + 1n;
  return rest === divisor && whole % 2n === 1n ? whole + 1n : whole;
}

/** Every model that has a price in Beijing. */
export function pricedModels(): PricedModel[] {
  const { models } = JSON.parse(readFileSync(MODELS, 'utf8')) as { models: ModelFacts[] };
  return models.flatMap((model): PricedModel[] => {
    const offer = model.pricing.find(({ scope }) => scope === 'cn');
    if (offer === undefined) return [];
    const { tiers, per_modality: modal } = offer;
    // Some are listed as free or on trial, without a price.
    if ((tiers ?? []).length === 0 && modal === undefined) return [];
    const { capabilities } = model;
    const search = capabilities['web_search'] as { readonly cn?: boolean } | null;
    return [
      {
        id: model.id,
        thinks: capabilities['thinking'] === 'hybrid' || capabilities['thinking'] === 'only',
        // Where the discount is told in the console only, nobody here can know it.
        hasImplicitCache:
          capabilities['implicit_cache'] === true &&
          capabilities['implicit_hit_note'] === undefined,
        hasExplicitCache:
          capabilities['explicit_cache'] === true &&
          capabilities['implicit_hit_note'] === undefined,
        isOmni: modal !== undefined,
        searches: search?.cn === true,
        bounds: (tiers ?? []).flatMap(({ lte }) => lte ?? []),
        bill(usage) {
          const tokens =
            modal === undefined ? tierBill(model, tiers ?? [], usage) : modalBill(modal, usage);
          const fee = BigInt(usage.searches) * scaled(SEARCH_FEE[usage.strategy], 12);
          return halfEven(tokens, 10_000n) + fee;
        },
      },
    ];
  });
}
