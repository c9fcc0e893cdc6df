import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../src/clock.ts';
import { createQuota } from '../../src/simulator/quota.ts';

function handClock(): Clock & { nowMs: number } {
  return {
    nowMs: 5_000_000,
    monotonicMs() {
      return this.nowMs;
    },
    wallMs: () => 0,
    random: () => 0,
    after: () => () => undefined,
  };
}

describe('createQuota', () => {
  test('rpm 600: ten requests pass in one second, the eleventh is refused, the next second passes again', () => {
    const clock = handClock();
    const quota = createQuota({ rpm: 600, tpm: null }, clock);
    const outcomes = Array.from({ length: 11 }, () => quota.admit('qwen-plus'));
    expect(outcomes).toEqual([...Array.from({ length: 10 }, () => null), 'requests']);
    clock.nowMs += 1000;
    expect(quota.admit('qwen-plus')).toBeNull();
  });

  test('rpm 2: one a second, two in sixty seconds', () => {
    const clock = handClock();
    const quota = createQuota({ rpm: 2, tpm: null }, clock);
    const admitted: number[] = [];
    for (let second = 0; second < 62; second += 1) {
      if (quota.admit('qwen-max') === null) admitted.push(second);
      clock.nowMs += 1000;
    }
    expect(admitted).toEqual([0, 1, 60, 61]);
  });

  test('models: each has its own quota', () => {
    const quota = createQuota({ rpm: 60, tpm: null }, handClock());
    expect([quota.admit('qwen-plus'), quota.admit('qwen-plus'), quota.admit('qwen-max')]).toEqual([
      null,
      'requests',
      null,
    ]);
  });

  test('models that Moonshot serves itself: one quota for all of them', () => {
    const quota = createQuota({ rpm: 60, tpm: null }, handClock());
    expect([quota.admit('kimi/kimi-k2.5'), quota.admit('kimi/kimi-k2.6')]).toEqual([
      null,
      'requests',
    ]);
    expect(quota.admit('kimi-k2.6')).toBeNull();
  });

  test('tpm: a request larger than the slice passes, the rest of its second is refused', () => {
    const clock = handClock();
    const quota = createQuota({ rpm: null, tpm: 6000 }, clock);
    expect(quota.admit('qwen-plus')).toBeNull();
    quota.charge('qwen-plus', 450);
    expect(quota.admit('qwen-plus')).toBe('tokens');
    clock.nowMs += 1000;
    expect(quota.admit('qwen-plus')).toBeNull();
  });

  test('tpm: the minute is refused once it is used up, although each second has room', () => {
    const clock = handClock();
    const quota = createQuota({ rpm: null, tpm: 600 }, clock);
    for (let second = 0; second < 3; second += 1) {
      expect(quota.admit('qwen-plus')).toBeNull();
      quota.charge('qwen-plus', 200);
      clock.nowMs += 1000;
    }
    expect(quota.admit('qwen-plus')).toBe('tokens');
    clock.nowMs += 57_000;
    expect(quota.admit('qwen-plus')).toBeNull();
  });

  test('any arrivals: never more than the quota in sixty whole seconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 240 }),
        fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 400 }),
        (rpm, gaps) => {
          const clock = handClock();
          const quota = createQuota({ rpm, tpm: null }, clock);
          const seconds: number[] = [];
          for (const gap of gaps) {
            clock.nowMs += gap;
            if (quota.admit('qwen-plus') === null) seconds.push(Math.floor(clock.nowMs / 1000));
          }
          const most = Math.max(
            ...seconds.map((from) => seconds.filter((at) => at >= from && at < from + 60).length),
          );
          expect(most).toBeLessThanOrEqual(rpm);
        },
      ),
      { numRuns: 60 },
    );
  });
});
