import { printable } from '../json/compact-json.ts';

const MESSAGE_CHARS_MAX = 300;
/** Limit for why a run stopped: contains truncated foreign text, and ends with what to do next. */
export const STOP_CHARS_MAX = 800;
const ELLIPSIS = '...';

/**
 * Text from a model, a server or the input for one line of a terminal: control sequences are dropped, line breaks and runs
 * of white space become one space, and text longer than `limitChars` UTF-16 units is truncated with `...`.
 */
export function oneLine(text: string, limitChars: number = MESSAGE_CHARS_MAX): string {
  // Two more, not one: a surrogate pair that does not fit would be dropped silently.
  const shown = printable(text, limitChars + 2);
  const spaced = shown.replaceAll(/\s+/gu, ' ');
  return shown.length <= limitChars
    ? spaced
    : printable(spaced, limitChars - ELLIPSIS.length) + ELLIPSIS;
}
