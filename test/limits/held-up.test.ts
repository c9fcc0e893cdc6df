import { describe, expect, test } from 'vitest';
import { HeldUp } from '../../src/limits/held-up.ts';

/** What becomes of refusals, each as when its call was sent and when it came back. */
function heldUp(refusals: readonly (readonly [sentMs: number, nowMs: number])[]): boolean[] {
  const held = new HeldUp();
  return refusals.map(([sentMs, nowMs]) => held.refused(nowMs, sentMs));
}

describe('HeldUp', () => {
  test('a refusal that comes back as soon as any is not of a call that was held up', () => {
    expect(
      heldUp([
        [0, 60],
        [1000, 1080],
        [2000, 2900],
      ]),
    ).toEqual([false, false, false]);
  });

  test('all that was sent while nothing came back was held up, also the last of it; what is sent later was not', () => {
    expect(
      heldUp([
        [0, 60],
        [10_000, 20_000],
        [15_000, 20_001],
        [19_990, 20_002],
        [20_100, 20_160],
        // It is over: a quick one was sent later.
        [20_001, 20_170],
      ]),
    ).toEqual([false, true, true, true, false, false]);
  });

  test('the first refusal of all that took seconds was held up', () => {
    expect(heldUp([[10_000, 20_000]])).toEqual([true]);
  });

  test('where refusals take long by themselves those of calls sent after the first one came back count', () => {
    expect(
      heldUp([
        [0, 5000],
        [4000, 9000],
        [5001, 10_001],
        [10_000, 15_000],
      ]),
    ).toEqual([true, true, false, false]);
  });

  test('a refusal that takes a little longer than others is not late', () => {
    expect(
      heldUp([
        [0, 5000],
        [5001, 8000],
        [9000, 20_000],
      ]),
    ).toEqual([true, false, false]);
  });
});
