import { describe, expect, it } from 'vitest';
import { isBatchChat } from '../src/config/endpoints.ts';
import { loadCatalog } from '../src/models/catalog.ts';
import { createPricing } from '../src/pricing.ts';
import { UNKNOWN_USAGE } from '../src/usage.ts';

const BATCH = 'https://batch.dashscope.aliyuncs.com/compatible-mode/v1';
const settings = { baseUrl: undefined, compatibleBaseUrl: undefined, simulate: undefined };

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
