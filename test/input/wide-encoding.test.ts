import { expect, test } from 'vitest';
import { wideEncoding } from '../../src/input/wide-encoding.ts';

const TEXT = '{"prompt":"上海"}\n';

/** UTF-32 of the text, as Node.js cannot write it. */
function utf32(text: string, order: 'little' | 'big'): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const bytes = Buffer.alloc(points.length * 4);
  for (const [index, point] of points.entries()) {
    if (order === 'little') bytes.writeUInt32LE(point, index * 4);
    else bytes.writeUInt32BE(point, index * 4);
  }
  return bytes;
}

const little = (text: string): Buffer => Buffer.from(text, 'utf16le');
const big = (text: string): Buffer => little(text).swap16();

test.each([
  ['UTF-16LE', little(TEXT)],
  ['UTF-16BE', big(TEXT)],
  ['UTF-16LE', little(`\r\n${TEXT}`)],
  ['UTF-32LE', utf32(TEXT, 'little')],
  ['UTF-32BE', utf32(TEXT, 'big')],
])('%s without a byte order mark: named, with the command', (name, bytes) => {
  const message = wideEncoding(bytes)?.message;
  expect(message).toContain(`looks like ${name.slice(0, 6)} (`);
  expect(message).toContain(name.endsWith('LE') ? 'little-endian' : 'big-endian');
  expect(message).toContain(`: iconv -f ${name} -t UTF-8 FILE > utf8.jsonl`);
});

test.each([
  ['UTF-16', little(`\u{FEFF}${TEXT}`)],
  ['UTF-16', big(`\u{FEFF}${TEXT}`)],
  ['UTF-32', utf32(`\u{FEFF}${TEXT}`, 'little')],
  ['UTF-32', utf32(`\u{FEFF}${TEXT}`, 'big')],
])('%s with a byte order mark: named, with the command', (name, bytes) => {
  const message = wideEncoding(bytes)?.message;
  expect(message).toContain(`the file is ${name}`);
  expect(message).toContain(`: iconv -f ${name} -t UTF-8 FILE > utf8.jsonl`);
});

test.each([
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with a mark', Buffer.from(`\u{FEFF}${TEXT}`)],
  ['nothing', Buffer.alloc(0)],
  ['less than two characters', Buffer.from('{\0', 'latin1')],
  ['a NUL in a line', Buffer.from('{"\0"', 'latin1')],
  ['NULs alone', Buffer.alloc(8)],
  ['numbers of two bytes', Buffer.from([1, 0, 2, 0, 3, 0])],
])('%s: none of these', (_, bytes) => {
  expect(wideEncoding(bytes)).toBeNull();
});
