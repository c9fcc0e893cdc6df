const PLAIN_WORD = /^(?:[\w@%+=:,./-]|(?!\s)[\u0080-\uFFFF])+$/u;

/** A word as a POSIX shell takes it back. */
export function shellWord(word: string): string {
  return PLAIN_WORD.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
