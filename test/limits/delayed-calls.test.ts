import { describe, expect, test } from 'vitest';
import { DelayedCalls } from '../../src/limits/delayed-calls.ts';

type Refusal = readonly [sentMs: number, nowMs: number];

/** What becomes of refusals of a lane that gets an answer each `everyMs`, but at these times alone. */
function wereDelayed(
  refusals: readonly Refusal[],
  { answeredMs, everyMs = 100 }: { answeredMs: (atMs: number) => boolean; everyMs?: number },
): boolean[] {
  const held = new DelayedCalls();
  const verdicts: boolean[] = [];
  for (let nowMs = 0; nowMs <= 60_000; nowMs += 1) {
    if (nowMs % everyMs === 0 && answeredMs(nowMs)) held.replied(nowMs);
    for (const [sentMs] of refusals.filter(([, atMs]) => atMs === nowMs))
      verdicts.push(held.refused(nowMs, sentMs));
  }
  return verdicts;
}

const always = { answeredMs: () => true };
const notInTenSeconds = { answeredMs: (atMs: number) => atMs <= 10_000 || atMs > 20_000 };

describe('DelayedCalls', () => {
  test('a quick refusal is not of a call that was delayed', () => {
    expect(
      wereDelayed(
        [
          [0, 60],
          [1000, 1080],
          [2000, 2900],
        ],
        always,
      ),
    ).toEqual([false, false, false]);
  });

  test('all calls sent while nothing came back were delayed, including the last; later ones were not', () => {
    expect(
      wereDelayed(
        [
          [0, 60],
          [10_000, 20_000],
          [15_000, 20_001],
          [19_990, 20_002],
          [20_100, 20_160],
          [20_001, 20_170],
        ],
        notInTenSeconds,
      ),
    ).toEqual([false, true, true, true, false, false]);
  });

  test('calls sent between the first answer and the first refusal after it arrived with the rest', () => {
    expect(
      wereDelayed(
        [
          [12_000, 20_160],
          [20_150, 20_210],
          [20_170, 20_230],
        ],
        notInTenSeconds,
      ),
    ).toEqual([true, true, false]);
  });

  test('at every stall, even if nothing was refused in between', () => {
    const eachTwenty = { answeredMs: (atMs: number) => atMs % 20_000 < 10_000 };
    expect(
      wereDelayed(
        [
          [12_000, 20_050],
          [32_000, 40_050],
        ],
        eachTwenty,
      ),
    ).toEqual([true, true]);
  });

  test('if others are answered meanwhile the service is slow to refuse: always, or now and then', () => {
    expect(
      wereDelayed(
        [
          [10_000, 20_000],
          [15_000, 25_000],
          [30_000, 30_060],
          [31_000, 36_000],
        ],
        always,
      ),
    ).toEqual([false, false, false, false]);
  });

  test('if answers are few, or none came yet, silence proves nothing', () => {
    expect(wereDelayed([[12_000, 20_000]], { ...notInTenSeconds, everyMs: 3000 })).toEqual([false]);
    const notInThreeSeconds = { answeredMs: (atMs: number) => atMs <= 17_000 || atMs > 20_000 };
    expect(wereDelayed([[12_000, 20_000]], { ...notInThreeSeconds, everyMs: 1000 })).toEqual([
      false,
    ]);
    expect(wereDelayed([[12_000, 20_000]], { answeredMs: () => false })).toEqual([false]);
  });

  test('a refusal slightly slower than others is not late', () => {
    expect(
      wereDelayed(
        [
          [0, 4000],
          [10_000, 20_000],
        ],
        notInTenSeconds,
      ),
    ).toEqual([false, false]);
  });
});
