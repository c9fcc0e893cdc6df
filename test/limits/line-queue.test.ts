import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineQueue } from '../../src/limits/line-queue.ts';

type Step = { readonly push: number } | { readonly putBack: number } | 'take' | 'drain';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map((push) => ({ push })) },
  { weight: 2, arbitrary: fc.nat().map((putBack) => ({ putBack })) },
  { weight: 6, arbitrary: fc.constant('take' as const) },
  { weight: 1, arbitrary: fc.constant('drain' as const) },
);

function follow(steps: readonly Step[]): void {
  const queue = new LineQueue<number>();
  let model: number[] = [];
  for (const one of steps) {
    if (one === 'take') expect(queue.take()).toBe(model.shift());
    else if (one === 'drain') {
      expect(queue.drain()).toEqual(model);
      model = [];
    } else if ('push' in one) {
      queue.push(one.push);
      model.push(one.push);
    } else {
      queue.putBack(one.putBack);
      model.unshift(one.putBack);
    }
    expect(queue.size).toBe(model.length);
    expect(queue.peek()).toBe(model[0]);
  }
}

test('LineQueue: any steps: the same as an array that is pushed at the end, taken from and put back to the head', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), follow));
});

test('LineQueue: thousands of items, taken and pushed in turn: nothing is lost when taken ones are let go of', () => {
  const many = Array.from({ length: 5000 }, (_, index): Step => ({ push: index }));
  const mixed = Array.from({ length: 9000 }, (_, index): Step =>
    index % 3 === 0 ? { push: index } : 'take',
  );
  follow([...many, ...mixed]);
});
