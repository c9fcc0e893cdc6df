import type { Problem } from '../problem.ts';

type Wide = { readonly told: string; readonly iconv: string };

const UTF16: Wide = {
  told: 'is UTF-16, as Excel and Windows write "Unicode text"',
  iconv: 'UTF-16',
};
const UTF32: Wide = { told: 'is UTF-32', iconv: 'UTF-32' };

/** Byte order marks; UTF-32 first, since its little-endian mark begins with that of UTF-16. */
const MARKS: readonly (readonly [begin: readonly number[], kind: Wide])[] = [
  [[0xff, 0xfe, 0x00, 0x00], UTF32],
  [[0x00, 0x00, 0xfe, 0xff], UTF32],
  [[0xff, 0xfe], UTF16],
  [[0xfe, 0xff], UTF16],
];

/**
 * Which of the first four bytes hold a character (x) and which are NUL (0), without a mark. JSON begins with two ASCII
 * characters, so this reveals the encoding. Source: RFC 4627, section 3.
 */
const PATTERNS: ReadonlyMap<string, Wide> = new Map(
  [
    ['x0x0', 'UTF-16LE', 'little'],
    ['0x0x', 'UTF-16BE', 'big'],
    ['x000', 'UTF-32LE', 'little'],
    ['000x', 'UTF-32BE', 'big'],
  ].map(([pattern = '', iconv = '', order = '']) => [
    pattern,
    { told: `looks like ${iconv.slice(0, 6)} (${order}-endian, no byte order mark)`, iconv },
  ]),
);

const PATTERN_BYTES = 4;

/** `x` for printable ASCII and the white space of JSON, `0` for NUL, `-` for any other byte. */
function patternSign(byte: number): string {
  if (byte === 0) return '0';
  const isText = (byte >= 0x20 && byte < 0x7f) || [0x09, 0x0a, 0x0d].includes(byte);
  return isText ? 'x' : '-';
}

/**
 * The problem of an input in UTF-16 or UTF-32, by its first bytes (at least four), with the command that converts it; null
 * for any other input. Such an input has no lines to report one by one: its line ends are not single bytes. Pure.
 */
export function wideEncoding(bytes: Buffer): Problem | null {
  const marked = MARKS.find(([begin]) => begin.every((byte, at) => bytes[at] === byte));
  const pattern = Array.from(bytes.subarray(0, PATTERN_BYTES), patternSign).join('');
  const kind = marked?.[1] ?? PATTERNS.get(pattern);
  if (kind === undefined) return null;
  return {
    severity: 'error',
    path: '',
    code: 'qbatch_invalid_utf8',
    message: `the file ${kind.told}; save it as UTF-8, or: iconv -f ${kind.iconv} -t UTF-8 FILE > utf8.jsonl`,
  };
}
