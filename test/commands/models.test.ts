import { describe, expect, it } from 'vitest';
import { modelsText } from '../../src/commands/models.ts';
import { loadCatalog } from '../../src/models/catalog.ts';

const modelsCommand = (options: Parameters<typeof modelsText>[0]): string =>
  modelsText(options).text;

const catalog = loadCatalog();
const CN = { json: false, scope: 'cn', catalog } as const;

/** The ids of a table's rows. */
function rows(text: string): readonly string[] {
  const [table = ''] = text.split('\n\n');
  return table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(' ')[0] ?? '');
}

describe('modelsCommand: text', () => {
  it('an id of the user in wide characters shifts no column', () => {
    const own = loadCatalog({ models: [{ id: 'qwen-plus-模型' }] });
    const text = modelsCommand({ ...CN, catalog: own, pattern: 'qwen-plus*' });
    const wide = text.split('\n').find((line) => line.startsWith('qwen-plus-模型 ')) ?? '';
    const plain = text.split('\n').find((line) => line.startsWith('qwen-plus-latest ')) ?? '';
    // Two characters that take two columns each; both rows end their second column at one place.
    expect(wide.indexOf('-', 'qwen-plus-模型'.length) + 2).toBe(plain.indexOf('1000000') + 6);
  });

  it('lists a model with limits, price range, rate limits and thinking', () => {
    const text = modelsCommand({ ...CN, pattern: 'qwen-plus' });
    const row = text.split('\n').find((line) => line.startsWith('qwen-plus '));
    expect(row?.split(/ {2,}/)).toEqual([
      'qwen-plus',
      '1000000',
      '32768',
      '0.8-4.8',
      '2-48',
      '8-64',
      '30000',
      '5000000',
      'hybrid (off)',
      'text',
    ]);
  });

  it('aligns every column under its heading and pads no line end', () => {
    const lines = (modelsCommand({ ...CN }).split('\n\n')[0] ?? '').split('\n');
    const at = lines[0]?.indexOf('TAKES') ?? -1;
    expect(lines.length).toBeGreaterThan(200);
    for (const line of lines) {
      expect(line).toBe(line.trimEnd());
      expect(line.slice(at - 2, at)).toBe('  ');
      expect(line.charAt(at)).not.toBe(' ');
    }
  });

  it('an exact id adds all its tiers', () => {
    const text = modelsCommand({ ...CN, pattern: 'qwen-plus' });
    expect(text).toContain('input up to 128000: in 0.8, out 2, out with thinking 8 CNY\n');
    expect(text).toContain('input up to 1000000: in 4.8, out 48, out with thinking 64 CNY\n');
  });

  it('names the sources of prices and limits with the dates of their pages', () => {
    const text = modelsCommand({ ...CN, pattern: 'qwen-plus' });
    expect(text).toMatch(/prices: https:\/\/help\.aliyun\.com\/\S+model-pricing, 2026-08/);
    expect(text).toMatch(/RPM, TPM: https:\/\/help\.aliyun\.com\/\S+rate-limit, 2026/);
    expect(text).toContain('catalog of 2026-11-22');
  });

  it('matches part of an id in any case, and * as a wildcard over the whole id', () => {
    expect(rows(modelsCommand({ ...CN, pattern: 'QVQ-MAX' }))).toEqual([
      'qvq-max',
      'qvq-max-2025-03-25',
      'qvq-max-2025-05-15',
      'qvq-max-latest',
    ]);
    expect(rows(modelsCommand({ ...CN, pattern: 'qvq-*-latest' }))).toEqual([
      'qvq-max-latest',
      'qvq-plus-latest',
    ]);
  });

  it('finds a model by its second name', () => {
    expect(rows(modelsCommand({ ...CN, pattern: 'qwen-plus-0112' }))).toEqual(['qwen-plus-0112']);
  });

  it('shows only what the scope offers, in its currency', () => {
    const us = modelsCommand({ ...CN, scope: 'global', pattern: 'qwen-plus-us' });
    expect(us).toContain('in 0.4, out 1.2, out with thinking 4 USD');
    expect(us).toContain('USD inferred');
    expect(modelsCommand({ ...CN, pattern: 'qwen-plus-us' })).toBe(
      'qwen-plus-us is not listed for cn\n  listed for: us\n',
    );
  });

  it('shows CNY where the scope is billed in USD and no price in USD is known', () => {
    const eu = modelsCommand({ ...CN, scope: 'eu', pattern: 'deepseek-v4-flash' });
    expect(eu).toMatch(/^ {2}any input: in [\d.]+, out [\d.]+, out with thinking [\d.]+ CNY$/m);
    expect(eu).toContain('for eu; list prices in CNY per 1M tokens;');
  });

  it('names the snapshot that an id stands for', () => {
    expect(modelsCommand({ ...CN, pattern: 'qvq-max' })).toContain(
      '\nsame as qvq-max-2025-03-25\n',
    );
  });

  it('says why a listed model has no price', () => {
    expect(modelsCommand({ ...CN, pattern: 'qwen1.5-0.5b-chat' })).toContain(
      'none: free for a limited time',
    );
  });

  it('an unknown pattern lists nothing and says what to do', () => {
    const text = modelsCommand({ ...CN, pattern: 'gpt-4o' });
    expect(text).not.toContain('CONTEXT');
    expect(text).toContain('matches "gpt-4o"');
    expect(text).toContain('--catalog');
  });

  it('takes a pattern with regular-expression signs literally', () => {
    expect(modelsCommand({ ...CN, pattern: '(' })).toContain('matches "("');
    expect(modelsCommand({ ...CN, pattern: 'qwen.plus' })).toContain('matches "qwen.plus"');
  });

  it('shows a model that the user added without a price', () => {
    const own = loadCatalog({ models: [{ id: 'our-model', limits: { context_window: 4_096 } }] });
    expect(rows(modelsCommand({ ...CN, catalog: own, pattern: 'our-model' }))).toEqual([
      'our-model',
    ]);
  });
});

