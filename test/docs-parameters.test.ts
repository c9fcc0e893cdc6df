import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parametersMarkdown, testPlaces } from '../src/report/parameters-doc.ts';
import { PARAMETERS } from '../src/schemas/parameters.ts';
import { RULES } from '../src/schemas/rules.ts';
import { SHAPE_RULES } from '../src/schemas/shape-rules.ts';

const FOLDER = 'test/property';
const PAGE = 'docs/parameters.md';

/** The cells of a table row, where an escaped pipe is text. */
const cells = (line: string): readonly string[] => line.split(/(?<!\\)\|/).slice(1, -1);

const files = readdirSync(FOLDER)
  .filter((name) => name.startsWith('mutators-'))
  .toSorted()
  .map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')] as const);
const names = PARAMETERS.map(({ name }) => name);
const tables = {
  parameters: PARAMETERS,
  rules: RULES,
  shapeRules: SHAPE_RULES,
  tests: testPlaces(files, names),
};

describe(PAGE, () => {
  const text = parametersMarkdown(tables);
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));

  it('is what the tables say (if not: node scripts/parameters-doc.mjs)', () => {
    expect(readFileSync(PAGE, 'utf8')).toBe(text);
  });

  it('has a row for every parameter and every rule, with its source and its test', () => {
    const ids = rows.map((row) => cells(row)[0]?.trim().replaceAll('`', ''));
    const all = [...names, ...RULES.map(({ id }) => id), ...SHAPE_RULES.map(({ id }) => id)];
    expect(ids).toEqual(all);
    for (const row of rows) {
      const [source, test] = cells(row).slice(-2);
      expect(source?.trim(), row).toMatch(/^\d+$/);
      expect(test?.trim(), row).toMatch(/^`mutators-[a-z]+\.ts`$/);
    }
  });

  it('says of every parameter and every rule which models it is about', () => {
    const models = new Map(
      text
        .split('\n\n')
        .filter((block) => block.startsWith('|'))
        .flatMap((block) => {
          const [heading = '', , ...body] = block.split('\n');
          const column = cells(heading)
            .map((cell) => cell.trim())
            .indexOf('models');
          return body.map((row) => [cells(row)[0]?.trim(), cells(row)[column]?.trim()] as const);
        }),
    );
    expect([...models].filter(([, said]) => said === undefined || said === '')).toEqual([]);
    // By itself, by its parameter, and of a walk.
    expect(models.get('`15`')).toBe('Qwen3.8');
    expect(models.get('`ocr-task`')).toBe('OCR models');
    expect(models.get('`max-frames-older`')).toBe('qwen-vl-max, qwen-vl-plus');
    expect(models.get('`messages-empty`')).toBe('all');
  });

  it('has as many cells in a row as in its heading', () => {
    const blocks = text.split('\n\n').filter((block) => block.startsWith('|'));
    expect(blocks).toHaveLength(3);
    for (const block of blocks)
      expect(new Set(block.split('\n').map((line) => cells(line).length)).size).toBe(1);
  });

  it('drifts where a rule has no test, and where a text changes', () => {
    const [rule] = RULES;
    if (rule === undefined) throw new Error('the table is empty');
    const other = { ...rule, id: 'untested', text: 'it must | be told' };
    const changed = parametersMarkdown({ ...tables, rules: [other] });
    const row = changed.split('\n').find((line) => line.startsWith('| `untested`')) ?? '';
    expect(row).toContain('it must \\| be told');
    expect(cells(row).at(-1)?.trim()).toBe('');
  });
});
