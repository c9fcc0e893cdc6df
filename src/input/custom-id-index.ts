/** Maximum load of a table; then another one, twice as large, is added. */
const FULL_SHARE = 0.75;
const SLOTS_MIN = 1024;
/** Room for 12,500,000 ids: 67 MB, untouched until used. */
const GUESSED_SLOTS_MAX = 2 ** 24;

/** A 64-bit hash in two halves: the slot to look in, and the value stored there (never 0). */
export type CustomIdHash = { readonly place: number; readonly mark: number };

/** Hashes a string (cyrb53 by bryc, public domain, all 64 bits). */
export function hashCustomId(text: string): CustomIdHash {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return { place: low >>> 0, mark: high >>> 0 || 1 };
}

/**
 * The set of `custom_id`s seen, at 4 bytes a slot: the slot's position encodes one half of an id's hash, its value the
 * other. 10,000,000 lines take 67 MB if their number was estimated, at most 101 MB. A hit is only probable (one false
 * positive in 500 files of 10,000,000 lines): the caller confirms it by reading both lines.
 *
 * Since a slot holds only half of a hash, a table cannot be rehashed into a larger one: when full it stays, and another is
 * added.
 */
export class CustomIdIndex {
  private readonly full: Uint32Array[] = [];
  private slots: Uint32Array;
  private entries = 0;

  /** `expected`: estimated number of ids, so that one table holds them; capped, since it is only an estimate. */
  constructor(expected = 0) {
    let size = SLOTS_MIN;
    while (size * FULL_SHARE < expected && size < GUESSED_SLOTS_MAX) size *= 2;
    this.slots = new Uint32Array(size);
  }

  /** Adds the id; true if the same hash was there before. */
  add(hash: CustomIdHash): boolean {
    if (this.isInFull(hash)) return true;
    let slot = slotOf(this.slots, hash);
    if (this.slots[slot] !== 0) return true;
    if (this.entries >= this.slots.length * FULL_SHARE) {
      this.full.push(this.slots);
      this.slots = new Uint32Array(this.slots.length * 2);
      this.entries = 0;
      slot = slotOf(this.slots, hash);
    }
    this.slots[slot] = hash.mark;
    this.entries += 1;
    return false;
  }

  has(hash: CustomIdHash): boolean {
    return this.isInFull(hash) || this.slots[slotOf(this.slots, hash)] !== 0;
  }

  private isInFull(hash: CustomIdHash): boolean {
    for (const slots of this.full) if (slots[slotOf(slots, hash)] !== 0) return true;
    return false;
  }
}

/** The slot that holds the mark, or the free slot where it belongs. */
function slotOf(slots: Uint32Array, { place, mark }: CustomIdHash): number {
  const last = slots.length - 1;
  let slot = place & last;
  for (;;) {
    const present = slots[slot];
    if (present === mark || present === 0) return slot;
    slot = (slot + 1) & last;
  }
}
