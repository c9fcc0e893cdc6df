import { afterString } from '../json/json-depth.ts';

/** Characters that a word processor or a Chinese keyboard writes for those of JSON, and JSON's own. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ...['“', '”', '„', '‘', '’', '＂'].map((quote) => [quote, '"'] as const),
  ['，', ','],
  ['：', ':'],
  ['｛', '{'],
  ['｝', '}'],
  ['［', '['],
  ['］', ']'],
  ['【', '['],
  ['】', ']'],
]);

/** White space that is none to JSON, by name: nobody sees it. */
const SPACES: ReadonlyMap<string, string> = new Map([
  ['\u00A0', 'a no-break space'],
  ['\u3000', 'an ideographic space'],
]);

/** Whether no string of `text` holds place `at`, up to which it reads as JSON. */
function isOutsideStrings(text: string, at: number): boolean {
  let open = text.indexOf('"');
  while (open !== -1 && open < at) {
    const after = afterString(text, open);
    if (after > at) return false;
    open = text.indexOf('"', after);
  }
  return true;
}

/**
 * What stands in `text` at UTF-16 offset `at`, where JSON.parse met what it did not expect, if it is a typographic or
 * full-width character in the place of one of JSON's own: which one, where, and what JSON has instead. Null where it is
 * another character, or stands within a string. Pure; one pass over the text before it.
 */
export function lookAlike(text: string, at: number): string | null {
  const character = text[at] ?? '';
  const space = SPACES.get(character);
  const meant = space === undefined ? MEANT.get(character) : 'a plain space';
  if (meant === undefined || !isOutsideStrings(text, at)) return null;
  const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return `${space ?? character} (${code}) at column ${at + 1} where JSON needs ${meant}; word processors and Chinese keyboards insert such characters: replace them all`;
}
