import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { loadCatalog } from '../../src/models/catalog.ts';
import { bundledCatalog } from '../../src/models/model-record.ts';
import { SCOPES } from '../../src/models/scope.ts';

const catalog = loadCatalog();

describe('bundled catalog', () => {
  it('has the 296 researched models, each id once', () => {
    expect(catalog.ids()).toHaveLength(296);
    expect(new Set(catalog.ids()).size).toBe(296);
    expect(catalog.date).toBe('2026-11-22');
  });

  it('names a source with address and date for every price and rate limit', () => {
    const keys = bundledCatalog().models.flatMap((model) => [
      ...model.prices.map((price) => price.source),
      ...Object.values(model.rates ?? {}).map(([, , source]) => source),
    ]);
    expect(keys.length).toBeGreaterThan(1_000);
    for (const key of new Set(keys)) {
      expect(catalog.sources[key]?.url).toMatch(/^https:/);
      expect(catalog.sources[key]?.page_date).toMatch(/^2026/);
    }
  });

  it('prices are exact integers of pico-units, positive, in tiers with rising bounds', () => {
    let offers = 0;
    for (const id of catalog.ids()) {
      for (const scope of SCOPES) {
        for (const currency of ['CNY', 'USD'] as const) {
          const offer = catalog.offer(id, scope, currency);
          if (offer === null) {
            continue;
          }
          offers += 1;
          const { prices } = offer;
          const figures =
            prices.kind === 'modal'
              ? Object.values(prices.modal)
              : prices.tiers.flatMap((tier) => [tier.input, tier.output ?? tier.outputThinking]);
          for (const figure of figures) {
            expect(figure, `${id} ${scope} ${currency}`).toSatisfy(Number.isSafeInteger);
            expect(figure, `${id} ${scope} ${currency}`).toBeGreaterThan(0);
          }
          const bounds = prices.kind === 'modal' ? [] : prices.tiers.map((tier) => tier.upTo);
          const finite = bounds.filter((bound) => bound !== null);
          expect(finite).toEqual([...new Set(finite)].toSorted((a, b) => a - b));
          expect(bounds.slice(0, -1)).not.toContain(null);
        }
      }
    }
    expect(offers).toBeGreaterThan(600);
  });

  it('limits and abilities are those of the place where the model is called', () => {
    // Model list of Model Studio, February 2026: the finance cloud's qwen-max writes 2,000 tokens.
    expect(catalog.profile('qwen-max', 'finance')).toMatchObject({
      maxInput: 6000,
      maxOutput: 2000,
    });
    expect(catalog.profile('qwen-max', 'cn')).toMatchObject({ maxInput: 30_720, maxOutput: 8192 });
    // It searches in Beijing; Singapore's list does not have it, and there is no list of Frankfurt's.
    expect(
      (['cn', 'intl', 'eu'] as const).map((scope) => catalog.profile('qwen-max', scope).webSearch),
    ).toEqual([true, false, null]);
    expect(catalog.profile('qwen-long', 'eu').webSearch).toBe(false);
    const own = loadCatalog({ models: [{ id: 'qwen-long', capabilities: { web_search: true } }] });
    expect(own.profile('qwen-long', 'intl').webSearch).toBe(true);
  });

  it.each([
    // Official pages: the model list, and vendors' own.
    ['qwen-plus', true],
    ['qwen-max', true],
    ['glm-4.5', true],
    ['qwen-math-plus', true],
    // Third-party lists alone, which contradict each other (glm-5.1: 131,072 or 16,384).
    ['glm-5.1', false],
    ['kimi-k2.6', false],
    ['farui-plus', false],
    ['qwen3-coder-plus', false],
    ['qwen-mt-plus', false],
    // A row that can be read in two ways, a value of the family, a quotation, none at all.
    ['deepseek-v3', false],
    ['qwen3.5-plus-2026-04-20', false],
    ['qwen3.6-plus', false],
    ['qwen9-ultra', false],
  ])('the limits of %s are sure: %s', (model, sure) => {
    expect(catalog.profile(model).limitsSure).toBe(sure);
  });

  it("the user's word makes those limits sure that a line can be refused for, if it is about them", () => {
    const sureWith = (limits: object): boolean =>
      loadCatalog({ models: [{ id: 'glm-5.1', limits }] }).profile('glm-5.1').limitsSure;
    expect(sureWith({ context_window: 300_000 })).toBe(false);
    expect(sureWith({ max_output: 16_384 })).toBe(true);
    expect(sureWith({ max_thinking: 8_192 })).toBe(true);
  });

  it('no second name hides a model of its own', () => {
    for (const id of catalog.ids()) {
      expect(catalog.record(id)?.id).toBe(id);
    }
  });
});

