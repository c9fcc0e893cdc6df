import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/command-line/command-specs.ts';
import { EXIT } from '../src/errors.ts';
import { REGIONS } from '../src/config/choices.ts';
import { openDatabase } from '../src/ledger/database.ts';
import { SCHEMA } from '../src/ledger/schema.ts';
import { loadCatalog } from '../src/models/catalog.ts';
import { nothingSeen } from '../src/plan.ts';
import { createPricing } from '../src/pricing.ts';
import { readDirectives } from '../src/simulator/directives.ts';
import { parseSimulatorSpec } from '../src/simulator/spec.ts';
import { surveyInput, type Survey } from '../src/survey.ts';

const READMES = ['README.md', 'README.zh-CN.md'] as const;
const DECISIONS = readdirSync('docs/decisions').map((name) => `docs/decisions/${name}`);
/** Hand-written pages; docs/errors.md is made from its table and has a test of its own. */
const PAGES: readonly string[] = [
  ...READMES,
  'docs/architecture.md',
  'docs/dispatch.md',
  'docs/guarantees.md',
  'docs/ledger.md',
  'docs/money.md',
  'docs/money.zh-CN.md',
  'docs/reports.md',
  'docs/modes.md',
  'docs/modes.zh-CN.md',
  'docs/operations.md',
  'docs/simulator.md',
  ...DECISIONS,
];

const read = (path: string): string => readFileSync(path, 'utf8');

type Block = { readonly language: string; readonly text: string };

