/** The table doubles when it is this full. */
const FULL_SHARE = 0.75;
const LOW_ROOM = 2 ** 32;
/** Room for 12,500,000 ids: 134 MB, which is not touched before it is used. */
const GUESSED_SLOTS_MAX = 2 ** 24;

/** A 53-bit hash of a string (cyrb53 by bryc, public domain), never 0. */
export function hashCustomId(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (high & 0x1fffff) * LOW_ROOM + (low >>> 0) || 1;
}

/**
 * The set of `custom_id`s seen, as 53-bit hashes at 8 bytes a slot, so that 10,000,000 lines need
 * about 130 MB at the most. A repeat is only likely (one false one in 200 files of 10,000,000
 * lines): the caller confirms it by reading both lines.
 */
export class CustomIdIndex {
  private slots: Float64Array;
  private entries = 0;

  /** `expected`: about how many ids will come, to spare the table its doublings; a guess gets so much room and no more. */
  constructor(expected = 0) {
    let size = 1024;
    while (size * FULL_SHARE < expected && size < GUESSED_SLOTS_MAX) size *= 2;
    this.slots = new Float64Array(size);
  }

  /** Notes the id; true where the same hash was there before. */
  add(hash: number): boolean {
    if (this.entries >= this.slots.length * FULL_SHARE) this.grow();
    if (!this.put(hash)) return true;
    this.entries += 1;
    return false;
  }

  has(hash: number): boolean {
    return this.slots[this.slotOf(hash)] === hash;
  }

  private put(hash: number): boolean {
    const slot = this.slotOf(hash);
    if (this.slots[slot] === hash) return false;
    this.slots[slot] = hash;
    return true;
  }

  /** Where the hash stands, or the free slot where it would. */
  private slotOf(hash: number): number {
    const mask = this.slots.length - 1;
    let slot = (hash % LOW_ROOM) & mask;
    for (;;) {
      const present = this.slots[slot];
      if (present === hash || present === 0) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Float64Array(old.length * 2);
    for (const hash of old) if (hash !== 0) this.put(hash);
  }
}
