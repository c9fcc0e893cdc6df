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
    cap.look({ activeMost: active, answered, latencyMs });
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
      const cap = new LatencyCap();
      const server = { slots, workMs: 4000, slowerBy };
      drive(cap, { ...server, seconds: 300 });
      const later = drive(cap, { ...server, seconds: 600 });
      expect(Math.min(...later)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...later)).toBeLessThanOrEqual(slots * 8);
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
      cap.look({ activeMost: 5, answered: 40, latencyMs: 100 });
    expect(cap.value).toBe(64);
  });
});
