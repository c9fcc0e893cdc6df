import pLimit from 'p-limit';

/** Permission to hold one call open; returned with `Slots.put`. */
export type Slot = () => void;

/**
 * The slots of the calls in flight, a semaphore on p-limit. A returned slot goes to the next call that asks for one; only
 * slots unused for a while go back to p-limit, where each round trip costs six promises.
 */
export class Slots {
  private readonly limit: ReturnType<typeof pLimit>;
  private readonly unused: Slot[] = [];

  constructor(count: number) {
    this.limit = pLimit(count);
  }

  /** The number of slots. */
  get count(): number {
    return this.limit.concurrency;
  }

  set count(count: number) {
    this.releaseUnused();
    this.limit.concurrency = count;
  }

  /** Calls `onSlot` with a slot: at once, soon, or when one becomes free. */
  take(onSlot: (slot: Slot) => void): void {
    const unused = this.unused.pop();
    if (unused !== undefined) onSlot(unused);
    else
      void this.limit(
        () =>
          new Promise<void>((done) => {
            onSlot(done);
          }),
      );
  }

  /** The call holding a slot has ended. */
  put(slot: Slot): void {
    this.unused.push(slot);
  }

  /** Returns unused slots to p-limit. */
  releaseUnused(): void {
    for (const slot of this.unused) slot();
    this.unused.length = 0;
  }
}
