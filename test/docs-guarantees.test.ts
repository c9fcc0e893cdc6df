import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const PROMISES = 20;
/** Without what is written for the next editor alone. */
const page = readFileSync('docs/guarantees.md', 'utf8').replaceAll(/<!--.*?-->/gs, '');

type Row = { readonly no: number; readonly tests: readonly string[]; readonly command: string };

const rows: readonly Row[] = [...page.matchAll(/^\| (\d+) +\|(.*)\|$/gm)].map(
  ([, no, cells = '']) => {
    const [, shownBy = '', , command = ''] = cells.split('|');
    return {
      no: Number(no),
      tests: [...shownBy.matchAll(/`(test\/[^`]+)`/g)].map(([, name = '']) => name),
      command: command.trim(),
    };
  },
);

test('every promise has one row, with a test and a command', () => {
  expect(rows.map(({ no }) => no)).toEqual(
    Array.from({ length: PROMISES }, (_, index) => index + 1),
  );
  expect(rows.filter(({ tests, command }) => tests.length === 0 || command === '')).toEqual([]);
});

test('every file that is named exists', () => {
  const named = [...page.matchAll(/(?:test|scripts)\/[\w./-]+\.(?:ts|mjs)/g)].map(([name]) => name);
  expect(named.length).toBeGreaterThan(PROMISES);
  expect(named.filter((name) => !existsSync(name))).toEqual([]);
});

test('every campaign that is named exists', () => {
  const campaigns = readFileSync('scripts/test-long.mjs', 'utf8');
  const named = [...page.matchAll(/test:long -- ([\w-]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !campaigns.includes(`name: '${name}'`))).toEqual([]);
});

test('both front pages and the architecture lead to it', () => {
  for (const front of ['README.md', 'README.zh-CN.md'])
    expect(readFileSync(front, 'utf8')).toContain('(docs/guarantees.md)');
  expect(readFileSync('docs/architecture.md', 'utf8')).toContain('(guarantees.md)');
});
