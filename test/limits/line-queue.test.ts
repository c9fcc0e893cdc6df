import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineQueue } from '../../src/limits/line-queue.ts';

type Step =
  | { readonly push: number }
  | { readonly putBack: number }
  | { readonly setAside: number; readonly forMs: number }
  | { readonly passMs: number }
  | { readonly take: 'in turn' | 'fresh first' }
  | 'drain';

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map((push) => ({ push })) },
  { weight: 2, arbitrary: fc.nat().map((putBack) => ({ putBack })) },
  {
    weight: 3,
    arbitrary: fc.record({ setAside: fc.nat(), forMs: fc.integer({ min: 0, max: 40 }) }),
  },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 30 }).map((passMs) => ({ passMs })) },
  {
    weight: 7,
    arbitrary: fc
      .constantFrom('in turn' as const, 'fresh first' as const)
      .map((take) => ({ take })),
  },
  { weight: 1, arbitrary: fc.constant('drain' as const) },
);

/** The queue as plain arrays: what came back, what is fresh, and what is aside, in no order. */
class Model {
  returned: number[] = [];
  fresh: number[] = [];
  aside: { item: number; dueMs: number }[] = [];
  sinceAside = 3;

  get all(): number[] {
    const aside = this.aside.toSorted((a, b) => a.dueMs - b.dueMs).map(({ item }) => item);
    return [...this.returned, ...this.fresh, ...aside];
  }

  get dueMs(): number {
    if (this.returned.length + this.fresh.length > 0) return -Infinity;
    return Math.min(Infinity, ...this.aside.map(({ dueMs }) => dueMs));
  }

  take(nowMs: number, freshFirst: boolean): number | undefined {
    if (this.returned.length > 0) return this.returned.shift();
    const [first] = this.aside.toSorted((a, b) => a.dueMs - b.dueMs);
    const isTurn = this.fresh.length === 0 || (!freshFirst && this.sinceAside >= 3);
    if (first !== undefined && first.dueMs <= nowMs && isTurn) {
      this.aside.splice(this.aside.indexOf(first), 1);
      this.sinceAside = 0;
      return first.item;
    }
    if (this.fresh.length > 0) this.sinceAside += 1;
    return this.fresh.shift();
  }
}

function follow(steps: readonly Step[]): void {
  let freshFirst = false;
  const queue = new LineQueue<number>(() => freshFirst);
  let model = new Model();
  let nowMs = 0;
  for (const one of steps) {
    if (one === 'drain') {
      expect(queue.drain()).toEqual(model.all);
      const { sinceAside } = model;
      model = new Model();
      model.sinceAside = sinceAside;
    } else if ('take' in one) {
      freshFirst = one.take === 'fresh first';
      const peeked = queue.peek(nowMs);
      const taken = queue.take(nowMs);
      expect(taken).toBe(model.take(nowMs, freshFirst));
      expect(peeked).toBe(taken);
    } else if ('push' in one) {
      queue.push(one.push);
      model.fresh.push(one.push);
    } else if ('putBack' in one) {
      queue.putBack(one.putBack);
      model.returned.unshift(one.putBack);
    } else if ('setAside' in one) {
      queue.setAside(one.setAside, nowMs + one.forMs);
      model.aside.push({ item: one.setAside, dueMs: nowMs + one.forMs });
    } else nowMs += one.passMs;
    expect(queue.size).toBe(model.all.length);
    expect(queue.dueMs).toBe(model.dueMs);
  }
}

test('LineQueue: any steps: the same as plain arrays', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), follow), { numRuns: 500 });
});

test('LineQueue: thousands of items, taken and pushed in turn: nothing is lost when taken ones are let go of', () => {
  const many = Array.from({ length: 5000 }, (_, index): Step => ({ push: index }));
  const mixed = Array.from({ length: 9000 }, (_, index): Step =>
    index % 3 === 0 ? { push: index } : { take: 'in turn' },
  );
  follow([...many, ...mixed]);
});

describe('LineQueue: items that were set aside', () => {
  /** Ten fresh items, and three that are due again at 0, 5 and 100 ms. */
  function queueOf(freshFirst: boolean): LineQueue<string> {
    const queue = new LineQueue<string>(() => freshFirst);
    for (const fresh of '0123456789') queue.push(fresh);
    queue.setAside('c', 100);
    queue.setAside('a', 0);
    queue.setAside('b', 5);
    return queue;
  }
  const takeAll = (queue: LineQueue<string>): string => {
    let taken = '';
    for (let item = queue.take(10); item !== undefined; item = queue.take(10)) taken += item;
    return taken;
  };

  test('what is due comes in turn with fresh ones, one of four; what is not due stays', () => {
    const queue = queueOf(false);
    expect(takeAll(queue)).toBe('a012b3456789');
    expect(queue.size).toBe(1);
    expect(queue.dueMs).toBe(100);
    expect(queue.take(100)).toBe('c');
  });

  test('fresh first: what is due comes when nothing else is left', () => {
    expect(takeAll(queueOf(true))).toBe('0123456789ab');
  });
});

test('items that were taken: let go of at once, for a line can hold megabytes', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const held = (): number => {
    // What the first one found is freed beside the program; the second one waits for that.
    collectGarbage();
    collectGarbage();
    return process.memoryUsage().arrayBuffers / (1024 * 1024);
  };
  const queue = new LineQueue<Buffer>(() => false);
  const before = held();
  for (let nth = 0; nth < 64; nth += 1) queue.push(Buffer.alloc(1024 * 1024));
  expect(held() - before).toBeGreaterThan(60);
  while (queue.size > 1) queue.take(0);
  expect(held() - before).toBeLessThan(8);
  expect(queue.take(0)?.length).toBe(1024 * 1024);
});
