import { isObject } from './json/is-object.ts';
import type { Usage } from './usage.ts';

type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = {};

/**
 * Reads a `usage` object of either protocol; every field is optional. Null if `raw` is no object or holds none of the known
 * counts. Only integers from 0 to 10^12 count; anything else is treated as absent. The total is computed if it was not
 * reported. Never throws.
 *
 * Source: service contract section 4.4 and billing section 3 (Model Studio API reference and recorded replies, 2024 to
 * 2026). Cached tokens are at the top level on qwen-doc-turbo and some qwen3-vl models; modality counts are flat
 * (`image_tokens`) on older models.
 */
export function readUsage(raw: unknown): Usage | null {
  if (!isObject(raw)) return null;
  const inputDetails = fieldsOf(raw, 'input_tokens_details');
  const promptDetails = fieldsOf(raw, 'prompt_tokens_details');
  const outputDetails = fieldsOf(raw, 'output_tokens_details');
  const completionDetails = fieldsOf(raw, 'completion_tokens_details');
  const cacheCreation = fieldsOf(promptDetails, 'cache_creation');

  const inputPart = (name: string): number | null =>
    count(inputDetails, name) ?? count(promptDetails, name);
  const outputPart = (name: string): number | null =>
    count(outputDetails, name) ?? count(completionDetails, name);

  const inputTokens = count(raw, 'input_tokens') ?? count(raw, 'prompt_tokens');
  const outputTokens = count(raw, 'output_tokens') ?? count(raw, 'completion_tokens');
  const cacheCreationTokens =
    inputPart('cache_creation_input_tokens') ??
    count(cacheCreation, 'ephemeral_5m_input_tokens') ??
    count(raw, 'cache_creation_input_tokens');
  const cachedTokens =
    count(promptDetails, 'cached_tokens') ??
    count(inputDetails, 'cached_tokens') ??
    count(raw, 'cached_tokens');
  const search = searchOf(raw);
  const usage: Usage = {
    inputTokens,
    outputTokens,
    totalTokens: count(raw, 'total_tokens') ?? sum(inputTokens, outputTokens),
    cachedTokens,
    reasoningTokens: outputPart('reasoning_tokens'),
    cacheCreationTokens,
    explicitCache: explicitCacheOf({
      type: promptDetails['cache_type'] ?? inputDetails['cache_type'],
      hit: cachedTokens,
      created: cacheCreationTokens,
      isNative: count(raw, 'input_tokens') !== null,
    }),
    inputText: inputPart('text_tokens'),
    inputImage: inputPart('image_tokens') ?? count(raw, 'image_tokens'),
    inputVideo: inputPart('video_tokens') ?? count(raw, 'video_tokens'),
    inputAudio: inputPart('audio_tokens') ?? count(raw, 'audio_tokens'),
    outputText: outputPart('text_tokens'),
    outputAudio: outputPart('audio_tokens'),
    searchCount: search.count,
    searchStrategy: search.strategy,
    imageSearchCount: count(fieldsOf(fieldsOf(raw, 'plugins'), 'image_search'), 'count'),
  };
  return hasCount(usage) ? usage : null;
}

/**
 * Whether the explicit cache was used. The native protocol has `cache_type` exactly then; examples of the OpenAI-compatible
 * one lack it, so hits alone leave it open (null).
 * Source: billing section 2 (API reference and context-cache page, February 2026).
 */
function explicitCacheOf(cache: {
  readonly type: unknown;
  readonly hit: number | null;
  readonly created: number | null;
  readonly isNative: boolean;
}): boolean | null {
  if (cache.type === 'ephemeral' || (cache.created ?? 0) > 0) return true;
  return cache.isNative || (cache.hit ?? 0) === 0 ? false : null;
}

function searchOf(raw: Fields): { count: number | null; strategy: string | null } {
  const native = fieldsOf(fieldsOf(raw, 'plugins'), 'search');
  const responses = fieldsOf(fieldsOf(raw, 'x_tools'), 'web_search');
  const strategy = native['strategy'] ?? responses['strategy'];
  return {
    count: count(native, 'count') ?? count(responses, 'count'),
    strategy: typeof strategy === 'string' && strategy !== '' ? strategy : null,
  };
}

function hasCount(usage: Usage): boolean {
  // The two that nearly every reply has come first; walking all values costs more than reading them.
  if (usage.inputTokens !== null || usage.outputTokens !== null) return true;
  return Object.values(usage).some((value) => typeof value === 'number');
}

function sum(input: number | null, output: number | null): number | null {
  return input === null || output === null ? null : input + output;
}

/** No call uses a trillion tokens; reported values beyond that must not overflow the ledger's 64-bit sums. */
const COUNT_MAX = 1e12;

function count(fields: Fields, name: string): number | null {
  const value = fields[name];
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= COUNT_MAX
    ? Number(value)
    : null;
}

function fieldsOf(fields: Fields, name: string): Fields {
  const value = fields[name];
  return isObject(value) ? value : NONE;
}
