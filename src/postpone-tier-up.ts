import { setFlagsFromString } from 'node:v8';

/** How much a function of WebAssembly may do before V8 compiles it anew: close to the most that the flag can be. */
export const TIER_UP_FLAG = '--wasm-tiering-budget=2000000000';

/**
 * Postpones that V8 compiles WebAssembly a second time, with its optimising compiler. By itself it does so to undici's
 * HTTP parser at the first reply, in a thread beside, and no process exits before that is done: 250 ms of processor
 * time and 42 MB, and a run of a few calls ends 200 ms later. What is won is 0.6 us a reply (1.0 to 0.4, Node.js
 * 20.20), so that it pays from some 400,000 replies on; the flag's most puts it off to some 1,100. The counter of
 * tokens (200 texts) likewise: 150 ms and 20 MB of a `check` of short texts; with 50 KB each it takes as long either way.
 *
 * The flag is read when a module is compiled, so this comes before the first call and count, and after the program
 * is loaded: Node's own modules that are loaded after any flag was set are compiled without their cache (20 ms more at
 * the very start). It holds for the whole process: the library leaves its user's alone.
 */
export function postponeTierUp(): void {
  setFlagsFromString(TIER_UP_FLAG);
}
