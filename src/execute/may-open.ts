import type { LinesLacked, Openable } from './line-source.ts';

/** Bodies of open lines that are held at once, in bytes (guarantee 19), and those whose model may have enough lines. */
const BODY_BYTES_MAX = 128 * 1024 * 1024;
const BODY_BYTES_ENOUGH = 96 * 1024 * 1024;
const NONE: ReadonlySet<string> = new Set();

/** So many lines may be open whatever they are, so many more of models that have not plenty; and who lacks some. */
export type LineRoom = LinesLacked & {
  windowLines(this: void): number;
  readonly beyondLines: number;
};

/** Which lines may be opened beside those that are open; null: none. */
export function mayOpen(
  { size, bodyBytes }: { readonly size: number; readonly bodyBytes: number },
  room: LineRoom,
): Openable | null {
  const most = room.windowLines();
  if (bodyBytes >= BODY_BYTES_MAX || size >= most + room.beyondLines) return null;
  if (bodyBytes >= BODY_BYTES_ENOUGH && room.lacksAny(NONE)) return 'lacking';
  return size >= most ? 'not plenty' : 'any';
}
