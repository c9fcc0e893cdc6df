import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { loadCatalog, type Catalog } from '../../src/models/catalog.ts';
import type { Offer, Tier } from '../../src/models/offer.ts';
import { formatPico, parseAmountPico, priceOf } from '../../src/models/price.ts';
import type { Currency, Scope } from '../../src/models/scope.ts';
import { readUsage } from '../../src/read-usage.ts';
import { UNKNOWN_USAGE, type Usage } from '../../src/usage.ts';

function usageOf(fields: Partial<Usage>): Usage {
  return { ...UNKNOWN_USAGE, ...fields };
}

const catalog = loadCatalog();

function offer(model: string, scope: Scope = 'cn', currency: Currency = 'CNY'): Offer {
  const found = catalog.offer(model, scope, currency);
  if (found === null) {
    throw new Error(`no ${currency} price of ${model} in ${scope}`);
  }
  return found;
}

/** The cost in full precision, less trailing zeros; `none` where there is no price. */
function cost(usage: Partial<Usage>, of: Offer, options = {}): string {
  const price = priceOf(usageOf(usage), of, options);
  return price === null ? 'none' : exactText(price.costPico);
}

function exactText(pico: bigint): string {
  return formatPico(pico, 12).replace(/\.?0+$/, '');
}

type RawUsage = Record<string, unknown>;

type Vector = {
  readonly name: string;
  readonly model: string;
  readonly region: Scope;
  readonly usage: RawUsage | null;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly expected_cost_exact: string;
  readonly currency: Currency;
};

const VECTORS_URL = new URL('../../../shared/models/cost-vectors.json', import.meta.url);
const vectors: readonly Vector[] = existsSync(VECTORS_URL)
  ? (JSON.parse(readFileSync(VECTORS_URL, 'utf8')) as { vectors: Vector[] }).vectors
  : [];
const withUsage = vectors.filter((vector) => vector.usage !== null);

function countIn(object: unknown, name: string): number | null {
  const value = (object as RawUsage | undefined)?.[name];
  return typeof value === 'number' ? value : null;
}

function usageOfVector({ usage, flags }: Vector): Usage {
  const inputDetails = usage?.['prompt_tokens_details'] ?? usage?.['input_tokens_details'];
  const outputDetails = usage?.['completion_tokens_details'] ?? usage?.['output_tokens_details'];
  const search = (usage?.['plugins'] as RawUsage | undefined)?.['search'];
  const created = countIn(inputDetails, 'cache_creation_input_tokens');
  return usageOf({
    inputTokens: countIn(usage, 'input_tokens') ?? countIn(usage, 'prompt_tokens'),
    outputTokens: countIn(usage, 'output_tokens') ?? countIn(usage, 'completion_tokens'),
    cachedTokens: countIn(inputDetails, 'cached_tokens'),
    cacheCreationTokens: created,
    reasoningTokens: countIn(outputDetails, 'reasoning_tokens'),
    explicitCache: flags['cache'] === 'explicit' || (created ?? 0) > 0,
    inputText: countIn(inputDetails, 'text_tokens'),
    inputImage: countIn(inputDetails, 'image_tokens'),
    inputAudio: countIn(inputDetails, 'audio_tokens'),
    inputVideo: countIn(inputDetails, 'video_tokens'),
    outputText: countIn(outputDetails, 'text_tokens'),
    outputAudio: countIn(outputDetails, 'audio_tokens'),
    searchCount: countIn(search, 'count'),
    searchStrategy: (flags['search_strategy'] as string | undefined) ?? null,
  });
}

// Discounts and off-peak prices are the user's to say, in a catalog file.
const DISCOUNTED: Catalog = loadCatalog({
  models: [
    {
      id: 'qwen3.7-max',
      pricing: [
        { scope: 'cn', currency: 'CNY', tiers: [{ lte: 1_000_000, input: 6, output: 18 }] },
      ],
    },
    {
      id: 'deepseek-v4-flash-0731',
      pricing: [{ scope: '*', currency: 'CNY', tiers: [{ input: 1.5, output: 4.5 }] }],
    },
  ],
});

