import type { LabCall } from './calls.ts';
import type { QuotaShape } from './scenario.ts';

/** The amount that a rate `perMinute` gives between two times, where the quota changes meanwhile. */
function given(shape: QuotaShape, perMinute: number, at: { fromMs: number; toMs: number }): number {
  const { fromMs, toMs } = at;
  const perMs = perMinute / 60_000;
  const { change } = shape;
  if (change === null) return perMs * (toMs - fromMs);
  const changedMs = Math.max(0, Math.min(toMs, change.toMs) - Math.max(fromMs, change.fromMs));
  return perMs * (toMs - fromMs - changedMs * (1 - change.share));
}

/** What the quota allows between two times: the larger share of its two limits that a lane used. */
export function allowedShare(
  shape: QuotaShape,
  admitted: { calls: number; tokens: number },
  at: { fromMs: number; toMs: number },
): number {
  const calls = given(shape, shape.rpm, at);
  const tokens = given(shape, shape.tpm, at);
  return Math.max(admitted.calls / calls, admitted.tokens / tokens);
}

/**
 * When a perfect client would be done with the calls of one model: it knows the quota and what every
 * call will take, uses the full rate of both limits from the first moment, evenly, and is never
 * refused (an even flow fits into windows of every length). Its calls have the very latencies that
 * ours have. In milliseconds from the start.
 */
export function perfectMs(calls: readonly LabCall[], roundTripMs: number): number {
  const shape = calls[0]?.workload.quota;
  if (shape === undefined) return 0;
  let nowMs = 0;
  let lastMs = 0;
  for (const call of calls) {
    lastMs = Math.max(lastMs, nowMs + roundTripMs + call.latencyMs);
    const tokens = call.inputTokens + call.outputTokens;
    nowMs = Math.max(
      after(shape, nowMs, 1 / (shape.rpm / 60_000)),
      after(shape, nowMs, tokens / (shape.tpm / 60_000)),
    );
  }
  return lastMs;
}

/** The time at which so many milliseconds at the full rate have passed. */
function after(shape: QuotaShape, nowMs: number, fullMs: number): number {
  const { change } = shape;
  const plainMs = nowMs + fullMs;
  if (change === null || plainMs <= change.fromMs || nowMs >= change.toMs) return plainMs;
  const beforeMs = Math.max(0, change.fromMs - nowMs);
  const changedMs = (fullMs - beforeMs) / change.share;
  const startMs = Math.max(nowMs, change.fromMs);
  if (startMs + changedMs <= change.toMs) return startMs + changedMs;
  return change.toMs + fullMs - beforeMs - (change.toMs - startMs) * change.share;
}
