/** What replies in flight may hold together before their readers wait for each other (guarantee 19). */
const REPLIES_BYTES_MAX: number = 192 * 1024 * 1024;
/** A socket is read in pieces of about this size. */
const PIECE_BYTES = 64 * 1024;

/** Whoever reads a reply; `pause` and `resume` hold up its connection. */
export type ReplyReader = { pause(): void; resume(): void };

/**
 * The bytes of all replies that are being read, or have been and are not committed yet. Beyond the
 * most, one reader goes on, so that something always ends, and each other one waits from its next
 * piece on until there is room: with a reply's own cap that is the most and one reply more, however
 * many calls are in flight. Where a reply has ended, nobody has to: its commit makes room.
 */
export class ReplyRoom {
  private bytes = 0;
  /** Of these, what belongs to replies that have come whole and are still to be committed. */
  private endedBytes = 0;
  private first: ReplyReader | null = null;
  private readonly waiting: Set<ReplyReader> = new Set();
  private readonly bytesMax: number;

  constructor(bytesMax: number = REPLIES_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  /** A reader holds so many bytes more. */
  take(reader: ReplyReader, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.bytesMax) return;
    if (this.endedBytes === 0) this.first ??= reader;
    if (this.first === reader) return;
    this.waiting.add(reader);
    reader.pause();
  }

  /** What a reader holds has turned out to be so much more, now that it has come whole. */
  grow(bytes: number): void {
    this.bytes += bytes;
  }

  /** A reader is done; the `bytes` it held are there until `free`. */
  end(reader: ReplyReader, bytes: number): void {
    this.endedBytes += bytes;
    this.waiting.delete(reader);
    if (this.first === reader) this.first = null;
    this.wake();
  }

  /** So much of replies that have ended is held no more. */
  free(bytes: number): void {
    if (bytes === 0) return;
    this.bytes -= bytes;
    this.endedBytes -= bytes;
    this.wake();
  }

  private wake(): void {
    if (this.waiting.size === 0) return;
    let room = Math.floor((this.bytesMax - this.bytes) / PIECE_BYTES);
    for (const next of this.waiting) {
      if (room < 1 && (this.first !== null || this.endedBytes > 0)) return;
      if (room < 1) this.first = next;
      room -= 1;
      this.waiting.delete(next);
      next.resume();
    }
  }
}
