/** About what a member of a map, a set or an object takes beside its texts. */
const MEMBER_BYTES = 64;
const NUMBER_BYTES = 8;

/** Such characters take two bytes, and so do all others of their text. */
const WIDE = /[^\0-\xff]/;

/**
 * About the bytes that plain data takes at the most: its texts, and something for each
 * member. An array is of one kind of members. Goes through all of it, so not for every frame.
 */
export function heldBytes(value: unknown): number {
  if (typeof value === 'string') {
    // V8 keeps a text that was put together as its pieces, 33 bytes each, until it is looked into.
    return value.length * (WIDE.test(value) ? 2 : 1);
  }
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  if (Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value) && typeof value[0] === 'number') return value.length * NUMBER_BYTES;
  let bytes = 0;
  if (value instanceof Map || value instanceof Set) {
    // A set's entries name each value twice.
    for (const [key, member] of value.entries()) {
      bytes += MEMBER_BYTES + heldBytes(member) + (value instanceof Map ? heldBytes(key) : 0);
    }
    return bytes;
  }
  for (const member of Object.values(value)) bytes += MEMBER_BYTES + heldBytes(member);
  return bytes;
}
