import pLimit from 'p-limit';

/** Permission to hold one call open; returned with `Slots.put`. */
export type Slot = () => void;

/**
 * The slots of the calls in flight, a semaphore on p-limit. A returned slot goes to the next call that asks for one; only
 * slots unused for a while go back to p-limit, where each round trip costs six promises.
 */
export class Slots {
  private readonly limit: ReturnType<typeof pLimit>;
  private readonly held: Slot[] = [];

  constructor(count: number) {
    this.limit = pLimit(count);
  }

  /** The number of slots. */
  get count(): number {
    return this.limit.concurrency;
  }

  set count(count: number) {
    this.giveBack();
    this.limit.concurrency = count;
  }

  /** Calls `onSlot` with a slot: at once, soon, or when one becomes free. */
  take(onSlot: (slot: Slot) => void): void {
    const held = this.held.pop();
    if (held !== undefined) onSlot(held);
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
    this.held.push(slot);
  }

  /** Returns unused slots to p-limit. */
  giveBack(): void {
    for (const slot of this.held) slot();
    this.held.length = 0;
  }
}
