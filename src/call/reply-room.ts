/** Total bytes that replies in flight may hold before their readers wait for each other (guarantee 19). */
const REPLIES_BYTES_MAX: number = 192 * 1024 * 1024;
/** Sockets are read in pieces of about this size. */
const PIECE_BYTES = 64 * 1024;

/** A reader of a reply; `pause` and `resume` control its connection. */
export type ReplyReader = { pause(): void; resume(): void };

/**
 * The bytes of all replies being read, or read but not yet committed. Above the limit one reader goes on, so that something
 * always ends, and each other one waits before its next piece until there is room: with the cap per reply that is the limit
 * plus one reply, however many calls are in flight. If a reply has ended, no reader needs to go on: its commit frees room.
 */
export class ReplyRoom {
  private bytes = 0;
  /** The part held by complete replies not yet committed. */
  private endedBytes = 0;
  private first: ReplyReader | null = null;
  private readonly waiting: Set<ReplyReader> = new Set();
  private readonly bytesMax: number;

  constructor(bytesMax: number = REPLIES_BYTES_MAX) {
    this.bytesMax = bytesMax;
  }

  /** A reader holds `bytes` more. */
  take(reader: ReplyReader, bytes: number): void {
    this.bytes += bytes;
    if (this.bytes <= this.bytesMax) return;
    if (this.endedBytes === 0) this.first ??= reader;
    if (this.first === reader) return;
    this.waiting.add(reader);
    reader.pause();
  }

  /** A complete reply turned out to hold `bytes` more. */
  grow(bytes: number): void {
    this.bytes += bytes;
  }

  /** A reader is done; the `bytes` it held stay counted until `free`. */
  end(reader: ReplyReader, bytes: number): void {
    this.endedBytes += bytes;
    this.waiting.delete(reader);
    if (this.first === reader) this.first = null;
    this.wake();
  }

  /** Frees `bytes` of ended replies. */
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
