import type { OutputParts } from './output-line.ts';

/** Capacity kept from one flush to the next. */
const KEPT_BYTES = 512 * 1024;
/** Maximum UTF-8 bytes per UTF-16 unit. */
const UNIT_BYTES_MAX = 3;

const NO_BYTES = Buffer.alloc(0);

/** Buffers output lines as bytes until they are passed to their file. */
export class OutputBuffer {
  private room: Buffer = NO_BYTES;
  private used = 0;

  /** Number of buffered bytes. */
  get length(): number {
    return this.used;
  }

  put({ head, body, tail }: OutputParts): void {
    this.reserve((head.length + tail.length) * UNIT_BYTES_MAX + (body?.length ?? 0));
    this.used += this.room.write(head, this.used, 'utf8');
    if (body !== null) this.used += body.copy(this.room, this.used);
    this.used += this.room.write(tail, this.used, 'utf8');
  }

  /** All buffered bytes; valid until the next `put`. */
  take(): Buffer {
    const taken = this.room.subarray(0, this.used);
    this.used = 0;
    // Do not keep the space that an exceptionally long line needed.
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
