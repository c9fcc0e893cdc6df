import type { Scope } from './scope.ts';

type Places = readonly (Scope | '*')[];

/**
 * Where something works according to a user's catalog file: everywhere, nowhere, or in the places it names; undefined: not
 * stated.
 */
export function saidScopes(said: boolean | Places | undefined): Places | undefined {
  return typeof said === 'boolean' ? (said ? ['*'] : []) : said;
}

/** The vendor batches that accept a model, with the user's catalog entry for Batch Chat applied. */
export function saidBatch(
  known: readonly string[] | undefined,
  batchChat: boolean | undefined,
): readonly string[] | undefined {
  if (batchChat === undefined) return known;
  const others = (known ?? []).filter((name) => name !== 'cn-chat');
  return batchChat ? [...others, 'cn-chat'] : others;
}
