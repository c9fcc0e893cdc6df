/**
 * Finish reasons that say the opposite. `null` as a text: what the native protocol streams while it
 * writes (recorded replies, 2024 to 2026). `error` and `abort`: the model's server gave up; those of
 * vLLM say so behind a 200 (vllm/v1/engine/__init__.py, FINISH_REASON_STRINGS, 2026-05), as a
 * gateway at `--base-url` may hand on.
 */
const UNFINISHED: ReadonlySet<string> = new Set(['null', 'error', 'abort']);

/** True for a finish reason of a reply that says that the answer is not whole. */
export function saysUnfinished(reason: string): boolean {
  return UNFINISHED.has(reason);
}
