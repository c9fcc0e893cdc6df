import { afterString } from '../json/json-depth.ts';

/** Any JSON token outside a string; JSON's white space is a subset of \s. */
const TOKEN = /[ \t\n\r]+|true|false|null|-?\d[\d.eE+-]*|[{}[\]:,]/y;

/**
 * Finds `character`, which JSON.parse did not expect: V8 names it without its position. Null if this simple scan does not
 * find it.
 */
export function unexpectedAt(text: string, character: string): number | null {
  let at = 0;
  let last = '';
  while (at < text.length) {
    if (text[at] === '"') {
      at = afterString(text, at);
      last = '"';
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    const isDangling = (token === '}' || token === ']') && last === ',';
    if (token === undefined || isDangling) return text.startsWith(character, at) ? at : null;
    if (token.trim() !== '') last = token;
    at += token.length;
  }
  return null;
}
