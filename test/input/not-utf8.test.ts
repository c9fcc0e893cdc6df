import { expect, test } from 'vitest';
import { notUtf8 } from '../../src/input/not-utf8.ts';

const GBK_HELLO = [0xc4, 0xe3, 0xba, 0xc3];

test('text in GBK: told how to turn it', () => {
  const line = Buffer.from([...Buffer.from('{"prompt":"'), ...GBK_HELLO, ...Buffer.from('"}')]);
  expect(notUtf8(line).message).toContain('iconv -f GB18030 -t UTF-8 FILE');
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
  expect(notUtf8(Buffer.from(bytes)).message).toBe(
    'the line is not valid UTF-8; save the file as UTF-8',
  );
});
