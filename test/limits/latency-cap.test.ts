import { describe, expect, test } from 'vitest';
import { LatencyCap } from '../../src/limits/latency-cap.ts';

type Server = { readonly slots: number; readonly workMs: number; readonly slowerBy?: number };

/**
 * A server of so many slots under as many calls as the cap allows, second by second. `slowerBy`: so much longer does the
 * work of a call take with all slots in use than with none.
 */
function drive(cap: LatencyCap, at: Server & { seconds: number }): number[] {
  const { seconds, slots, slowerBy = 0 } = at;
  return Array.from({ length: seconds }, () => {
    const active = Math.round(cap.value);
    const workMs = at.workMs * (1 + slowerBy * Math.min(1, active / slots));
    const latencyMs = Math.max(1, active / slots) * workMs;
    const answered = Math.round((Math.min(active, slots) * 1000) / workMs);
    cap.evaluate({ activeMost: active, answered, latencyMs });
    return cap.value;
  });
}

/**
 * Latencies of so many calls that a server works on one after the other in each of its slots, sent as the cap allows, ten
 * a second at the most.
 */
function latenciesOf(cap: LatencyCap, at: Server & { calls: number }): number[] {
  const freeMs = Array.from({ length: at.slots }, () => 0);
  const latencies: number[] = [];
  let open: { endMs: number; latencyMs: number }[] = [];
  for (let nowMs = 0; latencies.length < at.calls; nowMs += 1000) {
    const fresh = Math.max(0, Math.min(10, Math.round(cap.value) - open.length));
    for (let nth = 0; nth < fresh; nth += 1) {
      const slot = freeMs.indexOf(Math.min(...freeMs));
      const endMs = Math.max(nowMs, freeMs[slot] ?? 0) + at.workMs;
      freeMs[slot] = endMs;
      open.push({ endMs, latencyMs: endMs - nowMs });
    }
    const activeMost = open.length;
    const ended = open.filter(({ endMs }) => endMs <= nowMs + 1000);
    open = open.filter(({ endMs }) => endMs > nowMs + 1000);
    const endedMs = ended.map(({ latencyMs }) => latencyMs).toSorted((a, b) => a - b);
    const latencyMs = endedMs[endedMs.length >> 1] ?? null;
    cap.evaluate({ activeMost, answered: ended.length, latencyMs });
    latencies.push(...endedMs);
  }
  return latencies;
}

describe('LatencyCap', () => {
  test.each([
    { slots: 1, workMs: 10_000, timeoutMs: 330_000 },
    { slots: 1, workMs: 30_000, timeoutMs: 330_000 },
    { slots: 4, workMs: 2000, timeoutMs: 16_000 },
    { slots: 8, workMs: 60_000, timeoutMs: 330_000 },
  ])(
    'a server of $slots slots and $workMs ms a call: all but the first hundred or so are answered within $timeoutMs ms',
    ({ timeoutMs, ...server }) => {
      const latencies = latenciesOf(new LatencyCap(timeoutMs), { ...server, calls: 400 });
      expect(Math.max(...latencies.slice(128))).toBeLessThan(timeoutMs);
    },
  );

  test('a server that has the slots: 64 calls as soon as it has answered a few', () => {
    const cap = new LatencyCap(330_000);
    latenciesOf(cap, { slots: 256, workMs: 3000, calls: 10 });
    expect(cap.value).toBe(64);
  });

  test('answers that take more than half as long as they may: more calls each time all the same', () => {
    const cap = new LatencyCap(330_000);
    latenciesOf(cap, { slots: 256, workMs: 180_000, calls: 800 });
    expect(cap.value).toBeGreaterThan(64);
  });

  test.each([8, 32, 128, 1000])(
    'a server of %i slots: kept busy, and no more than a few calls wait for each slot',
    (slots) => {
      const cap = new LatencyCap(330_000);
      drive(cap, { seconds: 300, slots, workMs: 2000 });
      const later = drive(cap, { seconds: 300, slots, workMs: 2000 });
      expect(Math.min(...later)).toBeGreaterThanOrEqual(slots * 0.7);
      // Half as many more are tried for a moment.
      expect(Math.max(...later)).toBeLessThanOrEqual(slots * 12 * 1.5);
      expect(later.toSorted((a, b) => a - b)[150]).toBeLessThanOrEqual(slots * 12);
    },
  );

  test.each([
    [256, 1, 180],
    [256, 2.5, 150],
    [1024, 0.8, 700],
  ])(
    'a server of %i slots, where work takes longer by %d times once all are in use: kept busy',
    (slots, slowerBy, least) => {
      const cap = new LatencyCap(330_000);
      const server = { slots, workMs: 4000, slowerBy };
      drive(cap, { ...server, seconds: 300 });
      const later = drive(cap, { ...server, seconds: 600 });
      expect(Math.min(...later)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...later)).toBeLessThanOrEqual(slots * 8);
    },
  );

  test('one step for each latency: a slow server is not flooded before it shows', () => {
    const cap = new LatencyCap(330_000);
    const values = drive(cap, { seconds: 60, slots: 100, workMs: 20_000 });
    // Three latencies, of which each may double it.
    expect(Math.max(...values)).toBeLessThanOrEqual(64 * 2 ** 3);
  });

  test('answers that get longer by themselves: back after the cut, and the server stays busy', () => {
    const cap = new LatencyCap(330_000);
    drive(cap, { seconds: 200, slots: 200, workMs: 2000 });
    const later = drive(cap, { seconds: 300, slots: 200, workMs: 8000 }).slice(100);
    expect(Math.min(...later)).toBeGreaterThanOrEqual(100);
  });

  test('calls that are not in flight say nothing', () => {
    const cap = new LatencyCap(330_000);
    for (let second = 0; second < 100; second += 1)
      cap.evaluate({ activeMost: 5, answered: 40, latencyMs: 100 });
    expect(cap.value).toBe(64);
  });
});
