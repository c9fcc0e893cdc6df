import { describe, expect, test } from 'vitest';

import { readUsage } from '../src/read-usage.ts';
import type { Usage } from '../src/usage.ts';

const NOTHING: Usage = {
  inputTokens: null,
  outputTokens: null,
  totalTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
  cacheCreationTokens: null,
  explicitCache: false,
  inputText: null,
  inputImage: null,
  inputVideo: null,
  inputAudio: null,
  outputText: null,
  outputAudio: null,
  searchCount: null,
  searchStrategy: null,
  imageSearchCount: null,
};

describe('readUsage', () => {
  test('counts that no call can have: as if absent, so that 64-bit sums of them cannot overflow', () => {
    expect(readUsage({ input_tokens: 2 ** 53 - 1, output_tokens: 7 })).toEqual({
      ...NOTHING,
      outputTokens: 7,
    });
    expect(readUsage({ input_tokens: 1e12, output_tokens: 1 })).toMatchObject({
      inputTokens: 1e12,
      totalTokens: 1e12 + 1,
    });
  });

  test('native counts with thinking, cache and search: every field', () => {
    const usage = readUsage({
      input_tokens: 2010,
      output_tokens: 45,
      total_tokens: 2055,
      output_tokens_details: { reasoning_tokens: 30, text_tokens: 15 },
      prompt_tokens_details: {
        cached_tokens: 1500,
        cache_creation: { ephemeral_5m_input_tokens: 500 },
        cache_type: 'ephemeral',
      },
      plugins: { search: { count: 2, strategy: 'turbo' } },
    });
    expect(usage).toEqual({
      ...NOTHING,
      inputTokens: 2010,
      outputTokens: 45,
      totalTokens: 2055,
      reasoningTokens: 30,
      outputText: 15,
      cachedTokens: 1500,
      cacheCreationTokens: 500,
      explicitCache: true,
      searchCount: 2,
      searchStrategy: 'turbo',
    });
  });

  test('compatible counts with null details: the counts alone', () => {
    const usage = readUsage({
      prompt_tokens: 53,
      completion_tokens: 9,
      total_tokens: 62,
      completion_tokens_details: null,
      prompt_tokens_details: null,
    });
    expect(usage).toEqual({ ...NOTHING, inputTokens: 53, outputTokens: 9, totalTokens: 62 });
  });

  test('native hits: of the explicit cache where its type or written tokens say so, else of the implicit', () => {
    const explicit = (details: object): boolean | null | undefined =>
      readUsage({
        input_tokens: 3019,
        output_tokens: 104,
        prompt_tokens_details: { cached_tokens: 2048, ...details },
      })?.explicitCache;
    expect(explicit({})).toBe(false);
    expect(explicit({ cache_creation_input_tokens: 0 })).toBe(false);
    expect(explicit({ cache_creation_input_tokens: 1 })).toBe(true);
    expect(explicit({ cache_creation_input_tokens: 0, cache_type: 'ephemeral' })).toBe(true);
  });

  test('compatible hits without a type or written tokens: the usage does not tell of which cache', () => {
    const explicit = (cached: number, details: object): boolean | null | undefined =>
      readUsage({
        prompt_tokens: 1620,
        completion_tokens: 66,
        prompt_tokens_details: { cached_tokens: cached, ...details },
      })?.explicitCache;
    expect(explicit(1605, {})).toBeNull();
    expect(explicit(1605, { cache_creation_input_tokens: 0 })).toBeNull();
    expect(explicit(1605, { cache_creation_input_tokens: 0, cache_type: 'ephemeral' })).toBe(true);
    expect(explicit(0, { cache_creation_input_tokens: 1605 })).toBe(true);
    expect(explicit(0, { cache_creation_input_tokens: 0 })).toBe(false);
  });

  test('image searches: counted', () => {
    const plugins = { image_search: { count: 3 }, search: { count: 1, strategy: 'agent' } };
    expect(readUsage({ input_tokens: 9, output_tokens: 2, plugins })).toMatchObject({
      imageSearchCount: 3,
      searchCount: 1,
    });
  });

  test('compatible details: every field', () => {
    const usage = readUsage({
      prompt_tokens: 1620,
      completion_tokens: 66,
      prompt_tokens_details: {
        cached_tokens: 1605,
        cache_creation_input_tokens: 0,
        audio_tokens: 480,
        text_tokens: 20,
      },
      completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 40, text_tokens: 26 },
    });
    expect(usage).toEqual({
      ...NOTHING,
      inputTokens: 1620,
      outputTokens: 66,
      totalTokens: 1686,
      cachedTokens: 1605,
      cacheCreationTokens: 0,
      explicitCache: null,
      inputAudio: 480,
      inputText: 20,
      reasoningTokens: 12,
      outputAudio: 40,
      outputText: 26,
    });
  });

  test('modalities flat on older models: read, and the total computed', () => {
    expect(readUsage({ input_tokens: 1283, output_tokens: 85, image_tokens: 1247 })).toEqual({
      ...NOTHING,
      inputTokens: 1283,
      outputTokens: 85,
      totalTokens: 1368,
      inputImage: 1247,
    });
  });

  test('cached_tokens at the top level (qwen-doc-turbo): read', () => {
    expect(readUsage({ input_tokens: 8, output_tokens: 2, cached_tokens: 4 })?.cachedTokens).toBe(
      4,
    );
  });

  test('counts in modality details only (speech recognition): no totals made up', () => {
    const usage = readUsage({
      input_tokens_details: { text_tokens: 0 },
      output_tokens_details: { text_tokens: 6 },
      seconds: 1,
    });
    expect(usage).toEqual({ ...NOTHING, inputText: 0, outputText: 6 });
  });

  test('values that are no counts: as if absent', () => {
    const usage = readUsage({
      input_tokens: -1,
      output_tokens: 1.5,
      total_tokens: '30',
      image_tokens: Number.POSITIVE_INFINITY,
      cached_tokens: 2 ** 60,
      video_tokens: 3,
    });
    expect(usage).toEqual({ ...NOTHING, inputVideo: 3 });
  });

  test('no object, or none of the known counts: null', () => {
    for (const raw of [undefined, null, 7, 'usage', [], [1], {}, { seconds: 3 }]) {
      expect(readUsage(raw)).toBeNull();
    }
  });
});
