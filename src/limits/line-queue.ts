/** First in, first out, but what was refused comes back to the head. Both ends in constant time. */
export class LineQueue<T> {
  private returned: T[] = [];
  private items: T[] = [];
  private head = 0;

  get size(): number {
    return this.returned.length + this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  /** Puts an item before all others. */
  putBack(item: T): void {
    this.returned.push(item);
  }

  peek(): T | undefined {
    return this.returned.at(-1) ?? this.items[this.head];
  }

  take(): T | undefined {
    if (this.returned.length > 0) return this.returned.pop();
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.head += 1;
    // Taken items are let go of in stretches, so that taking stays cheap.
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  drain(): T[] {
    const all = [...this.returned.toReversed(), ...this.items.slice(this.head)];
    this.returned = [];
    this.items = [];
    this.head = 0;
    return all;
  }
}
