/**
 * Finish reasons of unfinished answers. `null` as a string: what the native protocol streams while it writes (recorded
 * replies, 2024 to 2026). `error` and `abort`: the model server gave up; vLLM's reports it behind a 200
 * (vllm/v1/engine/__init__.py, FINISH_REASON_STRINGS, 2026-05), which a gateway at `--base-url` may pass on.
 */
const UNFINISHED: ReadonlySet<string> = new Set(['null', 'error', 'abort']);

/** Whether a reply's finish reason means that the answer is incomplete. */
export function saysUnfinished(reason: string): boolean {
  return UNFINISHED.has(reason);
}
