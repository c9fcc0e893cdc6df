import { hash } from 'node:crypto';

/** Fingerprints are emitted in blocks of this many lines, 8 bytes a line. */
export const FINGERPRINT_LINES = 4096;
export const FINGERPRINT_BYTES = 8;

/**
 * Identifies a line later: 8 bytes of SHA-256 of its bytes, without its line end. As a Latin-1 string, one character per
 * byte, which is created and compared in half the time of a buffer.
 */
export function fingerprint(bytes: Buffer): string {
  return hash('sha256', bytes, 'binary').slice(0, FINGERPRINT_BYTES);
}
