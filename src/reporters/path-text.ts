import { oneLine } from './one-line.ts';

const PATH_CHARS_MAX = 1_000;

/** A path, an address, or a sentence or command with such in it, as it may stand in one line of a terminal. */
export function pathText(text: string): string {
  return oneLine(text, PATH_CHARS_MAX);
}
