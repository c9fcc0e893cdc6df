import type { Problem } from '../problem.ts';

const NOT_UTF8: Problem = {
  severity: 'error',
  path: '',
  code: 'qbatch_invalid_utf8',
  message: 'the line is not valid UTF-8; save the file as UTF-8',
};

const GZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the data is compressed by gzip; give the file a name that ends in .gz, or pipe it through zcat',
};

const UTF16: Problem = {
  ...NOT_UTF8,
  message:
    'the file is UTF-16, as Excel and Windows write "Unicode text"; save it as UTF-8, or: iconv -f UTF-16 -t UTF-8 FILE',
};

const ZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the file is a zip archive, or a workbook of Excel; unpack it, or write the lines as JSONL',
};

const DATABASE: Problem = {
  ...NOT_UTF8,
  message:
    'the file is a SQLite database; where it is a ledger, qbatch resume FILE goes on with its job',
};

/** How the first line of a file begins that is something else altogether. */
const OTHER_KINDS: readonly { readonly begin: readonly number[]; readonly problem: Problem }[] = [
  { begin: [0x1f, 0x8b], problem: GZIPPED },
  { begin: [0xff, 0xfe], problem: UTF16 },
  { begin: [0xfe, 0xff], problem: UTF16 },
  { begin: [0x50, 0x4b, 0x03, 0x04], problem: ZIPPED },
  { begin: [...Buffer.from('SQLite format 3\0', 'latin1')], problem: DATABASE },
];

/** Why a line is no UTF-8; of the first one what the file is instead, where its first bytes tell. */
export function notUtf8(bytes: Buffer, lineNo: number): Problem {
  if (lineNo !== 1) return NOT_UTF8;
  const kind = OTHER_KINDS.find(({ begin }) => begin.every((byte, at) => bytes[at] === byte));
  return kind?.problem ?? NOT_UTF8;
}
