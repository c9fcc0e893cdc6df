import { hash } from 'node:crypto';

/** Maximum load; then the table doubles. */
const FULL_SHARE = 0.75;
const LOW_ROOM = 2 ** 32;

/**
 * The first line of each `custom_id`, at 16 bytes a slot: ids are recognized by 84 bits of their SHA-256, so that a million
 * repeated ids need no million strings.
 */
export class FirstLines {
  private size = 1024;
  private entries = 0;
  private keys: Float64Array = new Float64Array(this.size);
  private checks: Uint32Array = new Uint32Array(this.size);
  private lines: Uint32Array = new Uint32Array(this.size);

  /** The line that first gave this id: `lineNo` itself if it is new. */
  firstOf(customId: string, lineNo: number): number {
    if (this.entries >= this.size * FULL_SHARE) this.grow();
    // In UTF-8 all lone surrogates would be equal.
    const digest = hash('sha256', Buffer.from(customId, 'utf16le'), 'buffer');
    // A 52-bit integer, never 0, which marks a free slot.
    const key = (digest.readUInt32LE(4) & 0xfffff) * LOW_ROOM + digest.readUInt32LE(0) || 1;
    const first = this.put(key, digest.readUInt32LE(8), lineNo);
    if (first === lineNo) this.entries += 1;
    return first;
  }

  private put(key: number, check: number, lineNo: number): number {
    const mask = this.size - 1;
    let slot = (key % LOW_ROOM) & mask;
    while (this.keys[slot] !== 0) {
      if (this.keys[slot] === key && this.checks[slot] === check) return this.lines[slot] ?? lineNo;
      slot = (slot + 1) & mask;
    }
    this.keys[slot] = key;
    this.checks[slot] = check;
    this.lines[slot] = lineNo;
    return lineNo;
  }

  private grow(): void {
    const { keys, checks, lines } = this;
    this.size *= 2;
    this.keys = new Float64Array(this.size);
    this.checks = new Uint32Array(this.size);
    this.lines = new Uint32Array(this.size);
    for (const [slot, key] of keys.entries()) {
      if (key !== 0) this.put(key, checks[slot] ?? 0, lines[slot] ?? 0);
    }
  }
}
