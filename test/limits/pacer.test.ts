import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PaceLimits } from '../../src/limits/pace-limits.ts';
import { Pacer } from '../../src/limits/pacer.ts';

const MINUTE_MS = 60_000;

const rpmOf = (pacer: Pacer): number => pacer.pace().requests.perMinute ?? Infinity;
const tpmOf = (pacer: Pacer): number | null => pacer.pace().tokens.perMinute;

type Start = { readonly atMs: number; readonly tokens: number };

/** Starts a call whenever the pacer allows it, the timer `lateMs` late each time. */
function drive(
  pacer: Pacer,
  at: {
    fromMs: number;
    untilMs: number;
    tokens?: (nth: number) => number;
    lateMs?: (nth: number) => number;
  },
): Start[] {
  const starts: Start[] = [];
  for (let nowMs = at.fromMs; ;) {
    const tokens = at.tokens?.(starts.length) ?? 100;
    nowMs = Math.max(nowMs, pacer.nextStartMs(nowMs)) + (at.lateMs?.(starts.length) ?? 0);
    // Growth may have moved the next start meanwhile.
    const dueMs = pacer.nextStartMs(nowMs);
    if (dueMs > nowMs) continue;
    if (nowMs >= at.untilMs) return starts;
    pacer.start(nowMs, tokens);
    starts.push({ atMs: nowMs, tokens });
  }
}

/** The most of `what` in any stretch of `spanMs`, beginning with a start. */
function mostIn(starts: readonly Start[], spanMs: number, what: (start: Start) => number): number {
  let most = 0;
  let sum = 0;
  let tail = 0;
  for (const start of starts) {
    sum += what(start);
    while ((starts[tail]?.atMs ?? 0) <= start.atMs - spanMs) {
      sum -= what(starts[tail] ?? start);
      tail += 1;
    }
    most = Math.max(most, sum);
  }
  return most;
}

const perMinute = (starts: readonly Start[], fromMs: number, untilMs: number): number =>
  (starts.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs).length * MINUTE_MS) /
  (untilMs - fromMs);

describe('Pacer: known limits', () => {
  test('any request limit, however late the timers: never exceeded in any minute, and nearly all of it is used', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }),
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 }),
        (rpm, late) => {
          const starts = drive(new Pacer({ rpm, tpm: null }), {
            fromMs: 0,
            untilMs: 4 * MINUTE_MS,
            lateMs: (nth) => late[nth % late.length] ?? 0,
          });
          expect(mostIn(starts, MINUTE_MS, () => 1)).toBeLessThanOrEqual(rpm);
          if (rpm >= 60 && rpm <= 600)
            expect(perMinute(starts, MINUTE_MS, 4 * MINUTE_MS)).toBeGreaterThan(rpm * 0.95);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('any token limit and calls of any size: never exceeded by more than one call in any minute', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1000, max: 1_000_000 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 30 }),
        (tpm, sizes) => {
          const starts = drive(new Pacer({ rpm: 60_000, tpm }), {
            fromMs: 0,
            untilMs: 2 * MINUTE_MS,
            tokens: (nth) => sizes[nth % sizes.length] ?? 1,
          });
          expect(mostIn(starts, MINUTE_MS, ({ tokens }) => tokens)).toBeLessThanOrEqual(
            tpm + Math.max(...sizes),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('evenly spaced: a second never has more than its share plus one', () => {
    const starts = drive(new Pacer({ rpm: 1200, tpm: null }), {
      fromMs: 0,
      untilMs: MINUTE_MS,
    });
    expect(mostIn(starts, 1000, () => 1)).toBeLessThanOrEqual(21);
  });

  test('the first seconds: a quarter of the limit, rising to all of it after four', () => {
    const starts = drive(new Pacer({ rpm: 6000, tpm: null }), {
      fromMs: 0,
      untilMs: 10_000,
    });
    const counts = Array.from(
      { length: 10 },
      (_, second) => starts.filter(({ atMs }) => Math.floor(atMs / 1000) === second).length,
    );
    expect(counts[0]).toBeLessThanOrEqual(40);
    expect(counts[0]).toBeLessThan(counts[1] ?? 0);
    expect(counts[1]).toBeLessThan(counts[3] ?? 0);
    for (const count of counts.slice(4)) expect(Math.abs(count - 99)).toBeLessThanOrEqual(1);
  });

  test('after an idle minute: no burst beyond 50 ms of the pace', () => {
    const pacer = new Pacer({ rpm: 6000, tpm: null });
    drive(pacer, { fromMs: 0, untilMs: 10_000 });
    const starts = drive(pacer, { fromMs: 70_000, untilMs: 70_100 });
    expect(starts.filter(({ atMs }) => atMs === 70_000).length).toBeLessThanOrEqual(6);
    expect(starts.length).toBeLessThanOrEqual(16);
  });
});

