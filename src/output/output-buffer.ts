import type { OutputParts } from './output-line.ts';

/** Room that is kept from one flush to the next. */
const KEPT_BYTES = 512 * 1024;
/** UTF-8 bytes of one UTF-16 unit at the most. */
const UNIT_BYTES_MAX = 3;

const NO_BYTES = Buffer.alloc(0);

/** Output lines side by side as bytes, until they are handed to their file. */
export class OutputBuffer {
  private room: Buffer = NO_BYTES;
  private used = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.used;
  }

  put({ head, body, tail }: OutputParts): void {
    this.reserve((head.length + tail.length) * UNIT_BYTES_MAX + (body?.length ?? 0));
    this.used += this.room.write(head, this.used, 'utf8');
    if (body !== null) this.used += body.copy(this.room, this.used);
    this.used += this.room.write(tail, this.used, 'utf8');
  }

  /** All that waits; good until the next `put`. */
  take(): Buffer {
    const taken = this.room.subarray(0, this.used);
    this.used = 0;
    // What an exceptionally long line needed is not kept.
    if (this.room.length > KEPT_BYTES) this.room = NO_BYTES;
    return taken;
  }

  private reserve(bytes: number): void {
    const wanted = this.used + bytes;
    if (wanted <= this.room.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(KEPT_BYTES, wanted, this.used * 2));
    this.room.copy(grown, 0, 0, this.used);
    this.room = grown;
  }
}
