import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoffMs,
  lastingBackoffMs,
  shortageBackoffMs,
  throttleBackoffMs,
} from '../src/backoff.ts';

const counts = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 31 - 1 }));
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const hints = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: null });
const anything = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1),
);

describe('backoffMs', () => {
  it('no hint: an integer within the doubling ceiling of 500 ms to 30 s', () => {
    fc.assert(
      fc.property(counts, randoms, (attempt, random) => {
        const waitMs = backoffMs(attempt, random, null);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.min(30_000, 500 * 2 ** (attempt - 1)));
      }),
    );
  });

  it('full jitter: from nothing to the whole ceiling', () => {
    expect([1, 2, 3, 7, 12].map((attempt) => backoffMs(attempt, 0, null))).toEqual([0, 0, 0, 0, 0]);
    expect([1, 2, 3, 6, 7, 12].map((attempt) => backoffMs(attempt, 0.5, null))).toEqual([
      250, 500, 1_000, 8_000, 15_000, 15_000,
    ]);
  });

  it('a hint: a floor, never a ceiling, and at most 60 s', () => {
    expect(backoffMs(1, 0.5, 5_000)).toBe(5_000);
    expect(backoffMs(7, 0.5, 5_000)).toBe(15_000);
    expect(backoffMs(1, 0.5, 3_600_000)).toBe(60_000);
    fc.assert(
      fc.property(counts, randoms, hints, (attempt, random, hintMs) => {
        const waitMs = backoffMs(attempt, random, hintMs);
        expect(waitMs).toBeGreaterThanOrEqual(backoffMs(attempt, random, null));
        expect(waitMs).toBeGreaterThanOrEqual(Math.min(60_000, hintMs ?? 0));
        expect(waitMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});

describe('lastingBackoffMs', () => {
  it('no hint: in the upper half of a ceiling that doubles from 10 s to 60 s', () => {
    expect([1, 2, 3, 4, 40].map((attempt) => lastingBackoffMs(attempt, 0, null))).toEqual([
      5_000, 10_000, 20_000, 30_000, 30_000,
    ]);
    fc.assert(
      fc.property(counts, randoms, (attempt, random) => {
        const ceilingMs = Math.min(60_000, 10_000 * 2 ** (attempt - 1));
        const waitMs = lastingBackoffMs(attempt, random, null);
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(ceilingMs / 2);
        expect(waitMs).toBeLessThanOrEqual(ceilingMs);
      }),
    );
  });

  it('a hint: a floor, and at most 60 s', () => {
    expect(lastingBackoffMs(1, 0, 8_000)).toBe(8_000);
    expect(lastingBackoffMs(1, 0, 1)).toBe(5_000);
    expect(lastingBackoffMs(1, 0, 3_600_000)).toBe(60_000);
  });
});

describe('shortageBackoffMs', () => {
  it('once as after any failure, then as long as after one that lasts', () => {
    fc.assert(
      fc.property(counts, randoms, hints, (attempt, random, hintMs) => {
        expect(shortageBackoffMs(1, random, hintMs)).toBe(backoffMs(1, random, hintMs));
        expect(shortageBackoffMs(attempt + 1, random, hintMs)).toBe(
          lastingBackoffMs(Math.max(1, attempt), random, hintMs),
        );
      }),
    );
  });
});

describe('throttleBackoffMs', () => {
  it('no hint: in the upper half of a ceiling that doubles from 1 s to 60 s', () => {
    fc.assert(
      fc.property(counts, randoms, (consecutive, random) => {
        const waitMs = throttleBackoffMs(consecutive, random, null);
        const ceilingMs = Math.min(60_000, 1_000 * 2 ** (consecutive - 1));
        expect(Number.isInteger(waitMs)).toBe(true);
        expect(waitMs).toBeGreaterThanOrEqual(ceilingMs / 2);
        expect(waitMs).toBeLessThanOrEqual(ceilingMs);
      }),
    );
  });

  it('one throttle after another: waits longer, up to a minute', () => {
    expect([1, 2, 3, 6, 7, 100].map((count) => throttleBackoffMs(count, 0, null))).toEqual([
      500, 1_000, 2_000, 16_000, 30_000, 30_000,
    ]);
  });

  it('a hint: a floor, and at most 60 s', () => {
    fc.assert(
      fc.property(counts, randoms, hints, (consecutive, random, hintMs) => {
        const waitMs = throttleBackoffMs(consecutive, random, hintMs);
        expect(waitMs).toBeGreaterThanOrEqual(throttleBackoffMs(consecutive, random, null));
        expect(waitMs).toBeGreaterThanOrEqual(Math.min(60_000, hintMs ?? 0));
        expect(waitMs).toBeLessThanOrEqual(60_000);
      }),
    );
  });
});

describe('backoff of nonsense', () => {
  it('any numbers at all: still an integer from 0 to 60 s', () => {
    fc.assert(
      fc.property(
        anything,
        anything,
        fc.option(anything, { nil: null }),
        (count, random, hintMs) => {
          for (const waitMs of [
            backoffMs(count, random, hintMs),
            throttleBackoffMs(count, random, hintMs),
          ]) {
            expect(Number.isInteger(waitMs)).toBe(true);
            expect(waitMs).toBeGreaterThanOrEqual(0);
            expect(waitMs).toBeLessThanOrEqual(60_000);
          }
        },
      ),
    );
  });
});
