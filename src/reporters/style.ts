import { styleText } from 'node:util';

/** The styles in use; names are those of `util.styleText`. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/**
 * Whether text written to `stream` is coloured. `auto` asks Node, which checks the stream, `NO_COLOR`, `FORCE_COLOR`,
 * `NODE_DISABLE_COLORS` and `TERM` (util.styleText with a stream, Node 20.20.2); the flag wins over all of them.
 */
export function wantsColor(
  choice: 'auto' | 'always' | 'never',
  stream: NodeJS.WritableStream,
): boolean {
  if (choice !== 'auto') {
    return choice === 'always';
  }
  return styleText('red', '?', { stream }) !== '?';
}

/** `text` in `style` if `color` is on, else unchanged. */
export function paint(color: boolean, style: Style, text: string): string {
  return color && text !== '' ? styleText(style, text, { validateStream: false }) : text;
}
