import { expect, test } from 'vitest';
import { notUtf8 } from '../../src/input/not-utf8.ts';

const GBK_HELLO = [0xc4, 0xe3, 0xba, 0xc3];

test.each([
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 0x24], 'zstd -dc FILE | qbatch run -'],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz -dc FILE | qbatch run -'],
  ['bzip2', [...Buffer.from('BZh9'), 0xff], 'bzip2 -dc FILE | qbatch run -'],
  ['Parquet', [...Buffer.from('PAR1'), 0xff], 'pandas.read_parquet(sys.argv[1])'],
  ['an old workbook', [0xd0, 0xcf, 0x11, 0xe0, 0xa1], '.xls'],
])('a first line that is %s: named, with what to do', (kind, bytes, told) => {
  const { message } = notUtf8(Buffer.from(bytes), 1);
  expect(message).toContain(kind);
  expect(message).toContain(told);
  expect(message.length).toBeLessThan(300);
});

test('text in GBK: told how to turn it, in any line', () => {
  const line = Buffer.from([...Buffer.from('{"prompt":"'), ...GBK_HELLO, ...Buffer.from('"}')]);
  for (const lineNo of [1, 7])
    expect(notUtf8(line, lineNo).message).toContain('iconv -f GB18030 -t UTF-8 FILE');
});

test.each([
  ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x22]],
  ['nothing that is known', [0xff]],
  ['UTF-8 of which a character was cut', [...Buffer.from('中文中文').subarray(0, 10)]],
  [
    'UTF-8 with a byte too few in the middle',
    [...Buffer.from('你好'), 0xe4, 0xb8, ...Buffer.from('世界')],
  ],
])('%s: not taken for GBK', (_, bytes) => {
  expect(notUtf8(Buffer.from(bytes), 2).message).toBe(
    'the line is not valid UTF-8; save the file as UTF-8',
  );
});
