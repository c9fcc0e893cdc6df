import { describe, expect, test } from 'vitest';
import { CallCap, type SecondTotals } from '../../src/limits/call-cap.ts';

const QUIET: SecondTotals = {
  activeMost: 0,
  needed: 0,
  ended: 0,
  failed: 0,
  answered: 0,
  latencyMs: null,
  isLimited: false,
};

describe('CallCap: auto', () => {
  test.each([
    [10, 64],
    [1000, 1500],
    [4000, 6000],
    [100_000, 8000],
  ])('rate times latency asks for %i calls: %i are allowed', (needed, allowed) => {
    const cap = new CallCap('auto', null);
    cap.evaluate({ ...QUIET, needed });
    expect(cap.value).toBe(allowed);
  });
});

test('a bound holds whatever is set, asked for or recovered', () => {
  const cap = new CallCap(100, null);
  cap.setBound(40);
  expect(cap.value).toBe(40);
  cap.evaluate({ ...QUIET, activeMost: 40, ended: 40, failed: 20 });
  expect(cap.value).toBe(28);
  for (let second = 0; second < 20; second += 1) cap.evaluate(QUIET);
  expect(cap.value).toBe(40);
  cap.set('auto');
  cap.evaluate({ ...QUIET, needed: 1000 });
  expect(cap.value).toBe(40);
  cap.set(10);
  expect(cap.value).toBe(10);
});

describe('CallCap: failures of the service', () => {
  const failing: SecondTotals = { ...QUIET, activeMost: 90, ended: 40, failed: 20 };

  test('many in a second: a third fewer calls each second, down to one', () => {
    const cap = new CallCap(100, null);
    expect(cap.evaluate(failing)).toBe('failures');
    expect(cap.value).toBe(63);
    for (let second = 0; second < 20; second += 1) cap.evaluate(failing);
    expect(cap.value).toBe(1);
  });

  test('none any more: back by a tenth and one a second, up to what was set', () => {
    const cap = new CallCap(100, null);
    cap.evaluate(failing);
    expect(cap.evaluate(QUIET)).toBe('recovered');
    expect(cap.value).toBe(Math.round(63 * 1.1 + 1));
    for (let second = 0; second < 10; second += 1) cap.evaluate(QUIET);
    expect(cap.value).toBe(100);
    expect(cap.evaluate(QUIET)).toBeNull();
  });

  test('an isolated one, or a few among many: nothing', () => {
    const cap = new CallCap(100, null);
    expect(cap.evaluate({ ...failing, ended: 2, failed: 2 })).toBeNull();
    expect(cap.evaluate({ ...failing, ended: 400, failed: 20 })).toBeNull();
    expect(cap.value).toBe(100);
  });
});

describe('CallCap: latency', () => {
  /** Seconds of a server whose latency has risen fivefold. */
  function risen(cap: CallCap, isLimited = false): (string | null)[] {
    const needed = 400;
    const fast = {
      ...QUIET,
      activeMost: 300,
      needed,
      ended: 80,
      answered: 80,
      latencyMs: 1000,
      isLimited,
    };
    const slow = { ...fast, latencyMs: 5000 };
    return [fast, fast, ...Array.from({ length: 12 }, () => slow)].map((second) =>
      cap.evaluate(second),
    );
  }

  test('of a server of one`s own: fewer calls, and the reason is told', () => {
    const cap = new CallCap('auto', { timeoutMs: 330_000 });
    expect(risen(cap)).toContain('latency');
    expect(cap.value).toBeLessThan(64);
  });

  test('a stretch of lines that are refused for what they are, and no answer: says nothing of it', () => {
    const cap = new CallCap('auto', { timeoutMs: 330_000 });
    const fast = { ...QUIET, activeMost: 64, ended: 80, answered: 80, latencyMs: 1000 };
    for (const answered of [80, 160, 320, 320, 320]) cap.evaluate({ ...fast, answered });
    const before = cap.value;
    cap.evaluate({ ...QUIET, activeMost: 64, ended: 500 });
    const after = Array.from({ length: 6 }, () => cap.evaluate(fast));
    expect(after).not.toContain('latency');
    expect(cap.value).toBeGreaterThanOrEqual(before);
  });

  test('of Model Studio, whose quotas do not show in it: nothing', () => {
    const cap = new CallCap('auto', null);
    expect(risen(cap)).not.toContain('latency');
    expect(cap.value).toBe(600);
  });

  test('of a gateway with limits that are known: nothing', () => {
    const cap = new CallCap('auto', { timeoutMs: 330_000 });
    expect(risen(cap, true)).not.toContain('latency');
    expect(cap.value).toBe(600);
  });

  test('of a server that does not answer as many in time as the limit says: as if no limit were known', () => {
    const cap = new CallCap('auto', { timeoutMs: 30_000 });
    const most: SecondTotals = { ...QUIET, activeMost: 400, needed: 400, isLimited: true };
    cap.evaluate({ ...most, ended: 2, answered: 2, latencyMs: 20_000 });
    expect(cap.value).toBe(600);
    for (let nth = 0; nth < 4; nth += 1) cap.noteTimeout();
    cap.evaluate({ ...most, ended: 6, failed: 4, answered: 2, latencyMs: 28_000 });
    // Two calls a second, whatever it is asked for.
    for (let second = 0; second < 120; second += 1)
      cap.evaluate({
        ...most,
        activeMost: cap.value,
        ended: 2,
        answered: 2,
        latencyMs: cap.value * 500,
      });
    expect(cap.value).toBeGreaterThanOrEqual(4);
    expect(cap.value * 500).toBeLessThan(30_000);
  });

  test('of a gateway whose calls fail otherwise: limits that are known go on to say how many', () => {
    const cap = new CallCap('auto', { timeoutMs: 30_000 });
    const most: SecondTotals = { ...QUIET, activeMost: 400, needed: 400, isLimited: true };
    cap.evaluate({ ...most, ended: 6, failed: 4, answered: 2, latencyMs: 1000 });
    for (let second = 0; second < 60; second += 1)
      cap.evaluate({ ...most, ended: 100, answered: 100, latencyMs: 1000 });
    expect(cap.value).toBe(600);
  });

  test('a number that somebody set stays', () => {
    const cap = new CallCap(300, { timeoutMs: 330_000 });
    expect(risen(cap)).not.toContain('latency');
    expect(cap.value).toBe(300);
  });
});
