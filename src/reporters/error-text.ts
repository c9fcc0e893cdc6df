import { QbatchError } from '../errors.ts';
import { printable } from '../json/compact-json.ts';
import { hintText } from './hint-text.ts';
import { VERSION } from '../version.ts';

const MESSAGE_CHARS_MAX = 4_000;
const HINT_CHARS_MAX = 2_000;

/** The message on one line, then one line per frame: texts and paths in them may be untrusted. */
function stackText(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return stack
    .split(/\n +(?=at )/)
    .map((part) => printable(part, MESSAGE_CHARS_MAX))
    .join('\n    ');
}

/**
 * The error that ended the program, as text with line breaks: what happened and what to do next. For anything but a
 * QbatchError, which is a bug, the stack.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof QbatchError))
    return `${stackText(error)}\nqbatch ${VERSION} on Node ${process.version}: this is a bug; please report it with the lines above (and qbatch debug)\n`;
  const next = hintText(error);
  const hint = next === undefined ? '' : `  ${printable(next, HINT_CHARS_MAX)}\n`;
  return `qbatch: ${printable(error.message, MESSAGE_CHARS_MAX)}\n${hint}`;
}
