import fc from 'fast-check';

/*
 * Text that attacks whoever reads it on a terminal, and what no terminal may get of it.
 */

/** Put after every line break of a hostile text: no line of an output may begin with it. */
const FORGED = 'FORGED';

const SEQUENCES = [
  // Clears, colours, titles, links, clipboard, device control, with and without their ends.
  ...[
    '\u001b[2J',
    '\u001b[31m',
    '\u001b[1;1H',
    '\u001b]0;owned\u0007',
    '\u001b]8;;http://x\u001b\\',
  ],
  ...['\u001b]52;c;cm0=\u0007', '\u001bP1;2|x\u001b\\', '\u001b_x\u001b\\', '\u001bc', '\u001b(0'],
  ...[
    '\u001b',
    '\u001b[',
    '\u001b]',
    '\u001bP',
    '\u001b\\',
    '\u009b2J',
    '\u009d0;x\u009c',
    '\u0090',
  ],
];
const MARKS = [
  // Bidirectional, zero width, soft hyphen, separators, tags (whole, in halves, halves apart).
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
  ...['\u200e', '\u200f', '\u061c', '\u2028', '\u2029', '\u200b', '\u200c', '\u200d', '\ufeff'],
  ...['\u2060', '\u2064', '\u206a', '\u180e', '\u00ad', '\ufff9', '\u{e0041}', '\udb40', '\udc41'],
  ...['\ud800', '\udfff', '\udb40\u200e\udc41', '\udb40\u{e0041}\udc41', '\ud83d\ude00'],
];
const BREAKS = ['\n', '\r', '\r\n', '\n\n', '\u0085', '\v', '\f', '\u2028'].map(
  (end) => end + FORGED,
);
const PLAIN = [
  '西湖',
  'x',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  ';',
  '<',
  '>',
  '`',
  '|',
  '%',
  'sk',
  '/',
  '=',
];

const control = fc
  .oneof(fc.integer({ min: 0, max: 0x1f }), fc.integer({ min: 0x7f, max: 0x9f }))
  .map((code) => (code === 0x0a ? BREAKS[0] : String.fromCodePoint(code)));

/** A hostile text; it begins with a letter, so that no line break in it is at its start. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(...SEQUENCES),
      fc.constantFrom(...MARKS),
      fc.constantFrom(...BREAKS),
      fc.constantFrom(...PLAIN),
      control,
    ),
    { minLength: 1, maxLength: 16 },
  )
  .map((parts) => `a${parts.join('')}`);

/** What a terminal obeys, what turns or hides the text around it, and halves of characters; the line feed apart. */
const RAW: RegExp =
  /[^\P{Cc}\n]|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/u;

/** The program's own colours. */
const COLOURS = /\u001b\[\d{1,2}m/g;

/** `text` without colours; only where nothing from outside was in it, or could have passed as one. */
export function withoutColours(text: string): string {
  return text.replaceAll(COLOURS, '');
}

/** Why `text` may not go to a terminal; null: it may. */
export function rawIn(text: string): string | null {
  const found = RAW.exec(text);
  if (found !== null) {
    const code = found[0].codePointAt(0) ?? 0;
    const around = JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20));
    return `U+${code.toString(16).toUpperCase().padStart(4, '0')} in ${around}`;
  }
  const forged = text.split('\n').find((line) => line.trimStart().startsWith(FORGED));
  return forged === undefined ? null : `a line of its own: ${JSON.stringify(forged.slice(0, 60))}`;
}
