import type { LimitsRecord } from './model-record.ts';

/** Limits that differ while thinking. */
const WHILE_THINKING = [
  ['context', 'context_thinking'],
  ['max_input', 'max_input_thinking'],
  ['max_output', 'max_output_thinking'],
] as const satisfies readonly (readonly [keyof LimitsRecord, keyof LimitsRecord])[];

/**
 * Limits overlaid with those of one scope, or of the user. An override also applies while thinking, unless it includes a
 * separate value for that: the finance cloud's qwen-plus writes 8,192 tokens, thinking or not.
 */
export function mergeLimits(base: LimitsRecord | undefined, over: LimitsRecord): LimitsRecord {
  const replaced = new Set<string>(
    WHILE_THINKING.flatMap(([plain, thinking]) => (over[plain] === undefined ? [] : [thinking])),
  );
  const kept = Object.entries(base ?? {}).filter(([name]) => !replaced.has(name));
  return { ...(Object.fromEntries(kept) as LimitsRecord), ...over };
}
