import { describe, expect, it } from 'vitest';
import { isBatchChat } from '../src/config/endpoints.ts';
import { marksCache } from '../src/pricing/marks-cache.ts';
import { loadCatalog } from '../src/models/catalog.ts';
import { createPricing } from '../src/pricing.ts';
import { showsThoughts } from '../src/pricing/shows-thoughts.ts';
import { UNKNOWN_USAGE } from '../src/usage.ts';

const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';
const settings = { baseUrl: undefined, compatibleBaseUrl: undefined, simulate: undefined };

describe('estimatePico', () => {
  const pricing = createPricing(loadCatalog(), 'cn', 'CNY');
  const none = { audioIn: 0, visualIn: 0, audioOut: false, search: null };
  const call = { input: 500, output: 100, thinking: false };

  it('omni models: text at its own price, audio and images at theirs, and the answer likewise', () => {
    const pico = (extras: object): number | null =>
      pricing.estimatePico('qwen3-omni-flash', { ...call, extras: { ...none, ...extras } });
    // CNY a million: text 1.8 in, 6.9 out, 12.7 out after other input; audio 15.8 and 62.6; images 3.3.
    expect(pricing.estimatePico('qwen3-omni-flash', call)).toBe((500 * 1.8 + 100 * 6.9) * 1e6);
    expect(pico({ audioIn: 480 })).toBe((20 * 1.8 + 480 * 15.8 + 100 * 12.7) * 1e6);
    expect(pico({ visualIn: 400 })).toBe((100 * 1.8 + 400 * 3.3 + 100 * 12.7) * 1e6);
    expect(pico({ audioOut: true })).toBe((500 * 1.8 + 100 * 62.6) * 1e6);
  });

  it('a search that is asked for: its fee, of the strategy or else the dearest, never halved', () => {
    const half = createPricing(loadCatalog(), 'cn', 'CNY', { batch: true });
    const search = (strategy: string, of = pricing): number | null =>
      of.estimatePico('qwen-plus', { ...call, extras: { ...none, search: strategy } });
    // 500 x 0.8 + 100 x 2 = 600 CNY a million; 3 and 4 CNY a thousand searches.
    expect(search('turbo')).toBe(600e6 + 3e9);
    expect(search('max')).toBe(600e6 + 4e9);
    expect(search('')).toBe(600e6 + 4e9);
    expect(search('turbo', half)).toBe(300e6 + 3e9);
  });
});

describe('costPico', () => {
  const pricing = createPricing(loadCatalog(), 'cn', 'CNY');
  const usage = { ...UNKNOWN_USAGE, inputTokens: 10, outputTokens: 360 };

  it('a chain of thought that was seen counts where the service does not count it', () => {
    // 10 x 0.8 + 360 x 8, or 360 x 2 without thinking, a million.
    expect(pricing.costPico('qwen-plus', usage, { thought: true })).toBe(2_888_000_000);
    expect(pricing.costPico('qwen-plus', usage)).toBe(728_000_000);
    expect(pricing.costPico('qwen-plus', { ...usage, reasoningTokens: 0 }, { thought: true })).toBe(
      728_000_000,
    );
  });

  it('a search whose strategy the reply does not name costs what the request asked for', () => {
    const searched = { ...usage, searchCount: 2 };
    // 728 for the tokens; 3 and 4 CNY a thousand searches.
    const cost = (searchAsked: string | null, of = searched): number | null =>
      pricing.costPico('qwen-plus', of, { searchAsked });
    expect(cost('turbo')).toBe(728e6 + 6e9);
    expect(cost(null)).toBe(728e6 + 8e9);
    expect(cost('turbo', { ...searched, searchStrategy: 'max' })).toBe(728e6 + 8e9);
  });

  it('is seen in a reply by its member, not by its name in a text', () => {
    expect(showsThoughts('{"message":{"content":"","reasoning_content":"想"}}')).toBe(true);
    expect(showsThoughts('{"message":{"content":"a","reasoning_content":""}}')).toBe(false);
    const quoted = JSON.stringify({ content: '{"reasoning_content":"想"}' });
    expect(showsThoughts(quoted)).toBe(false);
  });
});

describe('marksCache', () => {
  const body = (request: object): Buffer => Buffer.from(JSON.stringify(request));
  const part = { type: 'text', text: '合同全文', cache_control: { type: 'ephemeral' } };

  it('a part of a message with a mark, not one that is written about or part of a tool', () => {
    expect(marksCache(body({ messages: [{ role: 'user', content: [part] }] }))).toBe(true);
    expect(marksCache(body({ messages: [{ role: 'user', content: '"cache_control"' }] }))).toBe(
      false,
    );
    const properties = { cache_control: { type: 'object' } };
    expect(marksCache(body({ messages: [], tools: [{ function: { properties } }] }))).toBe(false);
    expect(marksCache(body({ messages: [{ role: 'user', content: [{ text: 'a' }] }] }))).toBe(
      false,
    );
  });
});

describe('Batch Chat', () => {
  it('is where every base URL that is given names its host', () => {
    const other = 'https://dashscope.aliyuncs.com/api/v1';
    expect(isBatchChat({ ...settings, compatibleBaseUrl: BATCH })).toBe(true);
    expect(isBatchChat({ ...settings, baseUrl: BATCH })).toBe(true);
    expect(isBatchChat({ ...settings, baseUrl: other, compatibleBaseUrl: BATCH })).toBe(false);
    expect(isBatchChat({ ...settings, baseUrl: other })).toBe(false);
    expect(isBatchChat(settings)).toBe(false);
  });

  it('takes half the list price, of estimates and of answers, and gives no cache discount', () => {
    const catalog = loadCatalog();
    const list = createPricing(catalog, 'cn', 'CNY');
    const half = createPricing(catalog, 'cn', 'CNY', { batch: true });
    const usage = { ...UNKNOWN_USAGE, inputTokens: 1_000, outputTokens: 100 };
    // qwen-plus, Beijing: 0.8 and 2 CNY a million, so 1,000 and 100 tokens are 0.001 CNY.
    expect(list.costPico('qwen-plus', usage)).toBe(1_000_000_000);
    expect(half.costPico('qwen-plus', usage)).toBe(500_000_000);
    expect(half.costPico('qwen-plus', { ...usage, cachedTokens: 800 })).toBe(500_000_000);
    const tokens = { input: 1_000, output: 100, thinking: false };
    expect(list.estimatePico('qwen-plus', tokens)).toBe(1_000_000_000);
    expect(half.estimatePico('qwen-plus', tokens)).toBe(500_000_000);
  });
});
