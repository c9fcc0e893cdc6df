import { isObject } from './is-object.ts';
import type { Usage } from './usage.ts';

type Fields = Readonly<Record<string, unknown>>;

const NONE: Fields = {};

/**
 * Reads a `usage` object of either protocol; every field is optional. Null where `raw` is no
 * object or holds none of the known counts. Only integers from 0 to 10^12 count; anything else is
 * as if absent. The total is computed where it was not reported. Never throws.
 *
 * Source: service contract section 4.4 and billing section 3 (Model Studio API reference and
 * recorded replies, 2024 to 2026). Cached tokens stand at the top level on qwen-doc-turbo and some
 * qwen3-vl models; modality counts stand flat (`image_tokens`) on older models.
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
  const search = searchOf(raw);
  const usage: Usage = {
    inputTokens,
    outputTokens,
    totalTokens: count(raw, 'total_tokens') ?? sum(inputTokens, outputTokens),
    cachedTokens:
      count(promptDetails, 'cached_tokens') ??
      count(inputDetails, 'cached_tokens') ??
      count(raw, 'cached_tokens'),
    reasoningTokens: outputPart('reasoning_tokens'),
    cacheCreationTokens,
    explicitCache:
      promptDetails['cache_type'] === 'ephemeral' ||
      inputDetails['cache_type'] === 'ephemeral' ||
      cacheCreationTokens !== null,
    inputText: inputPart('text_tokens'),
    inputImage: inputPart('image_tokens') ?? count(raw, 'image_tokens'),
    inputVideo: inputPart('video_tokens') ?? count(raw, 'video_tokens'),
    inputAudio: inputPart('audio_tokens') ?? count(raw, 'audio_tokens'),
    outputText: outputPart('text_tokens'),
    outputAudio: outputPart('audio_tokens'),
    searchCount: search.count,
    searchStrategy: search.strategy,
  };
  return hasCount(usage) ? usage : null;
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

/** No call takes a trillion tokens; what a service says beyond that must not overflow the ledger's 64-bit sums. */
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
