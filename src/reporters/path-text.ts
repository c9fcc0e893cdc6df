import { printable } from '../json/compact-json.ts';

const PATH_CHARS_MAX = 1_000;
const ELLIPSIS = '...';

/**
 * A path, an address, or a sentence or command containing one, for one line of a terminal. White space is kept except for
 * line breaks and tabs, so that it can be copied.
 */
export function pathText(text: string): string {
  const shown = printable(text, PATH_CHARS_MAX + 1);
  return shown.length <= PATH_CHARS_MAX
    ? shown
    : printable(shown, PATH_CHARS_MAX - ELLIPSIS.length) + ELLIPSIS;
}