describe.skipIf(vectors.length === 0)(
  'priceOf: recorded cost vectors (skipped where absent)',
  () => {
    it.each(withUsage)('$name', (vector) => {
      const discounted = vector.flags['promotion'] === true || vector.flags['off_peak'] === true;
      const found = (discounted ? DISCOUNTED : catalog).offer(
        vector.model,
        vector.region,
        vector.currency,
      );
      expect(found).not.toBeNull();
      if (found !== null) {
        const batch = vector.flags['batch'] === true;
        expect(cost(usageOfVector(vector), found, { batch })).toBe(vector.expected_cost_exact);
      }
    });

    it.each(withUsage)('$name, as the usage of a reply is read', (vector) => {
      const { model, region, currency, flags } = vector;
      const discounted = flags['promotion'] === true || flags['off_peak'] === true;
      const found = (discounted ? DISCOUNTED : catalog).offer(model, region, currency);
      const usage = readUsage(vector.usage);
      if (found === null || usage === null) throw new Error('no price or no usage');
      const options = {
        batch: flags['batch'] === true,
        cacheMarked: flags['cache'] === 'explicit',
        searchAsked: (flags['search_strategy'] as string | undefined) ?? null,
      };
      expect(cost(usage, found, options)).toBe(vector.expected_cost_exact);
    });

    it('covers every vector but the failed request, which has no usage to price', () => {
      expect(
        vectors.filter((vector) => vector.usage === null).map((vector) => vector.name),
      ).toEqual(['failed-request']);
      expect(withUsage.length).toBeGreaterThanOrEqual(27);
    });
  },
);

