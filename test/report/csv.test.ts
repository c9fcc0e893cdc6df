import { describe, expect, test } from 'vitest';
import { csvRow } from '../../src/report/csv.ts';

describe('csvRow', () => {
  test.each([
    ['=1+1', "'=1+1"],
    ['+cmd', "'+cmd"],
    ['-cmd|calc', "'-cmd|calc"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['＝1+1', "'＝1+1"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['-1.5', '-1.5'],
    ['+3', '+3'],
    ['-.5e-3', '-.5e-3'],
    ['a=b', 'a=b'],
    ['题目-1', '题目-1'],
    ['a,b', '"a,b"'],
    ['说"好"', '"说""好"""'],
    ['一\n二', '"一\n二"'],
    [' padded ', '" padded "'],
    ['=a,"b"', '"\'=a,""b"""'],
    ['\u001B[31mred\u0000', '\uFFFD[31mred\uFFFD'],
    ['a\u202Egpj.exe\u2066b', 'a\uFFFDgpj.exe\uFFFDb'],
    ['one\u2028two\u2029three', 'one\uFFFDtwo\uFFFDthree'],
    ['\u202A=1+1', '\uFFFD=1+1'],
  ])('csvRow: %j is written %j', (cell, written) => {
    expect(csvRow([cell])).toBe(`${written}\r\n`);
  });

  test('csvRow: numbers, null and no number, null is empty and numbers are plain', () => {
    expect(csvRow([1_234_567, -0.5, null, Number.NaN, ''])).toBe('1234567,-0.5,,,\r\n');
  });
});
