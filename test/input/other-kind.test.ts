import { expect, test } from 'vitest';
import { otherKind } from '../../src/input/other-kind.ts';

test.each([
  ['gzip', [0x1f, 0x8b, 0x08], 'ends in .gz'],
  ['a zip archive', [...Buffer.from('PK\u0003\u0004'), 0xff], 'JSONL'],
  ['a SQLite database', [...Buffer.from('SQLite format 3\0'), 0xff], 'qbatch resume FILE'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0x24], 'zstd -dc FILE | qbatch run -'],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz -dc FILE | qbatch run -'],
  ['bzip2', [...Buffer.from('BZh9'), 0xff], 'bzip2 -dc FILE | qbatch run -'],
  ['Parquet', [...Buffer.from('PAR1'), 0xff], 'pandas.read_parquet(sys.argv[1])'],
  ['an old workbook', [0xd0, 0xcf, 0x11, 0xe0, 0xa1], '.xls'],
])('%s: named, with what to do', (kind, bytes, told) => {
  const message = otherKind(Buffer.from(bytes))?.message ?? '';
  expect(message).toContain(kind);
  expect(message).toContain(told);
  expect(message.length).toBeLessThan(300);
});

test.each([
  ['JSON', '{"prompt":"上海"}\n'],
  ['text that begins like Parquet', 'PAR1 notes\n{"prompt":"上'],
  ['the beginning of such bytes', 'PK'],
  ['nothing', ''],
])('%s: none of these', (_, text) => {
  expect(otherKind(Buffer.from(text))).toBeNull();
});
