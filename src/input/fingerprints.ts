import { FINGERPRINT_BYTES, FINGERPRINT_LINES, fingerprint } from '../fingerprint.ts';
import type { RawLine } from '../read.ts';

/** Receives 8 bytes of SHA-256 per line (zero: blank), one block of lines at a time; block 0 begins with line 1. */
export type OnFingerprints = (block: number, fingerprints: Buffer) => void;

/** Collects the fingerprints of an input's lines and emits them in blocks. */
export class Fingerprints {
  private block = 0;
  private bytes: Buffer = Buffer.alloc(FINGERPRINT_LINES * FINGERPRINT_BYTES);
  private readonly emit: OnFingerprints;

  constructor(emit: OnFingerprints) {
    this.emit = emit;
  }

  add(line: RawLine): void {
    const index = line.lineNo - 1;
    const block = Math.floor(index / FINGERPRINT_LINES);
    while (this.block < block) this.flush();
    const at = (index % FINGERPRINT_LINES) * FINGERPRINT_BYTES;
    this.bytes.write(fingerprint(line.bytes), at, 'latin1');
  }

  /** Emits the current block. */
  flush(): void {
    this.emit(this.block, this.bytes);
    this.bytes = Buffer.alloc(FINGERPRINT_LINES * FINGERPRINT_BYTES);
    this.block += 1;
  }
}
