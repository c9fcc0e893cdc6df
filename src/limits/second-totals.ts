import type { SecondTotals } from './call-cap.ts';
import type { Lane } from './lane.ts';

/** What the second that just ended showed, over all lanes. `activeMost`: the peak number of calls in flight during it. */
export function secondTotals(
  lanes: readonly Lane[],
  nowMs: number,
  activeMost: number,
): SecondTotals {
  let needed = 0;
  let ended = 0;
  let failed = 0;
  let isLimited = false;
  const latencies: number[] = [];
  for (const lane of lanes) {
    needed += lane.needed(nowMs);
    ended += lane.counted.ended;
    failed += lane.counted.failed;
    isLimited ||= lane.isLimited;
    for (const latencyMs of lane.counted.latenciesMs) latencies.push(latencyMs);
  }
  latencies.sort((a, b) => a - b);
  const latencyMs = latencies[latencies.length >> 1] ?? null;
  const answered = latencies.length;
  return { activeMost, needed, ended, failed, answered, latencyMs, isLimited };
}
