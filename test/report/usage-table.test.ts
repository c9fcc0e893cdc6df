import { expect, test } from 'vitest';
import { usageTable } from '../../src/report/usage-table.ts';
import { textWidth } from '../../src/reporters/text-width.ts';
import { TERMINAL_CONTROL } from '../reporters/sample-events.ts';
import { MEASURES, NO_KEYS, REPORT, UNPRICED } from './sample-report.ts';

test('usageTable: columns line up, totals by currency last, hostile keys are harmless', () => {
  const text = usageTable(REPORT);
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(1 + 3 + 2);
  expect(new Set(lines.map(textWidth)).size).toBe(1);
  expect(text).not.toMatch(TERMINAL_CONTROL);
  expect(lines[1]).toMatch(
    /^qwen-plus .*语文,"甲" 组 +1,200 .* 12\.3% .* 4\.31 CNY +0\.003621848739 +3 \(0\.012345 CNY\) +812 +3,300 +9,001 +24 +64$/u,
  );
  expect(lines[2]).toMatch(/^my\|model +- +1,200 /u);
  expect(lines[4]).toMatch(/^total .* 4\.31 CNY /u);
  expect(lines[5]).toMatch(/^total .* 0\.50 USD /u);
});

test('usageTable: amounts of a column line up at their points, none is rounded', () => {
  const groups = ['0.016510', '1234.500000', '0.000000000001'].map((cost) => ({
    ...MEASURES,
    cost,
    keys: ['qwen-plus', null],
  }));
  const lines = usageTable({ ...REPORT, groups, totals: [] })
    .split('\n')
    .slice(1, 4);
  const amounts = lines.map((line) => / ([\d,]+\.\d+) CNY /u.exec(line)?.[1]);
  expect(amounts).toEqual(['0.016510000000', '1,234.500000000000', '0.000000000001']);
  expect(new Set(lines.map((line) => line.indexOf(' CNY '))).size).toBe(1);
});

test('usageTable: what of it was simulated, told below', () => {
  const told = (simulated: number): string =>
    usageTable({ ...REPORT, jobs: { total: 3, simulated } }).slice(usageTable(REPORT).length);
  expect(told(0)).toBe('');
  expect(told(1)).toBe('1 of 3 jobs are simulated; their cost was not billed\n');
  expect(told(3)).toBe('simulated: nothing was billed\n');
});

test('usageTable: what an amount leaves out stands beside it, and only where there is such', () => {
  expect(usageTable(REPORT)).not.toContain('unpriced');
  const partly = {
    ...MEASURES,
    unpriced_lines: 1_040,
    possibly_billed: { ...MEASURES.possibly_billed, unpriced_attempts: 2 },
  };
  const report = { ...REPORT, groups: [{ ...MEASURES, keys: ['a', 'b'] }], totals: [partly] };
  const lines = usageTable({ ...report, jobs: { total: 1, simulated: 1 } })
    .trimEnd()
    .split('\n');
  expect(lines[0]).toMatch(/ cost +unpriced +per answer /u);
  expect(lines[1]).toMatch(/ 4\.31 CNY +0 +0\.003621848739 +3 \(0\.012345 CNY\) /u);
  expect(lines[2]).toMatch(/ 4\.31 CNY +1,040 +0\.003621848739 +3 \(0\.012345 CNY, 2 unpriced\) /u);
  expect(lines.slice(3)).toEqual([
    'unpriced: no known price, or no tokens reported; in no amount (--catalog gives prices)',
    'simulated: nothing was billed',
  ]);

  const none = { ...UNPRICED.possibly_billed, attempts: 3, unpriced_attempts: 3 };
  const calls = usageTable({ ...REPORT, totals: [{ ...MEASURES, possibly_billed: none }] });
  expect(calls).not.toMatch(/ cost +unpriced/u);
  expect(calls).toMatch(/\ntotal .* 3 \(3 unpriced\) .*\nunpriced: no known price, /u);
});

test('usageTable: no by-keys, the one group is not repeated as a total', () => {
  expect(usageTable(NO_KEYS).trimEnd().split('\n')).toHaveLength(2);
});
