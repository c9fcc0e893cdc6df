import type { AnswerUsage } from './answer-shape.ts';
import { asObject } from './request.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/** Tokens counted when a frame is sent; at the end those of the complete answer. */
export type CountedSoFar = {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly codeRuns: number;
};

/** The counts for the complete answer. */
export function countedAtEnd({ input, output, reasoning, codeRuns }: AnswerUsage): CountedSoFar {
  return { input, output, reasoning, codeRuns };
}

/** Cached tokens as both protocols report them under `prompt_tokens_details`. */
export function cacheDetails({ cached, cacheCreation, explicitCache }: AnswerUsage): JsonObject {
  return {
    cached_tokens: cached,
    ...(explicitCache && {
      cache_type: 'ephemeral',
      cache_creation_input_tokens: cacheCreation,
      cache_creation: { ephemeral_5m_input_tokens: cacheCreation },
    }),
  };
}

function cacheFields({ traits, endpoint }: SimulatedRequest, usage: AnswerUsage): JsonObject {
  if (traits.cacheField === 'flat') return { cached_tokens: usage.cached };
  if (traits.cacheField === 'none') return {};
  // Newer multimodal models send an empty object if nothing was cached (recorded).
  const isEmpty = endpoint === 'multimodal-generation' && usage.cached + usage.cacheCreation === 0;
  return { prompt_tokens_details: isEmpty ? {} : cacheDetails(usage) };
}

function plugins(request: SimulatedRequest, usage: AnswerUsage, codeRuns: number): JsonObject {
  const strategy = asObject(request.parameters['search_options'])?.['search_strategy'] ?? 'turbo';
  if (usage.searches + codeRuns === 0) return {};
  return {
    plugins: {
      ...(usage.searches > 0 && { search: { count: usage.searches, strategy } }),
      ...(codeRuns > 0 && { code_interpreter: { count: codeRuns } }),
    },
  };
}

function outputDetails(
  request: SimulatedRequest,
  { output, reasoning }: CountedSoFar,
  multimodal: boolean,
): JsonObject {
  if (!request.thinking && !multimodal) return {};
  return {
    output_tokens_details: {
      ...(request.thinking && { reasoning_tokens: reasoning }),
      // The text part excludes the reasoning (recorded on thinking vision models).
      ...(multimodal && { text_tokens: output - reasoning }),
    },
  };
}

/**
 * `usage` of the native protocol. Its fields differ between models: older vision and audio models have neither total nor
 * details, speech recognition has no sums at all (documented).
 */
export function nativeUsage(
  request: SimulatedRequest,
  usage: AnswerUsage,
  counted: CountedSoFar,
): JsonObject {
  const { image, video, audio, seconds } = usage;
  const { input, output } = counted;
  const multimodal = request.endpoint === 'multimodal-generation';
  if (request.traits.family === 'asr') {
    return {
      input_tokens_details: { text_tokens: input - audio },
      output_tokens_details: { text_tokens: output },
      seconds,
    };
  }
  const media = {
    ...(image > 0 && { image_tokens: image }),
    ...(video > 0 && { video_tokens: video }),
    ...(audio > 0 && { audio_tokens: audio }),
  };
  if (request.traits.bareUsage) return { output_tokens: output, input_tokens: input, ...media };
  return {
    total_tokens: input + output,
    output_tokens: output,
    input_tokens: input,
    ...(multimodal && {
      input_tokens_details: { text_tokens: input - image - video - audio, ...media },
      ...media,
    }),
    ...cacheFields(request, usage),
    ...outputDetails(request, counted, multimodal),
    ...plugins(request, usage, counted.codeRuns),
  };
}
