import { isBatchChat } from '../config/endpoints.ts';
import type { Settings } from '../settings.ts';

/** The service ends an unstreamed call after 300 s (service contract 4.7). */
const WHOLE_MS = 330_000;
const STREAMED_MS = 3_600_000;

/**
 * How long one call may take, unless `--timeout` says. Batch Chat holds a call until it has a slot, up to an hour, streamed
 * or not. Source: help.aliyun.com/zh/model-studio/openai-compatible-batch-chat, mid-2026.
 */
export function timeoutsOf(
  settings: Pick<Settings, 'timeoutMs' | 'baseUrl' | 'compatibleBaseUrl' | 'simulate'>,
): { readonly whole: number; readonly streamed: number } {
  const { timeoutMs } = settings;
  if (timeoutMs !== undefined) return { whole: timeoutMs, streamed: timeoutMs };
  return { whole: isBatchChat(settings) ? STREAMED_MS : WHOLE_MS, streamed: STREAMED_MS };
}
