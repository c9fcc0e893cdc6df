import { expect, test } from 'vitest';
import { seeded } from '../../bench/laboratory/virtual-time.ts';
import { RefusalPhases } from '../../src/limits/refusal-phases.ts';

const TEN_A_SECOND = 0.01;

/** So many refusals, some seconds apart, each so far into its second. */
function refusedAt(count: number, phaseMs: () => number): RefusalPhases {
  const phases = new RefusalPhases();
  for (let nth = 0; nth < count; nth += 1) phases.refused(nth * 3000 + phaseMs());
  return phases;
}

test.each([0, 330, 950, 999])(
  'refusals %i ms into their seconds, give or take fifty, are at one phase',
  (atMs) => {
    const random = seeded(7);
    const phases = refusedAt(12, () => atMs + random() * 100 - 50);
    expect(phases.areConcentrated(40_000, TEN_A_SECOND)).toBe(true);
  },
);

test('the last fifth of a second is one phase as well', () => {
  const random = seeded(7);
  expect(refusedAt(12, () => 800 + random() * 200).areConcentrated(40_000, TEN_A_SECOND)).toBe(
    true,
  );
});

test('refusals at any time: hardly ever taken for one phase', () => {
  let taken = 0;
  for (let seed = 1; seed <= 1000; seed += 1) {
    const random = seeded(seed);
    if (refusedAt(14, () => random() * 1000).areConcentrated(45_000, TEN_A_SECOND)) taken += 1;
  }
  // One in some hundred, as of directions at random.
  expect(taken).toBeLessThan(15);
});

test('nine refusals prove nothing, nor do ten long ago, nor those of a lane of two calls a second', () => {
  expect(refusedAt(9, () => 950).areConcentrated(30_000, TEN_A_SECOND)).toBe(false);
  expect(refusedAt(10, () => 950).areConcentrated(30_000, TEN_A_SECOND)).toBe(true);
  expect(refusedAt(10, () => 950).areConcentrated(300_000, TEN_A_SECOND)).toBe(false);
  expect(refusedAt(10, () => 950).areConcentrated(30_000, 0.002)).toBe(false);
});

test('consecutive tries while everything is refused count as one refusal', () => {
  const phases = new RefusalPhases();
  for (let atMs = 5000; atMs < 5900; atMs += 50) phases.refused(atMs);
  expect(phases.areConcentrated(6000, TEN_A_SECOND)).toBe(false);
});

test('random refusals, thirty a second: sampled now and then, but not at one phase of the second', () => {
  let taken = 0;
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = seeded(seed);
    const phases = new RefusalPhases();
    let atMs = 0;
    while (atMs < 40_000) {
      atMs -= Math.log(1 - random()) * 33;
      phases.refused(atMs);
    }
    if (phases.areConcentrated(atMs, TEN_A_SECOND)) taken += 1;
  }
  expect(taken).toBeLessThan(6);
});
