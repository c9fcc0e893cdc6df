import type { Clock } from '../../src/clock.ts';

export type Timer = { readonly atMs: number; readonly order: number; run: (() => void) | null };

/** A clock whose time moves only when everything that is ready has been done. */
export type VirtualTime = Clock & {
  /** Runs timers in their order until none is left or `isOver` says so. */
  run(isOver: () => boolean): Promise<void>;
};

function isBefore(one: Timer, other: Timer): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** A binary heap: the first timer to fall due at index 0. */
export class Heap {
  private readonly timers: Timer[] = [];

  get first(): Timer | undefined {
    return this.timers[0];
  }

  push(timer: Timer): void {
    const { timers } = this;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = timers[parent] as Timer;
      if (!isBefore(timer, above)) break;
      timers[at] = above;
      at = parent;
    }
    timers[at] = timer;
  }

  pop(): Timer | undefined {
    const { timers } = this;
    const first = timers[0];
    const last = timers.pop();
    if (first === undefined || last === undefined || timers.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      const right = timers[child + 1];
      if (right !== undefined && isBefore(right, timers[child] as Timer)) child += 1;
      if (!isBefore(timers[child] as Timer, last)) break;
      timers[at] = timers[child] as Timer;
      at = child;
    }
    timers[at] = last;
    return first;
  }
}

/** Time as the laboratory has it: hours pass in seconds. `random` is the clock's source. */
export function createVirtualTime(random: () => number): VirtualTime {
  const heap = new Heap();
  let nowMs = 0;
  let order = 0;
  return {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    random,
    after(ms, run) {
      const timer: Timer = { atMs: nowMs + Math.max(0, ms), order, run };
      order += 1;
      heap.push(timer);
      return () => {
        timer.run = null;
      };
    },
    async run(isOver) {
      await ready();
      for (let timer = heap.pop(); timer !== undefined; timer = heap.pop()) {
        if (timer.run === null) continue;
        nowMs = timer.atMs;
        timer.run();
        await ready();
        if (isOver()) return;
      }
    },
  };
}

/** Until every promise that is ready has been acted upon. */
function ready(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A repeatable source of numbers in [0, 1): mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A normally distributed number from two uniform ones. */
export function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
