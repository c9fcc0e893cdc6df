import { describe, expect, test } from 'vitest';
import { LatencyCap } from '../../src/limits/latency-cap.ts';

/** A server of so many slots under as many calls as the cap allows, second by second. */
function drive(cap: LatencyCap, at: { seconds: number; slots: number; workMs: number }): number[] {
  const { seconds, slots, workMs } = at;
  return Array.from({ length: seconds }, () => {
    const active = Math.round(cap.value);
    const latencyMs = Math.max(1, active / slots) * workMs;
    const answered = Math.round((Math.min(active, slots) * 1000) / workMs);
    cap.look({ active, answered, latencyMs });
    return cap.value;
  });
}

describe('LatencyCap', () => {
  test.each([8, 32, 128, 1000])(
    'a server of %i slots: kept busy, and no more than a few calls wait for each slot',
    (slots) => {
      const cap = new LatencyCap();
      drive(cap, { seconds: 300, slots, workMs: 2000 });
      const later = drive(cap, { seconds: 300, slots, workMs: 2000 });
      expect(Math.min(...later)).toBeGreaterThanOrEqual(slots * 0.7);
      expect(Math.max(...later)).toBeLessThanOrEqual(slots * 12);
    },
  );

  test('one step for each latency: a slow server is not flooded before it shows', () => {
    const cap = new LatencyCap();
    const values = drive(cap, { seconds: 60, slots: 100, workMs: 20_000 });
    // Three latencies, of which each may double it.
    expect(Math.max(...values)).toBeLessThanOrEqual(64 * 2 ** 3);
  });

  test('answers that get longer by themselves: back after the cut, and the server stays busy', () => {
    const cap = new LatencyCap();
    drive(cap, { seconds: 200, slots: 200, workMs: 2000 });
    const later = drive(cap, { seconds: 300, slots: 200, workMs: 8000 }).slice(100);
    expect(Math.min(...later)).toBeGreaterThanOrEqual(100);
  });

  test('calls that are not in flight say nothing', () => {
    const cap = new LatencyCap();
    for (let second = 0; second < 100; second += 1)
      cap.look({ active: 5, answered: 40, latencyMs: 100 });
    expect(cap.value).toBe(64);
  });
});
