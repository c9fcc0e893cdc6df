import type { Scope } from './scope.ts';

type Places = readonly (Scope | '*')[];

/** Where a user's catalog file says that something works: all places or none, or those it names; undefined: it does not say. */
export function saidScopes(said: boolean | Places | undefined): Places | undefined {
  return typeof said === 'boolean' ? (said ? ['*'] : []) : said;
}

/** The vendor's batches that take a model, with what a user's catalog file says of Batch Chat. */
export function saidBatch(
  known: readonly string[] | undefined,
  batchChat: boolean | undefined,
): readonly string[] | undefined {
  if (batchChat === undefined) return known;
  const others = (known ?? []).filter((name) => name !== 'cn-chat');
  return batchChat ? [...others, 'cn-chat'] : others;
}
