import { hashText } from './randomness.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/**
 * `logprobs` of the given tokens, the same in both protocols, or null where they are not asked
 * for. Of `top_logprobs` only the token itself is listed: the service too returns fewer than asked
 * (recorded on qwen-max).
 */
export function logprobsOf(
  { parameters }: SimulatedRequest,
  pieces: readonly string[],
): JsonObject | null {
  if (parameters['logprobs'] !== true) return null;
  const alternatives = parameters['top_logprobs'];
  const withTop = typeof alternatives === 'number' && alternatives > 0;
  const content = pieces.map((token) => {
    const entry = {
      token,
      bytes: [...Buffer.from(token)],
      logprob: -(hashText(token, 0) % 1000) / 1000,
    };
    return { ...entry, top_logprobs: withTop ? [entry] : [] };
  });
  return { content };
}
