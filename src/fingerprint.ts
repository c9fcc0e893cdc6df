import { hash } from 'node:crypto';

/** Fingerprints are handed on in blocks of this many lines, 8 bytes a line. */
export const FINGERPRINT_LINES = 4096;
export const FINGERPRINT_BYTES = 8;

/**
 * What a line is recognised by later: 8 bytes of SHA-256 of its bytes, without its line end. As a Latin-1
 * text, a character a byte, which is made and compared in half the time of a buffer.
 */
export function fingerprint(bytes: Buffer): string {
  return hash('sha256', bytes, 'binary').slice(0, FINGERPRINT_BYTES);
}
