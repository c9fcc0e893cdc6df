import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_RULES, OWN_CODES, type ErrorRule } from '../src/error-codes.ts';
import { errorsMarkdown } from '../src/report/errors-doc.ts';

/** The cells of a table row, where an escaped pipe is text. */
const cells = (line: string): readonly string[] => line.split(/(?<!\\)\|/).slice(1, -1);

const PAGES = [
  ['docs/errors.md', 'en'],
  ['docs/errors.zh-CN.md', 'zh-CN'],
] as const;

describe.each(PAGES)('%s', (page, language) => {
  const text = errorsMarkdown(language, ERROR_RULES, OWN_CODES);
  const tables = text.split('\n\n').filter((block) => block.startsWith('|'));

  it('is what the table says (if not: node scripts/errors-doc.mjs)', () => {
    expect(readFileSync(page, 'utf8')).toBe(text);
  });

  it('every row: has as many cells as its heading', () => {
    expect(tables).toHaveLength(3);
    for (const table of tables) {
      const widths = table.split('\n').map((line) => cells(line).length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  it('every rule and every own code: has its row, with all its cells filled', () => {
    const rows = tables.flatMap((table) => table.split('\n').slice(2));
    expect(rows).toHaveLength(ERROR_RULES.length + OWN_CODES.length);
    for (const row of rows) {
      // Only the third cell, the message, may be empty: the rule holds whatever the text.
      const empty = cells(row).flatMap((cell, at) => (cell.trim() === '' ? [at] : []));
      expect(empty.filter((at) => at !== 2)).toEqual([]);
    }
  });

  it('leads to the page in the other language', () => {
    expect(text).toContain(language === 'en' ? '(errors.zh-CN.md)' : '(errors.md)');
  });
});

describe('errorsMarkdown', () => {
  it('Chinese: says 你 to the reader, as README.zh-CN.md does', () => {
    expect(errorsMarkdown('zh-CN', ERROR_RULES, OWN_CODES)).not.toContain('您');
    expect(readFileSync('README.zh-CN.md', 'utf8')).not.toContain('您');
  });

  it('pipes and tags in the texts: are escaped, code spans left alone', () => {
    const [rule] = ERROR_RULES;
    if (rule === undefined) throw new Error('the table is empty');
    const odd: ErrorRule = {
      ...rule,
      messagePattern: 'a|b',
      meaning: 'either|or <b> and `--by model|day <x>`',
      source: 'odd *source*',
    };
    const text = errorsMarkdown('en', [odd], []);
    expect(text).toContain('| `/a\\|b/` | either\\|or &lt;b> and `--by model\\|day <x>` |');
    expect(text).toContain('1. odd \\*source\\*');
  });
});
