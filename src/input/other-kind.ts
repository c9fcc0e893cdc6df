import { isUtf8 } from 'node:buffer';
import type { Problem } from '../problem.ts';

const LINE_FEED = 0x0a;
const NO_TEXT = { severity: 'error', path: '', code: 'qbatch_invalid_utf8' } as const;

const GZIPPED: Problem = {
  ...NO_TEXT,
  message:
    'the data is compressed with gzip; give the file a name that ends in .gz, or pipe it through zcat',
};

const ZIPPED: Problem = {
  ...NO_TEXT,
  message:
    'the file is a zip archive, or a workbook of Excel; unpack it, or write the lines as JSONL',
};

const OLD_WORKBOOK: Problem = {
  ...NO_TEXT,
  message: 'the file is an old workbook of Excel (.xls); write the lines as JSONL',
};

const PARQUET: Problem = {
  ...NO_TEXT,
  message:
    'the file is Parquet; write it as JSONL: python3 -c \'import pandas, sys; pandas.read_parquet(sys.argv[1]).to_json(sys.stdout, orient="records", lines=True)\' FILE',
};

function packed(by: string, unpack: string): Problem {
  const message = `the data is compressed with ${by}, which qbatch cannot read; pipe it: ${unpack} FILE | qbatch run -`;
  return { ...NO_TEXT, message };
}

const DATABASE: Problem = {
  ...NO_TEXT,
  message: 'the file is a SQLite database; if it is a ledger, qbatch resume FILE continues its job',
};

/** Magic bytes. */
const KINDS: readonly { readonly begin: readonly number[]; readonly problem: Problem }[] = [
  { begin: [0x1f, 0x8b], problem: GZIPPED },
  { begin: [0x50, 0x4b, 0x03, 0x04], problem: ZIPPED },
  { begin: [0xd0, 0xcf, 0x11, 0xe0], problem: OLD_WORKBOOK },
  { begin: [0x28, 0xb5, 0x2f, 0xfd], problem: packed('zstd', 'zstd -dc') },
  { begin: [0xfd, 0x37, 0x7a, 0x58, 0x5a], problem: packed('xz', 'xz -dc') },
  { begin: [...Buffer.from('BZh', 'latin1')], problem: packed('bzip2', 'bzip2 -dc') },
  { begin: [...Buffer.from('PAR1', 'latin1')], problem: PARQUET },
  { begin: [...Buffer.from('SQLite format 3\0', 'latin1')], problem: DATABASE },
];

/**
 * The problem of an input that is no text, such as an archive, by its first bytes; null for any other. It has no lines to
 * report one by one. Pure.
 */
export function otherKind(bytes: Buffer): Problem | null {
  // Some begin with letters, as a text may. A character may be cut at the end of the bytes, so the last line is left out.
  if (isUtf8(bytes.subarray(0, bytes.lastIndexOf(LINE_FEED) + 1 || bytes.length))) return null;
  const kind = KINDS.find(({ begin }) => begin.every((byte, at) => bytes[at] === byte));
  return kind?.problem ?? null;
}
