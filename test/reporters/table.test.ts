import { expect, test } from 'vitest';
import { alignTable } from '../../src/reporters/table.ts';

test('alignTable: Chinese and numbers, columns line up on screen', () => {
  const rows = [
    ['model', 'lines', 'cost'],
    ['通义千问', '7', '0.10'],
    ['qwen-plus-latest', '1,234', '12.00'],
  ];
  expect(alignTable(rows, { right: [false, true, true] })).toBe(
    [
      'model             lines   cost',
      '通义千问              7   0.10',
      'qwen-plus-latest  1,234  12.00',
    ].join('\n'),
  );
});

test('alignTable: ragged rows and a left last column, no trailing spaces', () => {
  expect(alignTable([['a'], ['bb', 'x'], []], { right: [] })).toBe('a\nbb  x\n');
});
