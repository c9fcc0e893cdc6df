import { createHash } from 'node:crypto';

/** A 32-bit unsigned hash of text (FNV-1a over UTF-16 units, with a final mix). Not cryptographic. */
export function hashText(text: string, seed: number): number {
  let hash = (2_166_136_261 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
  hash = Math.imul(hash ^ (hash >>> 13), 3_266_489_909);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A reproducible source of numbers in [0, 1) (mulberry32): equal seeds give equal sequences. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of `items`, which must not be empty. */
export function pickFrom<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError('pickFrom needs at least one item');
  return item;
}

/** Identifies a request: 32 hexadecimal digits from the seed, the endpoint and the bytes of its body. */
export function requestIdentity(seed: number, endpoint: string, body: Buffer): string {
  return createHash('sha256')
    .update(`${seed}\n${endpoint}\n`)
    .update(body)
    .digest('hex')
    .slice(0, 32);
}

/** 32 hexadecimal digits formatted as a UUID, like the service's request ids. */
export function uuidFrom(identity: string): string {
  const part = (from: number, to: number): string => identity.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`;
}
