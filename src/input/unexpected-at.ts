/** Any run of text that JSON knows outside a string. */
const TOKEN = /\s+|true|false|null|-?\d[\d.eE+-]*|[{}[\]:,]/y;

/** Index after the string that opens at `open`; the text's length where it is never closed. */
function stringEnd(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote !== -1) {
    let before = quote;
    while (text[before - 1] === '\\') before -= 1;
    if ((quote - before) % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

/**
 * Where `character` stands that JSON.parse did not expect, for V8 names the character without its
 * place; null where this plain reading does not come upon it.
 */
export function unexpectedAt(text: string, character: string): number | null {
  let at = 0;
  let last = '';
  while (at < text.length) {
    if (text[at] === '"') {
      at = stringEnd(text, at);
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
