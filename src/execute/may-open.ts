import type { LineDemand, Openable } from './line-source.ts';

/** Total body bytes of open lines (guarantee 19), and the amount above which only models that need lines get more. */
const BODY_BYTES_MAX = 128 * 1024 * 1024;
const BODY_BYTES_ENOUGH = 96 * 1024 * 1024;
const NONE: ReadonlySet<string> = new Set();

/** How many lines may be open of any model, how many more of models without plenty, and which models need lines. */
export type LineRoom = LineDemand & {
  windowLines(this: void): number;
  readonly beyondLines: number;
};

/** Which further lines may be opened; null: none. */
export function mayOpen(
  { size, bodyBytes }: { readonly size: number; readonly bodyBytes: number },
  room: LineRoom,
): Openable | null {
  const most = room.windowLines();
  if (bodyBytes >= BODY_BYTES_MAX || size >= most + room.beyondLines) return null;
  if (bodyBytes >= BODY_BYTES_ENOUGH && room.lacksAny(NONE)) return 'lacking';
  return size >= most ? 'not plenty' : 'any';
}
