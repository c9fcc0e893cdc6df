import { setFlagsFromString } from 'node:v8';

/** With so many calls in flight the heap may double between two collections. */
const DOUBLING_CALLS = 256;
const PERCENT_MIN = 10;
const PERCENT_MAX = 100;

/** What V8 was told last; null: nothing. */
let flagNow: string | null = null;

/** V8's flag for by how much of what lives the heap may grow until it is collected. */
export function heapGrowthFlag(callsInFlight: number): string {
  const percent = Math.round((PERCENT_MAX * DOUBLING_CALLS) / Math.max(1, callsInFlight));
  return `--heap-growing-percent=${Math.min(PERCENT_MAX, Math.max(PERCENT_MIN, percent))}`;
}

/**
 * Bounds the garbage that this process keeps, for a run with so many calls in flight. By itself V8
 * lets a heap grow to up to four times what lives in it before it collects, which a long run that
 * is fast reaches: 40 MB more, for nothing. And what lives grows with the calls (13 KB each), so
 * that the same share of it would be much with ten thousand; there calls are long and collections
 * have time.
 *
 * The flag is read at each collection, so that it may be set while the process runs (V8,
 * src/heap/heap-controller.cc; seen with Node.js 20, 22 and 24). Node's own modules that are loaded
 * after that are compiled anew, some milliseconds, since V8 keeps compiled code by its flags: it is
 * set when a run begins, and not before. It holds for the whole process: the library leaves its
 * user's alone.
 */
export function boundGarbage(callsInFlight: number): void {
  const flag = heapGrowthFlag(callsInFlight);
  if (flag === flagNow) return;
  flagNow = flag;
  setFlagsFromString(flag);
}
