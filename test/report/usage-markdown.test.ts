import { expect, test } from 'vitest';
import { usageMarkdown } from '../../src/report/usage-markdown.ts';
import { TERMINAL_CONTROL } from '../reporters/sample-events.ts';
import { NO_KEYS, REPORT, UNPRICED } from './sample-report.ts';

test('usageMarkdown: pipes, markup and line breaks cannot break the table', () => {
  const hostile = { ...UNPRICED, keys: ['<img src=x>', '[a](javascript:b)`'] };
  const text = usageMarkdown({ ...REPORT, groups: [...REPORT.groups, hostile] });
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(2 + 4 + 2);
  const cells = (line: string): number => line.split(/(?<!\\)\|/u).length;
  expect(new Set(lines.map(cells)).size).toBe(1);
  expect(lines[1]).toMatch(/^\| --- \| --- \| ---: \|/u);
  expect(text).toContain('my\\|model');
  expect(text).not.toContain('<img');
  expect(text).not.toMatch(/(?<!\\)\[a/u);
  expect(text).not.toMatch(TERMINAL_CONTROL);
});

test('usageMarkdown: what of it was simulated, told as a paragraph below', () => {
  const text = usageMarkdown({ ...REPORT, jobs: { total: 3, simulated: 1 } });
  expect(text).toBe(
    `${usageMarkdown(REPORT)}\n1 of 3 jobs are simulated; their cost was not billed\n`,
  );
});

test('usageMarkdown: no by-keys, the one group is not repeated as a total', () => {
  expect(usageMarkdown(NO_KEYS).trimEnd().split('\n')).toHaveLength(3);
});