describe('priceOf', () => {
  it('prices the reference example: 22 tokens in, 17 out, on qwen-plus in Beijing', () => {
    // 22 x 0.8 + 17 x 2 = 51.6 CNY per million.
    expect(cost({ inputTokens: 22, outputTokens: 17 }, offer('qwen-plus'))).toBe('0.0000516');
  });

  it('has no price where a token count is missing', () => {
    expect(priceOf(usageOf({ inputTokens: 22 }), offer('qwen-plus'))).toBeNull();
    expect(priceOf(usageOf({ outputTokens: 17 }), offer('qwen-plus'))).toBeNull();
  });

  it('takes the tier by input tokens, the bound included, for input and output alike', () => {
    const of = offer('qwen-plus');
    expect(cost({ inputTokens: 128_000, outputTokens: 1_000 }, of)).toBe('0.1044');
    expect(cost({ inputTokens: 128_001, outputTokens: 1_000 }, of)).toBe('0.3272024');
  });

  it('prices more input than the last tier at the last tier, and says so', () => {
    // 1,000,001 x 4.8 + 10 x 48 = 4,800,484.8 CNY per million.
    const usage = usageOf({ inputTokens: 1_000_001, outputTokens: 10 });
    expect(priceOf(usage, offer('qwen-plus'))).toEqual({
      costPico: 4_800_484_800_000n,
      exact: false,
    });
  });

  it('uses the thinking price for all output once reasoning came or was seen', () => {
    const of = offer('qwen-plus');
    const usage = { inputTokens: 10, outputTokens: 360 };
    expect(cost({ ...usage, reasoningTokens: 290 }, of)).toBe('0.002888');
    expect(cost(usage, of, { thinking: true })).toBe('0.002888');
    expect(cost({ ...usage, reasoningTokens: 0 }, of)).toBe('0.000728');
  });

  it('uses the thinking price of a model that only thinks, whatever the usage says', () => {
    // 100 x 1.6 + 10 x 4 = 200 CNY per million.
    expect(cost({ inputTokens: 100, outputTokens: 10 }, offer('qwq-plus'))).toBe('0.0002');
  });

  it('discounts implicit hits to a fifth, explicit ones to a tenth, and charges creation 125 %', () => {
    const of = offer('qwen-plus');
    const usage = { inputTokens: 2_000, outputTokens: 0 };
    // (1,000 + 1,000 x 0.2) x 0.8
    expect(cost({ ...usage, cachedTokens: 1_000 }, of)).toBe('0.00096');
    // (500 + 500 x 1.25 + 1,000 x 0.1) x 0.8
    expect(
      cost({ ...usage, cachedTokens: 1_000, cacheCreationTokens: 500, explicitCache: true }, of),
    ).toBe('0.00098');
  });

  it('halves a vendor batch and grants it no cache discount', () => {
    const usage = { inputTokens: 3_019, outputTokens: 104, cachedTokens: 2_048 };
    expect(cost(usage, offer('qwen-plus'), { batch: true })).toBe('0.0013116');
  });

  it('charges hits in full and admits it where the discount is only shown in the console', () => {
    const usage = usageOf({ inputTokens: 1_000, outputTokens: 0, cachedTokens: 900 });
    expect(priceOf(usage, offer('qwen3.8-max'))).toEqual({
      costPico: 12_000_000_000n,
      exact: false,
    });
  });

  it("uses a model's own hit multiplier", () => {
    // 1,000 x 6.5 x 0.169
    const usage = { inputTokens: 1_000, outputTokens: 0, cachedTokens: 1_000 };
    expect(cost(usage, offer('kimi/kimi-k2.6'))).toBe('0.0010985');
  });

  it('takes the cache of a hit from the request where the usage does not tell it', () => {
    const usage = { inputTokens: 1_620, outputTokens: 66, cachedTokens: 1_605 };
    const of = offer('qwen3-coder-plus');
    const untold = { ...usage, explicitCache: null };
    // 15 x 4 + 1,605 x 0.4 + 66 x 16, or 1,605 x 0.8 from the implicit cache.
    expect(cost(untold, of, { cacheMarked: true })).toBe('0.001758');
    expect(cost(untold, of)).toBe('0.0024');
    expect(cost({ ...usage, explicitCache: false }, of, { cacheMarked: true })).toBe('0.0024');
  });

  it('takes a native hit without a type for one of the implicit cache, written tokens told as 0 or not', () => {
    const details = { cached_tokens: 2048, cache_creation_input_tokens: 0 };
    const usage = { input_tokens: 3019, output_tokens: 104, prompt_tokens_details: details };
    // 971 x 0.8 + 2,048 x 0.16 + 104 x 2
    expect(cost(readUsage(usage) ?? {}, offer('qwen-plus'))).toBe('0.00131248');
  });

  it('is not exact where images were searched: they are billed by the call, at a fee that no page names', () => {
    const usage = { inputTokens: 100, outputTokens: 10, imageSearchCount: 3 };
    const of = offer('qwen3.6-plus');
    expect(priceOf(usageOf(usage), of)?.exact).toBe(false);
    expect(priceOf(usageOf({ ...usage, imageSearchCount: 0 }), of)?.exact).toBe(true);
    const plugins = { image_search: { count: 3 } };
    const read = readUsage({ input_tokens: 100, output_tokens: 10, plugins });
    expect(priceOf(usageOf(read ?? {}), of)?.exact).toBe(false);
  });

  it('adds the search fee by strategy, the dearest where the strategy is not known', () => {
    const usage = { inputTokens: 2_940, outputTokens: 284, searchCount: 2 };
    expect(cost({ ...usage, searchStrategy: 'turbo' }, offer('qwen-plus'))).toBe('0.00892');
    expect(priceOf(usageOf(usage), offer('qwen-plus'))).toEqual({
      costPico: 10_920_000_000n,
      exact: false,
    });
    expect(
      cost(
        { inputTokens: 0, outputTokens: 0, searchCount: 1, searchStrategy: 'agent' },
        offer('qwen-plus', 'intl', 'USD'),
      ),
    ).toBe('0.01');
  });

  it('bills omni models by modality: audio answers have free text, text after audio is dearer', () => {
    const of = offer('qwen3-omni-flash');
    // 207 x 1.8 + 83 x 62.6
    expect(
      cost(
        { inputTokens: 207, outputTokens: 120, inputText: 207, outputText: 37, outputAudio: 83 },
        of,
      ),
    ).toBe('0.0055684');
    // 20 x 1.8 + 480 x 15.8 + 120 x 12.7
    expect(cost({ inputTokens: 500, outputTokens: 120, inputText: 20, inputAudio: 480 }, of)).toBe(
      '0.009144',
    );
  });

  it('bills omni input of unknown modality at the dearest, and says so', () => {
    // 100 x 15.8 + 10 x 12.7 = 1,707
    const usage = usageOf({ inputTokens: 100, outputTokens: 10 });
    expect(priceOf(usage, offer('qwen3-omni-flash'))).toEqual({
      costPico: 1_707_000_000n,
      exact: false,
    });
  });

  it('rounds once, half to even', () => {
    const tier = (input: number): Tier => ({ upTo: null, input, output: 0, outputThinking: null });
    const made = (input: number): Offer => ({
      ...offer('qwen-plus'),
      prices: { kind: 'tiers', tiers: [tier(input)] },
    });
    const pico = (tokens: number, input: number): bigint | undefined =>
      priceOf(usageOf({ inputTokens: tokens, outputTokens: 0 }), made(input), { batch: true })
        ?.costPico;
    expect([pico(1, 1), pico(3, 1), pico(1, 5)]).toEqual([0n, 2n, 2n]);
  });

  it('property: equals the exact fraction rounded half-even, small and huge', () => {
    const of = offer('kimi/kimi-k2.6');
    const tokens = fc.oneof(fc.nat(10_000), fc.nat(2 ** 31 - 1), fc.nat(2 ** 45));
    const price = fc.oneof(fc.nat(1_000), fc.nat(1_000_000_000));
    fc.assert(
      fc.property(
        fc.record({ fresh: tokens, hit: tokens, created: tokens, output: tokens }),
        fc.record({ input: price, output: price, discount: fc.nat(10_000) }),
        fc.record({ batch: fc.boolean(), explicitCache: fc.boolean() }),
        (count, list, { batch, explicitCache }) => {
          const created = explicitCache ? count.created : 0;
          const made: Offer = {
            ...of,
            prices: {
              kind: 'tiers',
              tiers: [{ upTo: null, input: list.input, output: list.output, outputThinking: null }],
            },
            cache: {
              implicitHit: list.discount,
              explicitHit: list.discount,
              explicitCreate: 12_500,
            },
          };
          const usage = usageOf({
            inputTokens: count.fresh + count.hit + created,
            outputTokens: count.output,
            cachedTokens: count.hit,
            cacheCreationTokens: created,
            explicitCache,
          });
          const b = BigInt;
          const input = batch
            ? b(count.fresh + count.hit + created) * 10_000n
            : b(count.fresh) * 10_000n + b(created) * 12_500n + b(count.hit) * b(list.discount);
          const numerator = input * b(list.input) + b(count.output) * b(list.output) * 10_000n;
          const denominator = batch ? 20_000n : 10_000n;
          const actual = priceOf(usage, made, { batch })?.costPico ?? -1n;
          // Within half a unit, and even at exactly a half.
          const twiceError = (actual * denominator - numerator) * 2n;
          const size = twiceError < 0n ? -twiceError : twiceError;
          expect(size <= denominator).toBe(true);
          expect(size < denominator || actual % 2n === 0n).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('formatPico', () => {
  it('prints plain decimals, never exponents', () => {
    expect(formatPico(51_600_000n)).toBe('0.000052');
    expect(formatPico(51_600_000n, 8)).toBe('0.00005160');
    expect(formatPico(12_500_000_000_000n, 2)).toBe('12.50');
    expect(formatPico(12_500_000_000_000n, 0)).toBe('12');
    expect(formatPico(13_500_000_000_000n, 0)).toBe('14');
    expect(formatPico(0n)).toBe('0.000000');
  });

  it('rounds half to even and keeps the sign, but no minus before zero', () => {
    expect(formatPico(500_000n)).toBe('0.000000');
    expect(formatPico(1_500_000n)).toBe('0.000002');
    expect(formatPico(-2_500_000n)).toBe('-0.000002');
    expect(formatPico(-1n)).toBe('0.000000');
  });
});

describe('parseAmountPico', () => {
  it('reads amounts exactly', () => {
    expect(parseAmountPico('12.50')).toBe(12_500_000_000_000n);
    expect(parseAmountPico('0.000000000001')).toBe(1n);
    expect(parseAmountPico(' 3 ')).toBe(3_000_000_000_000n);
  });

  it.each(['', '-1', '1e3', '1,000', '.5', '1.', '0.0000000000001', 'CNY 5', '十元'])(
    'refuses %j',
    (text) => {
      expect(() => parseAmountPico(text)).toThrow(UsageError);
    },
  );

  it('property: reads back what formatPico prints in full', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 27n - 1n), (pico) => {
        expect(parseAmountPico(formatPico(pico, 12))).toBe(pico);
      }),
    );
  });
});
