import { describe, expect, test } from 'vitest';
import { StartLog } from '../../src/limits/start-log.ts';
import {
  areRefusalsUnchanged,
  openTrial,
  sentInTrial,
  type Trial,
} from '../../src/limits/trial.ts';

/** One call in ten was refused, at twenty calls a second. */
const AT = {
  perMs: 0.02,
  before: { calls: 900, refused: 100 },
  areFewRefused: false,
  isLow: false,
  callsPerMs: 0.02,
  pausedMs: 0,
};

function opened(more: Partial<typeof AT> = {}): Trial {
  const trial = openTrial(1000, { ...AT, ...more });
  if (trial === null) throw new Error('no trial');
  return trial;
}

describe('a trial of refusals', () => {
  test('at half the pace, or twice it if the pace is already low', () => {
    expect(opened().pace).toBe(0.5);
    expect(opened({ isLow: true }).pace).toBe(2);
  });

  test.each([
    ['a tenth', 10, 0.5],
    ['half', 50, 0.4],
    ['seven in ten', 70, 0.24],
  ])('of %s refused: slightly below what was admitted, if that is less', (_, refused, pace) => {
    expect(opened({ before: { calls: 100 - refused, refused } }).pace).toBeCloseTo(pace, 9);
  });

  test('at twice the pace, with half refused: a limit at half the pace refuses three of four', () => {
    const trial = opened({ isLow: true, before: { calls: 50, refused: 50 } });
    expect(areRefusalsUnchanged(trial, { calls: 25, refused: 75 })).toBe(false);
    expect(areRefusalsUnchanged(trial, { calls: 33, refused: 67 })).toBe(false);
    expect(areRefusalsUnchanged(trial, { calls: 50, refused: 50 })).toBe(true);
  });

  test('of few refusals: for as many calls as should bring six of them, slightly below the pace', () => {
    const trial = opened({ areFewRefused: true, before: { calls: 980, refused: 20 } });
    expect(trial.pace).toBeGreaterThan(0.5);
    expect(trial.pace).toBeLessThan(1);
    expect(trial.calls).toBe(300);
  });

  test('if it would take more than five minutes: at a pace so much higher that it takes two and a half', () => {
    // Eighty calls at half the pace: 160 calls' time.
    expect(opened({ callsPerMs: 160 / 299_000 }).pace).toBe(0.5);
    const slow = opened({ callsPerMs: 160 / 301_000 });
    expect(slow.pace).toBe(2);
    expect(areRefusalsUnchanged(slow, { calls: 80, refused: 20 })).toBe(false);
    const slowest = opened({ callsPerMs: 1 / 60_000 });
    expect(slowest.calls / (slowest.pace / 60_000)).toBeCloseTo(150_000);
  });

  test('higher, if the service asks for a pause with each refusal: only while these are short', () => {
    // Five of the fifty calls would be refused.
    expect(opened({ isLow: true, pausedMs: 5000 }).pace).toBe(2);
    expect(openTrial(1000, { ...AT, isLow: true, pausedMs: 7000 })).toBeNull();
    expect(opened({ pausedMs: 60_000 }).pace).toBe(0.5);
  });

  test('of few refusals: not if it would take more than five minutes', () => {
    const few = { areFewRefused: true, before: { calls: 980, refused: 20 } };
    expect(openTrial(1000, { ...AT, ...few, callsPerMs: 1 / 1200 })).toBeNull();
  });

  test.each([
    ['as many of a hundred as before', 10, true],
    ['a few less', 7, true],
    ['half as many or less: they follow the pace', 5, false],
    ['next to none', 0, false],
    ['twice as many', 20, false],
  ])('at half the pace %s', (_, refused, stayed) => {
    expect(areRefusalsUnchanged(opened(), { calls: 100 - refused, refused })).toBe(stayed);
  });

  test.each([
    ['twice as many: they are of the limit', 20, false],
    ['as many', 10, true],
  ])('at twice the pace %s', (_, refused, stayed) => {
    expect(areRefusalsUnchanged(opened({ isLow: true }), { calls: 100 - refused, refused })).toBe(
      stayed,
    );
  });

  test('inconclusive before it has had its calls, and in its first seconds', () => {
    const trial = opened();
    const log = new StartLog();
    for (let nth = 0; nth < trial.calls; nth += 1) log.started(1500 + nth * 10, 1);
    const lastMs = 1500 + trial.calls * 10;
    expect(sentInTrial(trial, log, lastMs)).toBeNull();
    expect(sentInTrial(trial, log, 6000)).toMatchObject({ calls: trial.calls, refused: 0 });
    expect(sentInTrial({ ...trial, calls: trial.calls + 1 }, log, 6000)).toBeNull();
  });
});
