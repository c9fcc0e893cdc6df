const PLAIN_WORD = /^(?:[\w@%+=:,./-]|(?!\s)[\u0080-\uFFFF])+$/u;
/** Characters that are dropped, or become a space, when printed: copying the text would name another file. */
const NOT_PRINTED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Quotes a word for a POSIX shell; unprintable characters in the `$'...'` form of bash, zsh and POSIX since 2024. */
export function shellWord(word: string): string {
  if (NOT_PRINTED.test(word)) return `$'${Array.from(word, escaped).join('')}'`;
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  if (!NOT_PRINTED.test(character)) return character;
  // Three octal digits per byte: a following digit is never taken for one more.
  const bytes = [...Buffer.from(character)];
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
