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

  test('a content that has passed: passes ever after', () => {
    const faults = createFaults(0.5, 3);
    for (const content of contents.slice(0, 100)) while (faults.byRate(content) !== null);
    const later = contents.slice(0, 100).map((content) => faults.byRate(content));
    expect(later.every((error) => error === null)).toBe(true);
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