describe('profile', () => {
  it('knows qwen-plus: hybrid, thinking off by default, a million tokens, text endpoint', () => {
    expect(catalog.profile('qwen-plus')).toMatchObject({
      id: 'qwen-plus',
      known: true,
      thinking: 'hybrid',
      thinkingDefault: false,
      nativeEndpoint: 'text-generation',
      nMax: 4,
      jsonObject: 'non-thinking only',
      contextWindow: 1_000_000,
      maxOutput: 32_768,
      maxThinking: 81_920,
    });
  });

  it('knows that from Qwen3.5 on thinking is the default, where the list does not say it', () => {
    for (const id of ['qwen3.8-max', 'qwen3.8-27b'])
      expect(catalog.profile(id)).toMatchObject({ thinking: 'hybrid', thinkingDefault: true });
    expect(catalog.profile('deepseek-v4-pro').thinkingDefault).toBeNull();
    const own = loadCatalog({
      models: [{ id: 'qwen3.8-max', capabilities: { default_enable_thinking: false } }],
    });
    expect(own.profile('qwen3.8-max').thinkingDefault).toBe(false);
  });

  it('says nothing about an unknown id', () => {
    const profile = catalog.profile('gpt-4o');
    expect(profile.known).toBe(false);
    const { id, canonicalId, known, limitsSure, ...rest } = profile;
    expect({ id, canonicalId, known, limitsSure }).toEqual({
      id: 'gpt-4o',
      canonicalId: 'gpt-4o',
      known: false,
      limitsSure: false,
    });
    expect(Object.values(rest).every((value) => value === null)).toBe(true);
  });

  it.each([
    ['Qwen-Plus', 'qwen-plus'],
    ['qwen-plsu', 'qwen-plus'],
    ['qwen3_max', 'qwen3-max'],
    // A version that came out after the catalog is no mistake.
    ['qwen4-max', null],
    ['qwen-plus-2027-01-01', null],
    ['gpt-4o', null],
    ['qwen-plus', null],
  ])('%s: the known id that it was meant to be is %s', (model, near) => {
    expect(catalog.profile(model).near).toBe(near);
  });

  it.each([
    ['qwen-vl-max', 'multimodal-generation'],
    ['qvq-max', 'multimodal-generation'],
    ['qwen-vl-ocr', 'multimodal-generation'],
    ['qwen3-omni-30b-a3b-captioner', 'multimodal-generation'],
    ['qwen3.5-plus', 'multimodal-generation'],
    ['qwen3.7-max', 'text-generation'],
    ['qwen3-coder-plus', 'text-generation'],
    ['qwen-long', 'text-generation'],
    ['qwen-mt-plus', 'text-generation'],
    ['qwen-deep-research', 'text-generation'],
    ['qwen3-omni-flash-realtime', null],
  ])('%s is served by %s', (model, endpoint) => {
    expect(catalog.profile(model).nativeEndpoint).toBe(endpoint);
  });

  it('knows a model by its second name and keeps the name that was asked for', () => {
    const profile = catalog.profile('qwen-plus-0112');
    expect(profile).toMatchObject({ id: 'qwen-plus-0112', known: true, thinking: 'none' });
    expect(catalog.offer('qwen-plus-0112', 'cn', 'CNY')?.model).toBe('qwen-plus-2025-01-12');
  });

  it('a snapshot has its own facts, not those of the stable id', () => {
    expect(catalog.profile('qwen-plus-2025-04-28').contextWindow).toBe(131_072);
    expect(catalog.limits('qwen-plus-2025-07-14', 'cn')).toMatchObject({ rpm: 60, tpm: 100_000 });
  });

  it('knows what is shorter while a model thinks', () => {
    // Model list of Model Studio, February 2026.
    for (const id of ['qwen3-max', 'qwen3-max-2026-01-23', 'qwen3-max-preview'])
      expect(catalog.profile(id)).toMatchObject({ maxOutput: 65_536, maxOutputThinking: 32_768 });
    expect(catalog.profile('qwen-turbo')).toMatchObject({
      maxInput: 1_000_000,
      maxInputThinking: 98_304,
      maxOutputThinking: null,
    });
  });

  it('a limit that is said anew, of a scope or by the user, holds while thinking too', () => {
    // The finance cloud's table has one input of 128,000 tokens for both modes.
    expect(catalog.profile('qwen-plus', 'finance')).toMatchObject({
      maxInput: 128_000,
      maxInputThinking: null,
    });
    const own = loadCatalog({
      models: [
        { id: 'qwen3-max', limits: { max_output: 40_000 } },
        { id: 'qwen3-max-preview', limits: { max_output: 40_000, max_output_thinking: 20_000 } },
        { id: 'qwen3-max-2026-01-23', limits: { context_window: 100_000 } },
      ],
    });
    expect(own.profile('qwen3-max')).toMatchObject({ maxOutput: 40_000, maxOutputThinking: null });
    expect(own.profile('qwen3-max-preview').maxOutputThinking).toBe(20_000);
    expect(own.profile('qwen3-max-2026-01-23').maxOutputThinking).toBe(32_768);
  });

  it('applies limits that hold in one scope only', () => {
    expect(catalog.profile('qwen-plus', 'finance').contextWindow).toBe(131_072);
    expect(catalog.profile('qwen-plus', 'cn').contextWindow).toBe(1_000_000);
  });
});

