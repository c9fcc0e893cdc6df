/** After an item set aside, at least this many fresh items are taken, if there are any. */
const FRESH_BETWEEN = 3;

type Aside<T> = { readonly item: T; readonly dueMs: number };

/**
 * A FIFO queue in which a refused item goes back to the head, or is set aside until it is due again. Constant time at both
 * ends; few items are aside. Times are monotonic milliseconds.
 */
export class LineQueue<T> {
  private returned: T[] = [];
  /** The queue starts at `head`; slots before it belonged to taken items. */
  private items: (T | undefined)[] = [];
  private head = 0;
  /** Sorted by due time. */
  private aside: Aside<T>[] = [];
  private freshTaken = FRESH_BETWEEN;
  private readonly isFreshFirst: () => boolean;

  /** `isFreshFirst`: whether, for now, items set aside are taken only when nothing else is left. */
  constructor(isFreshFirst: () => boolean) {
    this.isFreshFirst = isFreshFirst;
  }

  get size(): number {
    return this.returned.length + this.items.length - this.head + this.aside.length;
  }

  /** When there is something to take; Infinity: the queue is empty. */
  get dueMs(): number {
    if (this.returned.length > 0 || this.head < this.items.length) return -Infinity;
    return this.aside[0]?.dueMs ?? Infinity;
  }

  /** Whether the item that would be taken now was never taken before. */
  isFreshNext(nowMs: number): boolean {
    return this.returned.length === 0 && this.head < this.items.length && !this.isAsideNext(nowMs);
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Puts an item back at the head. */
  putBack(item: T): void {
    this.returned.push(item);
  }

  /** Sets an item aside: it is not taken before `dueMs`, and then alternates with fresh ones. */
  setAside(item: T, dueMs: number): void {
    const at = this.aside.findLastIndex((one) => one.dueMs <= dueMs) + 1;
    this.aside.splice(at, 0, { item, dueMs });
  }

  /** The item that would be taken now. */
  peek(nowMs: number): T | undefined {
    if (this.isAsideNext(nowMs)) return this.aside[0]?.item;
    return this.returned.at(-1) ?? this.items[this.head];
  }

  take(nowMs: number): T | undefined {
    if (this.isAsideNext(nowMs)) {
      this.freshTaken = 0;
      return this.aside.shift()?.item;
    }
    if (this.returned.length > 0) return this.returned.pop();
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.freshTaken += 1;
    // Release the item at once: a line can hold megabytes. Freed slots are compacted in bulk, so that taking stays cheap.
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  drain(): T[] {
    const all = [
      ...this.returned.toReversed(),
      ...this.items.slice(this.head).filter((item) => item !== undefined),
      ...this.aside.map(({ item }) => item),
    ];
    this.returned = [];
    this.items = [];
    this.head = 0;
    this.aside = [];
    return all;
  }

  private isAsideNext(nowMs: number): boolean {
    const [first] = this.aside;
    if (first === undefined || first.dueMs > nowMs || this.returned.length > 0) return false;
    const isFreshLeft = this.head < this.items.length;
    return !isFreshLeft || (this.freshTaken >= FRESH_BETWEEN && !this.isFreshFirst());
  }
}
