import type { LimitsRecord } from './model-record.ts';

/** Limits that have another value while thinking. */
const WHILE_THINKING = [
  ['context', 'context_thinking'],
  ['max_input', 'max_input_thinking'],
  ['max_output', 'max_output_thinking'],
] as const satisfies readonly (readonly [keyof LimitsRecord, keyof LimitsRecord])[];

/**
 * Limits with those of one scope, or of the user, on top. What is said anew holds while thinking too,
 * unless that is said with it: the finance cloud's qwen-plus writes 8,192 tokens, thinking or not.
 */
export function mergeLimits(base: LimitsRecord | undefined, over: LimitsRecord): LimitsRecord {
  const replaced = new Set<string>(
    WHILE_THINKING.flatMap(([plain, thinking]) => (over[plain] === undefined ? [] : [thinking])),
  );
  const kept = Object.entries(base ?? {}).filter(([name]) => !replaced.has(name));
  return { ...(Object.fromEntries(kept) as LimitsRecord), ...over };
}
