import pLimit from 'p-limit';

/** Leave to hold one call open; it goes back with `Slots.put`. */
export type Slot = () => void;

/**
 * The slots of the calls in flight: p-limit's, so that there are never more calls than that. A slot that
 * comes back goes to the next call that asks for one, and only what nobody took for a while is given
 * back to p-limit, to which each way there and back is six promises.
 */
export class Slots {
  private readonly limit: ReturnType<typeof pLimit>;
  private readonly held: Slot[] = [];

  constructor(count: number) {
    this.limit = pLimit(count);
  }

  /** How many there are. */
  get count(): number {
    return this.limit.concurrency;
  }

  set count(count: number) {
    this.giveBack();
    this.limit.concurrency = count;
  }

  /** Calls `onSlot` with a slot: at once, soon, or once there is one. */
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

  /** The call of a slot has ended. */
  put(slot: Slot): void {
    this.held.push(slot);
  }

  /** Gives back what no call has taken. */
  giveBack(): void {
    for (const slot of this.held) slot();
    this.held.length = 0;
  }
}
