/** Approximate overhead of a member of a map, set or object besides its strings. */
const MEMBER_BYTES = 64;
const NUMBER_BYTES = 8;

/** Such characters take two bytes, and then so do all others of the string. */
const WIDE = /[^\0-\xff]/;

/**
 * Approximate upper bound of the bytes held by plain data: its strings plus overhead per member. Arrays are homogeneous.
 * Walks all of it, so not for every frame.
 */
export function heldBytes(value: unknown): number {
  if (typeof value === 'string') {
    // V8 keeps a concatenated string as a rope, 33 bytes per piece, until it is flattened.
    return value.length * (WIDE.test(value) ? 2 : 1);
  }
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  if (Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value) && typeof value[0] === 'number') return value.length * NUMBER_BYTES;
  let bytes = 0;
  if (value instanceof Map || value instanceof Set) {
    // A set's entries repeat each value as its key.
    for (const [key, member] of value.entries()) {
      bytes += MEMBER_BYTES + heldBytes(member) + (value instanceof Map ? heldBytes(key) : 0);
    }
    return bytes;
  }
  for (const member of Object.values(value)) bytes += MEMBER_BYTES + heldBytes(member);
  return bytes;
}
