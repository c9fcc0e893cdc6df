import { describe, expect, test } from 'vitest';
import { createFaults, RATE_FAULTS } from '../../src/simulator/faults.ts';

const contents = Array.from({ length: 2000 }, (_, index) => `请概括第 ${index} 条客户反馈`);

function failuresUntilPassed(errorRate: number, seed: number): readonly number[] {
  const faults = createFaults(errorRate, seed);
  return contents.map((content) => {
    let failures = 0;
    while (faults.byRate(content) !== null) failures += 1;
    return failures;
  });
}

describe('createFaults by rate', () => {
  test('rate 0: nothing fails', () => {
    expect(failuresUntilPassed(0, 1).every((failures) => failures === 0)).toBe(true);
  });

  test('rate 20%: about a fifth of all calls fail and every content passes in the end', () => {
    const failed = failuresUntilPassed(0.2, 1).reduce((sum, failures) => sum + failures, 0);
    // 2,000 passes at 20% mean 500 failures; four standard deviations are about 100.
    expect(failed / (failed + contents.length)).toBeGreaterThan(0.16);
    expect(failed / (failed + contents.length)).toBeLessThan(0.24);
  });

  test('order of the askings: does not change which ones fail', () => {
    const forwards = createFaults(0.3, 9);
    const backwards = createFaults(0.3, 9);
    const first = contents.map((content) => forwards.byRate(content)?.code);
    const second = contents.toReversed().map((content) => backwards.byRate(content)?.code);
    expect(second.toReversed()).toEqual(first);
    expect(new Set(first).size).toBe(RATE_FAULTS.length + 1);
  });

  test('another seed: other contents fail', () => {
    expect(failuresUntilPassed(0.2, 1)).not.toEqual(failuresUntilPassed(0.2, 2));
  });

  test('one content asked again and again: the share of its askings fails, each drawn for itself', () => {
    const faults = createFaults(0.5, 3);
    const failed = Array.from({ length: 1000 }, () => faults.byRate('same body') !== null);
    // Four standard deviations are 63.
    const share = failed.filter(Boolean).length;
    expect(share).toBeGreaterThan(437);
    expect(share).toBeLessThan(563);
    const runs = failed.filter((isFailed, at) => isFailed !== failed[at - 1]).length;
    expect(runs).toBeGreaterThan(437);
    expect(runs).toBeLessThan(563);
  });

  test('equal contents among others: the same askings fail whatever comes between', () => {
    const alone = createFaults(0.3, 9);
    const mixed = createFaults(0.3, 9);
    const first = contents.map(() => alone.byRate('same body')?.code);
    const second = contents.map((content) => {
      mixed.byRate(content);
      return mixed.byRate('same body')?.code;
    });
    expect(second).toEqual(first);
  });

  test('a content that failed: is asked on where it stood, after however many others that pass', () => {
    const faults = createFaults(0.01, 1);
    const failed = Array.from({ length: 1000 }, (_, index) => `line ${index}`).find(
      (content) => faults.byRate(content) !== null,
    );
    expect(failed).toBeDefined();
    for (let other = 0; other < 70_000; other += 1) faults.byRate(`other ${other}`);
    expect(faults.byRate(failed ?? '')).toBeNull();
  });

  test('rate 100%: never passes', () => {
    const faults = createFaults(1, 1);
    const outcomes = Array.from({ length: 50 }, () => faults.byRate('写一首关于秋天的诗'));
    expect(outcomes.every((error) => error !== null)).toBe(true);
  });
});

describe('createFaults by directive', () => {
  test('times 2: due for the first two askings of each content', () => {
    const faults = createFaults(0, 1);
    expect([1, 2, 3].map(() => faults.isDue('翻译第一段', 2))).toEqual([true, true, false]);
    expect(faults.isDue('翻译第二段', 2)).toBe(true);
  });

  test('without times: always due', () => {
    const faults = createFaults(0, 1);
    expect([1, 2, 3].map(() => faults.isDue('翻译第一段', null))).toEqual([true, true, true]);
  });
});
