/**
 * What JSON.stringify leaves unescaped but strict readers (`splitlines`, some of DuckDB's and Go's) or terminals mishandle:
 * DEL and C1 controls, U+2028 and U+2029, bidirectional overrides.
 */
const ESCAPED = /[\u007F-\u009F\u2028\u2029\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/gu;

/** An escaped backslash (left alone) or a lone surrogate, which is all that JSON.stringify escapes as \uD8.. to \uDF... */
const LONE_SURROGATE = /\\(?:\\|ud[89a-f][0-9a-f]{2})/gu;

/** Text without anything to escape, such as nearly all ids. */
const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * A value as one line of compact JSON that any reader parses back to the same value and that is safe on a terminal; with
 * `indent` spaces, on many lines. Lone surrogates become U+FFFD (cli.md section 3).
 */
export function jsonText(value: unknown, indent = 0): string {
  if (typeof value === 'string' && PLAIN.test(value)) return `"${value}"`;
  return JSON.stringify(value, null, indent)
    .replaceAll(LONE_SURROGATE, (found) => (found === '\\\\' ? found : '\uFFFD'))
    .replaceAll(
      ESCAPED,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}
