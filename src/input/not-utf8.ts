import type { Problem } from '../problem.ts';

const NOT_UTF8: Problem = {
  severity: 'error',
  path: '',
  code: 'qbatch_invalid_utf8',
  message: 'the line is not valid UTF-8; save the file as UTF-8',
};

const PERHAPS_GBK: Problem = {
  ...NOT_UTF8,
  message:
    'the line is not valid UTF-8; save the file as UTF-8, or if it is GBK, as Chinese Excel writes CSV: iconv -f GB18030 -t UTF-8 FILE',
};

const GZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the data is compressed with gzip; give the file a name that ends in .gz, or pipe it through zcat',
};

const ZIPPED: Problem = {
  ...NOT_UTF8,
  message:
    'the file is a zip archive, or a workbook of Excel; unpack it, or write the lines as JSONL',
};

const OLD_WORKBOOK: Problem = {
  ...NOT_UTF8,
  message: 'the file is an old workbook of Excel (.xls); write the lines as JSONL',
};

const PARQUET: Problem = {
  ...NOT_UTF8,
  message:
    'the file is Parquet; write it as JSONL: python3 -c \'import pandas, sys; pandas.read_parquet(sys.argv[1]).to_json(sys.stdout, orient="records", lines=True)\' FILE',
};

function packed(by: string, unpack: string): Problem {
  const message = `the data is compressed with ${by}, which qbatch cannot read; pipe it: ${unpack} FILE | qbatch run -`;
  return { ...NOT_UTF8, message };
}

const DATABASE: Problem = {
  ...NOT_UTF8,
  message: 'the file is a SQLite database; if it is a ledger, qbatch resume FILE continues its job',
};

/** Magic bytes by which the first line reveals a file of another kind. */
const OTHER_KINDS: readonly { readonly begin: readonly number[]; readonly problem: Problem }[] = [
  { begin: [0x1f, 0x8b], problem: GZIPPED },
  { begin: [0x50, 0x4b, 0x03, 0x04], problem: ZIPPED },
  { begin: [0xd0, 0xcf, 0x11, 0xe0], problem: OLD_WORKBOOK },
  { begin: [0x28, 0xb5, 0x2f, 0xfd], problem: packed('zstd', 'zstd -dc') },
  { begin: [0xfd, 0x37, 0x7a, 0x58, 0x5a], problem: packed('xz', 'xz -dc') },
  { begin: [...Buffer.from('BZh', 'latin1')], problem: packed('bzip2', 'bzip2 -dc') },
  { begin: [...Buffer.from('PAR1', 'latin1')], problem: PARQUET },
  { begin: [...Buffer.from('SQLite format 3\0', 'latin1')], problem: DATABASE },
];

/** The replacement character in decoded text for invalid UTF-8. */
const REPLACED = 0xfffd;

/**
 * Whether a line that is invalid UTF-8 decodes as GB18030. UTF-8 with a truncated character often does so too, and would
 * turn into nonsense: most of its characters are valid UTF-8, those of GBK hardly ever.
 */
function looksLikeGbk(bytes: Buffer): boolean {
  const text = bytes.toString('utf8');
  let right = 0;
  let wrong = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === REPLACED) wrong += 1;
    else if (unit > 0x7f) right += 1;
  }
  return wrong > right && isGb18030(bytes);
}

function isGb18030(bytes: Buffer): boolean {
  try {
    new TextDecoder('gb18030', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Why a line is invalid UTF-8; for the first line, what the file is instead if its magic bytes show it. */
export function notUtf8(bytes: Buffer, lineNo: number): Problem {
  const kind =
    lineNo === 1
      ? OTHER_KINDS.find(({ begin }) => begin.every((byte, at) => bytes[at] === byte))
      : undefined;
  return kind?.problem ?? (looksLikeGbk(bytes) ? PERHAPS_GBK : NOT_UTF8);
}
