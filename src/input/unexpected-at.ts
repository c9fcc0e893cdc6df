import { afterString } from '../json/json-depth.ts';

/** Any run of text that JSON knows outside a string; of white space it knows less than \s does. */
const TOKEN = /[ \t\n\r]+|true|false|null|-?\d[\d.eE+-]*|[{}[\]:,]/y;

/**
 * Where `character` stands that JSON.parse did not expect, for V8 names the character without its
 * place; null where this plain reading does not come upon it.
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