function blocksOf(path: string): readonly Block[] {
  return [...read(path).matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(
    ([, language = '', text = '']) => ({
      language,
      text,
    }),
  );
}

/** The page without its code blocks. */
const proseOf = (path: string): string => read(path).replaceAll(/^```.*?^```$/gms, '');

/** The rows of the table that follows a heading, less its head, as trimmed cells. */
function tableAfter(path: string, heading: string): readonly (readonly string[])[] {
  const section =
    read(path)
      .split(/^## /m)
      .find((part) => part.startsWith(heading)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** `## ||| ###`: kinds of lines in their order, without their words. */
function structureOf(path: string): readonly string[] {
  return proseOf(path)
    .split('\n')
    .map((line) => /^(#+ |\|(?: :?-+:? \|)+$|- )/.exec(line)?.[1]?.replaceAll(/-{2,}/g, '-') ?? '')
    .filter((mark) => mark !== '');
}

const tableSizes = (path: string): readonly number[] =>
  proseOf(path)
    .split(/\n\n+/)
    .filter((part) => part.trimStart().startsWith('|'))
    .map((part) => part.trim().split('\n').length);

describe('both READMEs', () => {
  it.each(READMES)('%s: shows the two commands that must work, in blocks of their own', (path) => {
    const commands = blocksOf(path)
      .filter(({ language }) => language === 'sh')
      .map(({ text }) => text.trim());
    expect(commands).toContain('npm ci && npx qbatch run fixtures/quickstart.jsonl --simulate');
    expect(commands).toContain('npm ci && npm test');
  });

  it('structure: the same headings, tables and lists in the same order', () => {
    expect(structureOf('README.md').length).toBeGreaterThan(20);
    expect(structureOf('README.zh-CN.md')).toEqual(structureOf('README.md'));
    expect(tableSizes('README.zh-CN.md')).toEqual(tableSizes('README.md'));
  });

  it('code blocks: the same to the letter', () => {
    expect(blocksOf('README.md').length).toBeGreaterThan(5);
    expect(blocksOf('README.zh-CN.md')).toEqual(blocksOf('README.md'));
  });

  it('code in the text: the same words', () => {
    const spans = (path: string): readonly string[] =>
      [...proseOf(path).matchAll(/`([^`\n]+)`/g)]
        .map(([, span = '']) => span.replace(/<.*>/, '<>'))
        .toSorted();
    expect([...new Set(spans('README.zh-CN.md'))]).toEqual([...new Set(spans('README.md'))]);
  });

  it.each([
    ['README.md', 'Exit codes'],
    ['README.zh-CN.md', '退出码'],
  ])('%s: lists every exit code of the program and no other', (path, heading) => {
    const listed = tableAfter(path, heading).map(([code]) => Number(code));
    expect(listed).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
  });

  it.each(READMES)('%s: names every region', (path) => {
    for (const region of REGIONS) expect(read(path)).toContain(`\`${region}\``);
  });
});

it.each([...READMES, 'docs/money.md', 'docs/money.zh-CN.md'])(
  '%s: what simulated runs print of money says that nothing was billed, as they do',
  (path) => {
    const shown = blocksOf(path).filter(({ language }) => language === 'text');
    const costs = shown.flatMap(({ text }) => text.match(/^cost .*$/gm) ?? []);
    expect(costs.filter((line) => !line.endsWith('CNY (simulated: nothing was billed)'))).toEqual(
      [],
    );
    const sums = shown.flatMap(({ text }) => text.match(/^total .*\n.*$/gm) ?? []);
    expect(costs.length * sums.length).toBeGreaterThan(0);
    expect(sums.filter((lines) => !lines.endsWith('\nsimulated: nothing was billed'))).toEqual([]);
  },
);

describe('the page about money', () => {
  const [english, chinese] = ['docs/money.md', 'docs/money.zh-CN.md'] as const;

  it('has the same headings, lists, outputs and code in both languages', () => {
    expect(structureOf(english).length).toBeGreaterThan(10);
    expect(structureOf(chinese)).toEqual(structureOf(english));
    expect(blocksOf(chinese)).toEqual(blocksOf(english));
    const spans = (path: string): readonly string[] =>
      [...proseOf(path).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span).toSorted();
    expect(spans(chinese)).toEqual(spans(english));
  });
});

describe('every page', () => {
  const flags = new Set([
    'help',
    'version',
    ...COMMANDS.flatMap((command) => command.flags.map(({ name }) => name)),
  ]);
  /** Flags of other programs that pages mention. */
  const FOREIGN = new Set(['--config', '--resume']);

  it.each(PAGES)('%s: mentions only flags that exist', (path) => {
    const mentioned = [...read(path).matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(
      ([, name = '']) => name,
    );
    expect(mentioned.filter((name) => !flags.has(name) && !FOREIGN.has(`--${name}`))).toEqual([]);
  });

  it.each(READMES)('%s: mentions only commands that exist', (path) => {
    const commands = new Set(COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]));
    const mentioned = [...read(path).matchAll(/(?:`|npx |next: )qbatch ([a-z]+)/g)].map(
      ([, name = '']) => name,
    );
    expect(mentioned.length).toBeGreaterThan(5);
    expect(mentioned.filter((name) => !commands.has(name))).toEqual([]);
  });

  it.each(PAGES)('%s: links only to what exists', (path) => {
    const targets = [...proseOf(path).matchAll(/\]\(([^)\s]+)\)/g)].map(
      ([, target = '']) => target,
    );
    const relative = targets.filter((target) => !/^https?:\/\//.test(target));
    const missing = relative.filter(
      (target) => !existsSync(join(dirname(path), target.replace(/#.*$/, ''))),
    );
    expect(missing).toEqual([]);
  });

  it.each(PAGES)('%s: names only files of the project that exist', (path) => {
    const named = [
      ...read(path).matchAll(/`((?:src|test|docs|fixtures|scripts|bench|\.ci)\/[^`\s<>]*)`/g),
    ].map(([, file = '']) => file);
    const missing = named.filter((file) => {
      if (!file.includes('*'))
        return !existsSync(file) && !/\.(?:results|errors)\.jsonl$|\.db$/.test(file);
      const [start = ''] = file.split('*');
      const folder = normalize(dirname(`${start}x`));
      return !readdirSync(folder).some((name) => join(folder, name).startsWith(normalize(start)));
    });
    expect(missing).toEqual([]);
  });

  it.each(PAGES)('%s: holds no path of the machine it was written on', (path) => {
    expect(read(path)).not.toMatch(/(?<![\w.~/:-])\/(?:home|root|tmp|work|Users|private|mnt)\//);
  });
});

describe('docs/ledger.md', () => {
  const queries = blocksOf('docs/ledger.md')
    .filter(({ language }) => language === 'sql')
    .map(({ text }) => text);

  it('names every table of the schema', () => {
    const tables = [...SCHEMA.matchAll(/CREATE TABLE (\w+)/g)].map(([, name = '']) => name);
    const listed = tableAfter('docs/ledger.md', 'Tables').map(([name = '']) =>
      name.replaceAll('`', ''),
    );
    expect(listed.filter((name) => tables.includes(name))).toEqual(tables);
  });

  it('its queries: run on the schema and change nothing', () => {
    expect(queries.length).toBeGreaterThan(5);
    const database = openDatabase(':memory:');
    try {
      database.exec(SCHEMA);
      for (const query of queries) {
        const statement = database.prepare(query);
        expect(statement.readonly).toBe(true);
        expect(statement.all()).toEqual([]);
      }
    } finally {
      database.close();
    }
  });

  it('the query for one answer: finds it', () => {
    const query = queries.find((text) => text.includes('bodies')) ?? '';
    const database = openDatabase(':memory:');
    try {
      database.exec(SCHEMA);
      database.pragma('foreign_keys = OFF');
      database.exec(
        `INSERT INTO lines VALUES (3, 1, 'answered', 1, '杭州', 'qwen-plus', 1, 200, NULL, NULL, NULL, 'r', NULL, 0);
         INSERT INTO bodies VALUES (3 * ${2 ** 40} + 1, CAST('{"回答":"西湖"}' AS BLOB), 0)`,
      );
      expect(database.prepare(query).all()).toEqual([
        { custom_id: '杭州', body: '{"回答":"西湖"}' },
      ]);
    } finally {
      database.close();
    }
  });
});

describe('the simulator in docs and fixtures', () => {
  const texts = ['docs/simulator.md', 'fixtures/faults.jsonl'].map(read);

  it('every directive: is understood and asks for something', () => {
    const prompts = texts.flatMap((text) =>
      text
        .split('\n')
        .filter((line) => line.includes('[[simulate: '))
        .map((line) => line.replaceAll(String.raw`\"`, '"')),
    );
    expect(prompts.length).toBeGreaterThan(8);
    for (const prompt of prompts) {
      const { problem, ...asked } = readDirectives([prompt]);
      expect(problem).toBeNull();
      const some = Object.values(asked).some((value) => value !== null && value !== false);
      expect(some, `understood nothing of ${prompt}`).toBe(true);
    }
  });

  it('every item of the directive table: is understood', () => {
    const items = tableAfter('docs/simulator.md', 'Directives').map(([item = '']) =>
      item.replaceAll('`', ''),
    );
    expect(items.length).toBeGreaterThan(15);
    for (const item of items) expect(readDirectives([`[[simulate: ${item}]]`]).problem).toBeNull();
  });

  it('every part of the SPEC table: is read and changes the default', () => {
    const parts = tableAfter('docs/simulator.md', 'SPEC').map(([part = '']) =>
      part.replaceAll('`', ''),
    );
    expect(parts).toHaveLength(5);
    for (const part of parts) expect(parseSimulatorSpec(part)).not.toEqual(parseSimulatorSpec(''));
  });
});

describe('the example inputs', () => {
  const catalog = loadCatalog();
  const survey = (path: string, strict = false): Promise<Survey> =>
    surveyInput(path, {
      maxLineBytes: 1024 * 1024,
      defaults: {
        model: undefined,
        system: undefined,
        protocol: 'auto',
        set: new Map(),
        strict,
        catalog,
        scope: 'cn',
        batchChat: false,
      },
      pricing: createPricing(catalog, 'cn', 'CNY'),
      outputSeen: nothingSeen,
    });

  it.each(['quickstart', 'shapes', 'reviews', 'faults'])(
    '%s.jsonl: is valid, without a warning',
    async (name) => {
      const { lines, invalid, problems } = await survey(`fixtures/${name}.jsonl`);
      expect(lines).toBeGreaterThan(5);
      expect(invalid).toBe(0);
      expect(problems.filter(({ severity }) => severity !== 'note')).toEqual([]);
    },
  );

  it('invalid.jsonl: every line but the first and the last is refused, the last only under --strict', async () => {
    const errors = ({ problems }: Survey): readonly number[] => [
      ...new Set(problems.filter(({ severity }) => severity === 'error').map(({ line }) => line)),
    ];
    const lenient = await survey('fixtures/invalid.jsonl');
    expect(errors(lenient)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(lenient.invalid).toBe(9);
    expect((await survey('fixtures/invalid.jsonl', true)).invalid).toBe(10);
  });
});
