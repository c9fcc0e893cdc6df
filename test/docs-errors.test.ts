import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_RULES, OWN_CODES, type ErrorRule } from '../src/error-codes.ts';
import { errorsMarkdown } from '../src/report/errors-doc.ts';

/** The cells of a table row, where an escaped pipe is text. */
const cells = (line: string): readonly string[] => line.split(/(?<!\\)\|/).slice(1, -1);

describe('docs/errors.md', () => {
  it('is what the table says (if not: build, then node scripts/errors-doc.mjs)', () => {
    expect(readFileSync('docs/errors.md', 'utf8')).toBe(errorsMarkdown(ERROR_RULES, OWN_CODES));
  });

  it('every row: has as many cells as its heading', () => {
    const tables = errorsMarkdown(ERROR_RULES, OWN_CODES)
      .split('\n\n')
      .filter((block) => block.startsWith('|'));
    expect(tables).toHaveLength(6);
    for (const table of tables) {
      const widths = table
        .trimEnd()
        .split('\n')
        .map((line) => cells(line).length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  it('every rule and every own code: stands in both languages', () => {
    const rows = errorsMarkdown(ERROR_RULES, OWN_CODES)
      .split('\n')
      .filter((line) => line.startsWith('| '));
    const headings = 6 * 2;
    expect(rows).toHaveLength(headings + 2 * (ERROR_RULES.length + OWN_CODES.length));
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
    const text = errorsMarkdown([odd], []);
    expect(text).toContain('| `/a\\|b/` | either\\|or &lt;b> and `--by model\\|day <x>` |');
    expect(text).toContain('1. odd \\*source\\*');
  });
});
