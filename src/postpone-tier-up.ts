import { setFlagsFromString } from 'node:v8';

/** How much a WebAssembly function may run before V8 recompiles it: close to the flag's maximum. */
export const TIER_UP_FLAG = '--wasm-tiering-budget=2000000000';

/**
 * Postpones V8's second compilation of WebAssembly, with its optimising compiler. By default it does so to undici's HTTP
 * parser at the first reply, in a background thread, and no process exits before that is done: 250 ms of processor time and
 * 42 MB, and a run of a few calls ends 200 ms later. The gain is 0.6 us per reply (1.0 to 0.4, Node.js 20.20), so that it
 * pays from some 400,000 replies on; the flag's maximum postpones it to some 1,100. The token counter (200 texts) likewise:
 * 150 ms and 20 MB of a `check` of short texts; with 50 KB each it takes as long either way.
 *
 * The flag is read when a module is compiled, so this comes before the first call and count, and after the program is
 * loaded: Node's own modules loaded after any flag was set are compiled without their cache (20 ms more at the very start).
 * It applies to the whole process: the library does not touch its host's.
 */
export function postponeTierUp(): void {
  setFlagsFromString(TIER_UP_FLAG);
}