describe('modelsCommand: JSON', () => {
  const parse = (
    pattern?: string,
  ): Record<string, unknown> & { models: Record<string, unknown>[] } =>
    JSON.parse(
      modelsCommand({ ...CN, json: true, ...(pattern === undefined ? {} : { pattern }) }),
    ) as ReturnType<typeof parse>;

  it('begins with the schema and carries date and sources', () => {
    const text = modelsCommand({ ...CN, json: true, pattern: 'qwen-flash' });
    expect(text.startsWith('{\n  "schema": 1,\n  "date": "2026-11-22"')).toBe(true);
    expect(parse('qwen-flash')['sources']).toHaveProperty('P-AUG.page_date');
  });

  it('gives prices per million tokens, limits and abilities with their source keys', () => {
    expect(parse('qwen-plus').models[0]).toMatchObject({
      model: 'qwen-plus',
      limits: { context_window: 1_000_000, source: 'M-FEB' },
      capabilities: { thinking: 'hybrid', default_enable_thinking: false },
      pricing: {
        currency: 'CNY',
        tiers: [{ lte: 128_000, input: 0.8, output: 2, output_thinking: 8 }, {}, {}],
        cache_multipliers: { implicit_hit: 0.2, explicit_hit: 0.1, explicit_create: 1.25 },
        source: 'P-AUG',
      },
      rate_limits: { rpm: 30_000, tpm: 5_000_000, source: 'R-MID' },
    });
  });

  it('lists everything without a pattern, and an empty list for an unknown one', () => {
    expect(parse().models.length).toBeGreaterThan(250);
    expect(parse('gpt-4o').models).toEqual([]);
  });
});

it("the id of a model in the user's own catalog is shown without what a terminal obeys", () => {
  const id = 'mine\u001B]52;c;eA==\u0007\u009B31m\u202Egnp';
  const own = loadCatalog({ models: [{ id }] });
  for (const pattern of ['mine', '*']) {
    const text = modelsCommand({ json: false, scope: 'cn', catalog: own, pattern });
    expect(text).toContain('mine');
    expect(text).not.toMatch(
      /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/u,
    );
  }
});
