import { describe, expect, test } from 'vitest';
import { modelsText } from '../../src/commands/models.ts';
import { loadCatalog } from '../../src/models/catalog.ts';

const modelsCommand = (options: Parameters<typeof modelsText>[0]): string =>
  modelsText(options).text;

const catalog = loadCatalog();
const asked = (pattern: string): string =>
  modelsCommand({ json: false, scope: 'cn', catalog, pattern });

function idsOf(pattern: string): string[] {
  const text = modelsCommand({ json: true, scope: 'cn', catalog, pattern });
  return (JSON.parse(text) as { models: { model: string }[] }).models.map(({ model }) => model);
}

describe('one model: explained', () => {
  test('sizes, rates, abilities, discounts and offers', () => {
    const text = asked('qwen-plus');
    expect(text).toContain('qwen-plus: text, listed 2026-08\n');
    expect(text).toContain('context 1,000,000, input at most 997,952, output at most 32,768');
    expect(text).toContain('requests a minute 30,000, tokens a minute 5,000,000 (R-MID)\n');
    expect(text).toContain('thinking: hybrid, off unless a line sets it; streams only: no\n');
    expect(text).toContain('implicit hit 20%, explicit hit 10%, explicit creation 125%\n');
    expect(text).toContain('fee of a web search, CNY a call: turbo 0.003000, max 0.004000');
    expect(text).toContain(
      'half price: Batch File in Beijing, Batch File in Singapore, Batch Chat in',
    );
  });

  test('limits that other models share, by the quota that they are of', () => {
    const limits = 'requests a minute 500, tokens a minute 3,000,000';
    expect(asked('kimi/kimi-k2.6')).toContain(`${limits}, for all of kimi/kimi-k2.* together (`);
    expect(asked('qwen-plus')).not.toContain('together');
  });

  test('what no page says is told as such, and nothing is made up', () => {
    const text = asked('qwen3.8-max');
    expect(text).toContain('implicit hit not documented');
    expect(text).toContain('half price: no documented offer\n');
  });
});

describe('an ability as the pattern', () => {
  test('is what every model found has, and what the others lack', () => {
    const video = new Set(idsOf('takes:video'));
    expect(video.has('qwen3-vl-plus')).toBe(true);
    expect(video.has('qwen-plus')).toBe(false);
    for (const id of catalog.ids()) {
      const takes = catalog.profile(id).inputModalities?.includes('video') === true;
      if (video.has(id)) expect(takes, id).toBe(true);
    }
    expect(idsOf('thinking:only')).toContain('qwq-plus');
    expect(idsOf('thinking:only')).not.toContain('qwen-plus');
    expect(idsOf('batch:cn-chat')).toContain('qwen3-max');
    expect(idsOf('can:tools')).toContain('qwen-plus');
    expect(idsOf('can:tools')).not.toContain('qwen-mt-plus');
  });

  test('nothing found: says how to ask', () => {
    expect(asked('takes:smell')).toContain('an ability: takes:..., gives:..., thinking:...');
  });
});
