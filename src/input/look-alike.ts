import { afterString } from '../json/json-depth.ts';

/** Characters that word processors and Chinese keyboards produce in place of JSON's, with JSON's own. */
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

/** White space that JSON does not accept, by name: it is invisible. */
const SPACES: ReadonlyMap<string, string> = new Map([
  ['\u00A0', 'a no-break space'],
  ['\u3000', 'an ideographic space'],
]);

/** Whether offset `at` is outside all strings of `text`, which is valid JSON up to there. */
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
 * Describes the character in `text` at UTF-16 offset `at`, where JSON.parse failed, if it is a typographic or full-width
 * character in place of one of JSON's: which one, where, and what JSON has instead. Null for other characters, or within a
 * string. Pure; one pass over the text before it.
 */
export function lookAlike(text: string, at: number): string | null {
  const character = text[at] ?? '';
  const space = SPACES.get(character);
  const meant = space === undefined ? MEANT.get(character) : 'a plain space';
  if (meant === undefined || !isOutsideStrings(text, at)) return null;
  const code = `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  return `${space ?? character} (${code}) at column ${at + 1} where JSON needs ${meant}; word processors and Chinese keyboards insert such characters: replace them all`;
}
