import { isObject } from '../json/is-object.ts';
import { readUsage } from '../read-usage.ts';
import type { Usage } from '../usage.ts';

/** Token counts of an answered call as stored in the ledger; null: the service did not report them. */
export type RecordedTokens = Pick<
  Usage,
  'inputTokens' | 'outputTokens' | 'totalTokens' | 'cachedTokens' | 'reasoningTokens'
>;

const FIELDS: readonly (readonly [keyof RecordedTokens, string])[] = [
  ['inputTokens', 'input'],
  ['outputTokens', 'output'],
  ['totalTokens', 'total'],
  ['cachedTokens', 'cached'],
  ['reasoningTokens', 'reasoning'],
];

function figure(tokens: number | null): string {
  return tokens === null ? 'none' : String(tokens);
}

/**
 * How the recorded tokens of a call contradict the usage in its stored answer, as text with both figures; null if they
 * agree. Parsed by the same rules as on arrival, so that an empty or missing usage agrees with nothing recorded. Pure.
 */
export function tokenDifference(answer: Buffer, recorded: RecordedTokens): string | null {
  let value: unknown;
  try {
    value = JSON.parse(answer.toString('utf8'));
  } catch {
    // Its checksum shows whether it is damaged.
    return null;
  }
  const told = isObject(value) ? readUsage(value['usage']) : null;
  const differences = FIELDS.flatMap(([field, name]) => {
    const tokens = told?.[field] ?? null;
    if (tokens === recorded[field]) return [];
    return [`${name} tokens: ${figure(recorded[field])} recorded, ${figure(tokens)} in its answer`];
  });
  return differences.length === 0 ? null : differences.join('; ');
}
