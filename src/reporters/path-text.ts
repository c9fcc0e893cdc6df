import { printable } from '../json/compact-json.ts';

const PATH_CHARS_MAX = 1_000;
const ELLIPSIS = '...';

/**
 * A path, an address, or a sentence or command with such in it, as it may stand in one line of a terminal. Its white
 * space is left as it is, but for line breaks and tabs: who copies it means that file.
 */
export function pathText(text: string): string {
  const shown = printable(text, PATH_CHARS_MAX + 1);
  return shown.length <= PATH_CHARS_MAX
    ? shown
    : printable(shown, PATH_CHARS_MAX - ELLIPSIS.length) + ELLIPSIS;
}