describe('Pacer: a changed limit', () => {
  /** Starts in each second from a minute on, when the limit is raised to `rpm`. */
  function raisedTo(rpm: number): number[] {
    const pacer = new Pacer({ rpm: 600, tpm: null });
    drive(pacer, { fromMs: 0, untilMs: MINUTE_MS });
    pacer.retune(MINUTE_MS, { rpm, tpm: null }, { rpm: 'auto' });
    const starts = drive(pacer, { fromMs: MINUTE_MS, untilMs: MINUTE_MS + 6000 });
    return [0, 1, 2, 3, 4, 5].map(
      (second) =>
        perMinute(starts, MINUTE_MS + second * 1000, MINUTE_MS + second * 1000 + 1000) / rpm,
    );
  }

  test('far above the pace: ramped up to from a quarter, as at the start', () => {
    const shares = raisedTo(6000);
    expect(shares[0]).toBeLessThan(0.4);
    expect(shares[1]).toBeLessThan(0.6);
    expect(shares[5]).toBeGreaterThan(0.97);
  });

  test('three times the pace: ramped up to from the current pace', () => {
    const shares = raisedTo(1800);
    expect(shares[0]).toBeGreaterThan(0.33);
    expect(shares[0]).toBeLessThan(0.55);
    expect(shares[5]).toBeGreaterThan(0.97);
  });

  test('slightly above it: at once', () => {
    expect(raisedTo(900)[0]).toBeGreaterThan(0.9);
  });
});

describe('Pacer: unknown limits', () => {
  const UNKNOWN: PaceLimits = { rpm: null, tpm: null };

  test('begins at five a second and grows by half each second', () => {
    const starts = drive(new Pacer(UNKNOWN), { fromMs: 0, untilMs: 8000 });
    const counts = Array.from(
      { length: 8 },
      (_, second) => starts.filter(({ atMs }) => Math.floor(atMs / 1000) === second).length,
    );
    expect(Math.abs((counts[0] ?? 0) - 5)).toBeLessThanOrEqual(1);
    for (let second = 1; second < 8; second += 1) {
      expect(counts[second]).toBeGreaterThan((counts[second - 1] ?? 0) * 1.2);
      expect(counts[second]).toBeLessThan((counts[second - 1] ?? 0) * 1.9);
    }
  });

  test('does not grow while nothing is sent', () => {
    const pacer = new Pacer(UNKNOWN);
    drive(pacer, { fromMs: 0, untilMs: 2000 });
    const rpm = rpmOf(pacer);
    pacer.nextStartMs(60_000);
    expect(rpmOf(pacer)).toBeLessThanOrEqual(rpm * 1.5);
  });
});

