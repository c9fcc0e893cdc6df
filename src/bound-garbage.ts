import { setFlagsFromString } from 'node:v8';

/** Up to this many calls in flight the heap may double between two collections. */
const DOUBLING_CALLS = 256;
const PERCENT_MIN = 10;
const PERCENT_MAX = 100;

/** The flag last passed to V8; null: none. */
let flagNow: string | null = null;

/** V8's flag for how much the heap may grow, relative to its live size, before a collection. */
export function heapGrowthFlag(callsInFlight: number): string {
  const percent = Math.round((PERCENT_MAX * DOUBLING_CALLS) / Math.max(1, callsInFlight));
  return `--heap-growing-percent=${Math.min(PERCENT_MAX, Math.max(PERCENT_MIN, percent))}`;
}

/**
 * Bounds the garbage kept by this process, given the calls in flight. By default V8 lets a heap grow up to four times its
 * live size before it collects, which a long, fast run reaches: 40 MB more, without benefit. And the live size grows with
 * the calls (13 KB each), so that the same share would be much with ten thousand; there calls are long and leave time for
 * collections.
 *
 * The flag is read at each collection, so it may be set at run time (V8, src/heap/heap-controller.cc; seen with Node.js 20,
 * 22 and 24). Node's own modules loaded after that are recompiled, some milliseconds, since V8's code cache depends on its
 * flags: it is set when a run begins, not before. It applies to the whole process: the library does not touch its host's.
 */
export function boundGarbage(callsInFlight: number): void {
  const flag = heapGrowthFlag(callsInFlight);
  if (flag === flagNow) return;
  flagNow = flag;
  setFlagsFromString(flag);
}