describe('offer and limits', () => {
  it('gives the printed CNY and the inferred USD of Singapore', () => {
    const cny = catalog.offer('qwen-plus', 'intl', 'CNY');
    const usd = catalog.offer('qwen-plus', 'intl', 'USD');
    expect(cny?.prices).toMatchObject({ tiers: [{ upTo: 256_000, input: 2_936_000 }, {}] });
    expect(usd?.prices).toMatchObject({ tiers: [{ upTo: 256_000, input: 400_000 }, {}] });
    expect([cny?.inferred, usd?.inferred]).toEqual([false, true]);
  });

  it('has no offer for an unknown model, a free trial, another scope, another currency', () => {
    expect(catalog.offer('gpt-4o', 'cn', 'CNY')).toBeNull();
    expect(catalog.offer('qwen1.5-0.5b-chat', 'cn', 'CNY')).toBeNull();
    expect(catalog.offer('qwen-plus-us', 'cn', 'CNY')).toBeNull();
    expect(catalog.offer('qwen-plus', 'cn', 'USD')).toBeNull();
  });

  it('finds ids ending in -us at the Virginia endpoint, whatever table prints them', () => {
    expect(catalog.offer('qwen-plus-us', 'global', 'USD')?.scope).toBe('us');
    expect(catalog.offer('glm-5.2-us', 'global', 'USD')?.scope).toBe('intl');
    expect(catalog.offer('glm-5.2-us', 'intl', 'USD')).toBeNull();
    expect(catalog.limits('qwen-plus-us', 'global')).toMatchObject({ rpm: 600, tpm: 1_000_000 });
  });

  it('in Frankfurt takes the EU price, and the global one only where Frankfurt is listed', () => {
    expect(catalog.offer('qwen-plus', 'eu', 'CNY')?.scope).toBe('eu');
    expect(catalog.offer('qwen3.7-max', 'eu', 'CNY')?.scope).toBe('global');
    expect(catalog.offer('qwen3.7-flash-2026-07-15', 'global', 'CNY')).toBeNull();
  });

  it('gives rate limits per scope, null where none are documented', () => {
    expect(catalog.limits('qwen-plus', 'cn')).toEqual({
      rpm: 30_000,
      tpm: 5_000_000,
      source: 'R-MID',
      quota: null,
    });
    const nothing = { rpm: null, tpm: null, source: null, quota: null };
    expect(catalog.limits('qwen-plus', 'intl')).toEqual(nothing);
    expect(catalog.limits('gpt-4o', 'cn')).toEqual(nothing);
  });

  it('names the quota of the four models that the rate-limit page counts together, and of no others', () => {
    const shared = catalog.ids().filter((id) => catalog.limits(id, 'cn').quota !== null);
    expect(shared).toEqual([
      'kimi/kimi-k2.5',
      'kimi/kimi-k2.6',
      'kimi/kimi-k2.7-code',
      'kimi/kimi-k2.7-code-highspeed',
    ]);
    expect(new Set(shared.map((id) => catalog.limits(id, 'cn').quota)).size).toBe(1);
    expect(catalog.limits('kimi/kimi-k2.5', 'intl').quota).toBeNull();
  });

  it('notes discounts and busy hours that the list price leaves out', () => {
    expect(catalog.offer('qwen3.7-max', 'cn', 'CNY')?.note).toMatch(/discount/);
    expect(catalog.offer('deepseek-v4-flash-0731', 'cn', 'CNY')?.note).toMatch(/off-peak/);
  });
});

