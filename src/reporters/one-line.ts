import { printable } from '../json/compact-json.ts';

const MESSAGE_CHARS_MAX = 300;
/** Why a run stopped: it holds what a stranger said, cut before, and ends with what to do next. */
export const STOP_CHARS_MAX = 800;
const ELLIPSIS = '...';

/**
 * Text from a model, a server or the input as it may stand in one line of a terminal: control
 * sequences go, line breaks and runs of white space become one space, and what is longer than
 * `limitChars` UTF-16 units is cut and ends in `...`.
 */
export function oneLine(text: string, limitChars: number = MESSAGE_CHARS_MAX): string {
  // Two more, not one: a character of two units that does not fit would be left out silently.
  const shown = printable(text, limitChars + 2);
  const spaced = shown.replaceAll(/\s+/gu, ' ');
  return shown.length <= limitChars
    ? spaced
    : printable(spaced, limitChars - ELLIPSIS.length) + ELLIPSIS;
}
