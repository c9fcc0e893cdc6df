const PLAIN_WORD = /^(?:[\w@%+=:,./-]|(?!\s)[\u0080-\uFFFF])+$/u;
/** What is dropped, or becomes a space, where text is printed: who copies that means another file. */
const NOT_PRINTED = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A word as a POSIX shell takes it back; what cannot be printed in the `$'...'` of bash, zsh and POSIX since 2024. */
export function shellWord(word: string): string {
  if (NOT_PRINTED.test(word)) return `$'${Array.from(word, escaped).join('')}'`;
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function escaped(character: string): string {
  if (character === '\\' || character === "'") return `\\${character}`;
  if (!NOT_PRINTED.test(character)) return character;
  // Three octal digits a byte: what follows is never taken for one more.
  const bytes = [...Buffer.from(character)];
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
