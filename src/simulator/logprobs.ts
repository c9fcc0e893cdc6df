import { hashText } from './randomness.ts';
import type { JsonObject, SimulatedRequest } from './request.ts';

/**
 * `logprobs` of the given tokens, the same in both protocols; null if not requested. `top_logprobs` lists only the token
 * itself: the service also returns fewer than requested (recorded on qwen-max).
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