describe('Pacer: throttles', () => {
  /** A lane that has flowed steadily at ten calls (1,000 tokens) a second. */
  function flowing(untilMs: number, limits: PaceLimits = { rpm: 600 / 0.99, tpm: null }): Pacer {
    const pacer = new Pacer(limits);
    drive(pacer, { fromMs: 0, untilMs });
    return pacer;
  }

  test.each([20_000, 20_250, 20_500, 20_999])(
    'at %i ms: paced at what was admitted, less two percent',
    (nowMs) => {
      const pacer = flowing(nowMs);
      pacer.refused(nowMs, 'throttle_rate', { sentMs: nowMs, cost: 100, waitMs: null });
      const rpm = rpmOf(pacer);
      expect(rpm).toBeLessThanOrEqual(600 * 0.98);
      expect(rpm).toBeGreaterThan(600 * 0.88);
    },
  );

  test('tokens throttled at an unknown token limit: one is learned, but not from a single call', () => {
    const pacer = flowing(20_000);
    expect(tpmOf(pacer)).toBeNull();
    pacer.refused(20_000, 'throttle_tokens', { sentMs: 19_950, cost: 100, waitMs: null });
    expect(tpmOf(pacer)).toBeNull();
    pacer.refused(20_000, 'throttle_tokens', { sentMs: 20_000, cost: 100, waitMs: null });
    expect(tpmOf(pacer) ?? 0).toBeGreaterThan(50_000);
    expect(tpmOf(pacer) ?? Infinity).toBeLessThanOrEqual(60_000);
  });

  test('calls that were delayed arrive at once: nothing starts for a second, then the pace is unchanged', () => {
    const pacer = flowing(20_000);
    for (let atMs = 9000; atMs <= 10_000; atMs += 100) pacer.admitted(atMs, atMs - 3000);
    for (let sentMs = 10_000; sentMs < 20_000; sentMs += 100)
      pacer.refused(20_000, 'throttle_rate', { sentMs, cost: 100, waitMs: null });
    expect(rpmOf(pacer)).toBe(600);
    const starts = drive(pacer, { fromMs: 20_000, untilMs: 32_000 });
    expect(starts[0]?.atMs).toBe(21_000);
    expect(perMinute(starts, 21_000, 31_000)).toBeGreaterThanOrEqual(600);
    expect(perMinute(starts, 21_000, 31_000)).toBeLessThanOrEqual(606);
  });

  test('Retry-After: nothing starts before it, a later shorter one changes nothing', () => {
    const pacer = flowing(20_000);
    pacer.refused(20_000, 'throttle_rate', { sentMs: 20_000, cost: 100, waitMs: 5000 });
    expect(pacer.nextStartMs(20_001)).toBeGreaterThanOrEqual(25_000);
    pacer.refused(20_100, 'throttle_rate', { sentMs: 20_100, cost: 100, waitMs: 10 });
    expect(pacer.nextStartMs(20_101)).toBeGreaterThanOrEqual(25_000);
  });

  test('Retry-After: the pause is not caught up, no second holds an extra call', () => {
    const pacer = flowing(20_000);
    pacer.refused(20_000, 'throttle_rate', { sentMs: 20_000, cost: 100, waitMs: 1000 });
    const [first, second] = drive(pacer, { fromMs: 20_000, untilMs: 22_000 });
    expect(first?.atMs).toBe(21_000);
    expect((second?.atMs ?? 0) - 21_000).toBeGreaterThan(100);
  });

  test('Retry-After: a limit from an earlier run that is five times too high is soon abandoned', () => {
    const pacer = new Pacer({ rpm: 300, tpm: null, origin: { rpm: 'learned' } });
    let refused = 0;
    let servedSecond = -1;
    for (let nowMs = 0; nowMs < 20 * MINUTE_MS;) {
      nowMs = Math.max(nowMs, pacer.nextStartMs(nowMs));
      if (pacer.nextStartMs(nowMs) > nowMs) continue;
      pacer.start(nowMs, 100);
      const sentMs = nowMs;
      const second = Math.floor(sentMs / 1000);
      nowMs += 60;
      if (second === servedSecond) {
        refused += 1;
        pacer.refused(nowMs, 'throttle_rate', { sentMs, cost: 100, waitMs: 20_000 });
      } else pacer.admitted(nowMs, sentMs);
      servedSecond = second;
    }
    expect(refused).toBeLessThan(15);
    expect(rpmOf(pacer)).toBeGreaterThan(45);
    expect(rpmOf(pacer)).toBeLessThan(66);
  });

  test('Retry-After of an hour: capped at a minute', () => {
    const pacer = flowing(20_000);
    pacer.refused(20_000, 'throttle_rate', { sentMs: 20_000, cost: 100, waitMs: 3_600_000 });
    expect(pacer.nextStartMs(20_001)).toBe(80_000);
  });

  test('everything is refused for minutes: single tries with growing gaps; the first one admitted ends it', () => {
    const pacer = flowing(20_000);
    const tries: number[] = [];
    let nowMs = 20_000;
    while (nowMs < 320_000) {
      nowMs = Math.max(nowMs + 1, pacer.nextStartMs(nowMs));
      pacer.start(nowMs, 100);
      tries.push(nowMs);
      pacer.refused(nowMs + 60, 'throttle_rate', { sentMs: nowMs, cost: 100, waitMs: null });
      nowMs += 60;
    }
    expect(pacer.pace().state).toBe('half-open');
    // Of 3,000 calls at the pace of before, some tens are made; none later than half a minute.
    expect(tries.length).toBeLessThan(100);
    const gaps = tries.slice(1).map((atMs, nth) => atMs - (tries[nth] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_100);
    expect(gaps.at(-1)).toBeGreaterThan((gaps[0] ?? 0) * 10);
    nowMs = pacer.nextStartMs(nowMs);
    pacer.start(nowMs, 100);
    pacer.admitted(nowMs + 1000, nowMs);
    expect(pacer.pace().state).not.toBe('half-open');
    expect(drive(pacer, { fromMs: nowMs + 1000, untilMs: nowMs + 31_000 }).length).toBeGreaterThan(
      3,
    );
  });
});

describe('Pacer: server errors', () => {
  test.each([6, 60, 1200])(
    'at %i a minute: slowed to a tenth by an outage, back at full pace some minutes later',
    (rpm) => {
      const pacer = new Pacer({ rpm, tpm: null });
      drive(pacer, { fromMs: 0, untilMs: 120_000 });
      for (let nowMs = 120_000; nowMs < 150_000; nowMs += 1000) pacer.slowDown(nowMs);
      const starts = drive(pacer, { fromMs: 150_000, untilMs: 900_000 });
      expect(perMinute(starts, 150_000, 180_000)).toBeLessThan(rpm / 2);
      expect(perMinute(starts, 480_000, 900_000)).toBeGreaterThan(rpm * 0.95);
    },
  );
});