describe("the user's catalog file", () => {
  const tiers = [{ input: 3, output: 9 }];

  it('overrides one scope and currency, leaving the others alone', () => {
    const own = loadCatalog({
      models: [
        {
          id: 'qwen-plus',
          pricing: [
            { scope: '*', currency: 'CNY', tiers: [{ input: 7, output: 7 }] },
            { scope: 'cn', currency: 'CNY', tiers },
          ],
        },
      ],
    });
    const input = (scope: 'cn' | 'intl', currency: 'CNY' | 'USD'): unknown => {
      const prices = own.offer('qwen-plus', scope, currency)?.prices;
      return prices?.kind === 'tiers' ? prices.tiers[0]?.input : null;
    };
    expect(input('cn', 'CNY')).toBe(3_000_000);
    expect(input('intl', 'CNY')).toBe(7_000_000);
    expect(input('intl', 'USD')).toBe(400_000);
    expect(own.offer('qwen-plus', 'cn', 'CNY')?.source).toBe('catalog-file');
    expect(own.profile('qwen-plus')).toEqual(catalog.profile('qwen-plus'));
    expect(own.limits('qwen-plus', 'cn')).toEqual(catalog.limits('qwen-plus', 'cn'));
  });

  it('adds a model with limits and abilities', () => {
    const own = loadCatalog({
      models: [
        {
          id: 'qwen-our-finetune-vl',
          pricing: [
            {
              scope: 'cn',
              currency: 'CNY',
              tiers: [{ lte: 1_000, input: 0.5, output: 1 }, ...tiers],
            },
          ],
          rate_limits: [{ scope: 'cn', rpm: 30 }],
          capabilities: { thinking: 'none', n: 2, input_modalities: ['text', 'image'] },
          limits: { context_window: 32_768, max_output: 4_096 },
        },
      ],
    });
    expect(own.profile('qwen-our-finetune-vl')).toMatchObject({
      known: true,
      thinking: 'none',
      nMax: 2,
      nativeEndpoint: 'multimodal-generation',
      contextWindow: 32_768,
      maxOutput: 4_096,
      tools: null,
    });
    expect(own.limits('qwen-our-finetune-vl', 'cn')).toMatchObject({ rpm: 30, tpm: null });
    expect(own.ids()).toContain('qwen-our-finetune-vl');
    expect(own.offer('qwen-our-finetune-vl', 'cn', 'CNY')?.prices).toMatchObject({
      tiers: [{ upTo: 1_000 }, { upTo: null }],
    });
  });

  it('an alias shares everything it does not say itself, whatever the order of the file', () => {
    const own = loadCatalog({
      models: [
        { id: 'our-deployment', alias_of: 'our-base', rate_limits: [{ scope: '*', tpm: 9_000 }] },
        { id: 'our-base', alias_of: 'qwen-flash' },
      ],
    });
    expect(own.profile('our-deployment')).toEqual({
      ...catalog.profile('qwen-flash'),
      id: 'our-deployment',
    });
    expect(own.offer('our-deployment', 'cn', 'CNY')?.prices).toEqual(
      catalog.offer('qwen-flash', 'cn', 'CNY')?.prices,
    );
    expect(own.limits('our-deployment', 'cn')).toEqual({
      rpm: 30_000,
      tpm: 9_000,
      source: 'catalog-file',
      quota: null,
    });
  });

  it('a rate limit of the file is for its model alone, whatever others that one shares its quota with', () => {
    const own = loadCatalog({
      models: [{ id: 'kimi/kimi-k2.5', rate_limits: [{ scope: 'cn', rpm: 900 }] }],
    });
    expect(own.limits('kimi/kimi-k2.5', 'cn')).toMatchObject({ rpm: 900, quota: null });
    expect(own.limits('kimi/kimi-k2.6', 'cn')).toMatchObject({ quota: 'kimi/kimi-k2.*' });
  });

  it('an override of an id holds for its second name too', () => {
    const own = loadCatalog({
      models: [{ id: 'qwen-plus-2025-01-12', limits: { max_output: 1_024 } }],
    });
    expect(own.profile('qwen-plus-0112').maxOutput).toBe(1_024);
    expect(own.profile('qwen-plus-0112').contextWindow).toBe(131_072);
  });

  it('leaves the bundled catalog as it was', () => {
    loadCatalog({ models: [{ id: 'qwen-plus', limits: { max_output: 1 } }] });
    expect(loadCatalog().profile('qwen-plus').maxOutput).toBe(32_768);
  });

  const tier = { input: 1, output: 2 };
  const priced = (...list: readonly unknown[]): unknown => ({
    models: [{ id: 'qwen-plus', pricing: [{ scope: 'cn', currency: 'CNY', tiers: list }] }],
  });
  it.each([
    [[], /top level: .*expected object/],
    [{ models: [{ id: '' }] }, /models\[0\]\.id: .*found ""/],
    [{ models: [{ id: 'a' }, { id: 'a' }] }, /models: expected every "id" once/],
    [{ models: [{ id: 'a', price: 3 }] }, /models\[0\]: .*"price"/],
    [priced({ ...tier, input: '0.8' }), /tiers\[0\]\.input: expected number.*found "0\.8"/],
    [
      priced({ ...tier, input: 0.1234567 }),
      /tiers\[0\]\.input: expected at most 6 decimals.*0\.1234567/,
    ],
    [priced({ ...tier, input: -1 }), /tiers\[0\]\.input: .*found -1/],
    [priced({ input: 1 }), /tiers: expected "output"/],
    [priced({ ...tier, lte: 9 }, { ...tier, lte: 5 }), /tiers: expected ascending "lte"/],
    [priced(tier, tier), /tiers: expected ascending "lte"/],
    [{ models: [{ id: 'a', alias_of: 'nowhere' }] }, /"a": alias_of "nowhere", expected the id/],
    [
      {
        models: [
          { id: 'a', alias_of: 'b' },
          { id: 'b', alias_of: 'a' },
        ],
      },
      /circle: a -> b -> a/,
    ],
    [{ models: [{ id: 'a', alias_of: 'a' }] }, /circle: a -> a/],
    [
      { models: [{ id: 'a', rate_limits: [{ scope: 'beijing', rpm: 1 }] }] },
      /rate_limits\[0\]\.scope: .*"cn".*found "beijing"/,
    ],
  ])('refuses %j, naming place, value and what was expected', (content, message) => {
    expect(() => loadCatalog(content)).toThrow(ConfigError);
    expect(() => loadCatalog(content)).toThrow(message);
  });
});
