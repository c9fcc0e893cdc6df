import type { Parameter } from '../schemas/parameter.ts';
import type { Rule } from '../schemas/rule.ts';
import type { ShapeRule } from '../schemas/shape-rule.ts';
import type { Source } from '../schemas/sources.ts';
import { code, inline, table } from './markdown-table.ts';

/** All checks, and the test file of each, by rule id or parameter. */
export type CheckTables = {
  readonly parameters: readonly Parameter[];
  readonly rules: readonly Rule[];
  readonly shapeRules: readonly ShapeRule[];
  readonly tests: ReadonlyMap<string, string>;
};

const INTRODUCTION = `# Parameters and rules: what is checked before a call

Generated from the tables in \`src/schemas\` by \`scripts/parameters-doc.mjs\`; do not edit.

- An _error_ makes a line invalid: a wrong type, a value outside a documented range or enumeration, or what
  the service is documented to refuse.
- A _warning_ does so only under \`--strict\`: a documented constraint without a known consequence, a list of
  models, an unknown name, a default that costs money.
- A _note_ never does: what has no effect, or is deprecated.

Every message says what was found, what must hold, the service's own words if they are known, and the page
with its date.

The catalog (\`qbatch models\`) says what a model can do. Your own file, given with \`--catalog\`, overrides
each of its facts. A model that the catalog does not know passes with a note.

The numbers in the columns _source_ refer to [Sources](#sources). The files in the columns _test_ are in
\`test/property\` and show, for each row, how to break that rule and nothing else.`;

/**
 * Finds where each rule and parameter is violated in tests, from the test sources: `breaks: 'id'`, or the keys of the table
 * of bad values. `files` are names with their text.
 */
export function testPlaces(
  files: readonly (readonly [string, string])[],
  parameters: readonly string[],
): ReadonlyMap<string, string> {
  const places = new Map<string, string>();
  for (const [name, text] of files) {
    for (const [, id = ''] of text.matchAll(/\bbreaks: '([^']+)'/g)) places.set(id, name);
    for (const [, start = ''] of text.matchAll(/\bbreaks: `([^`$]+)\$\{/g))
      for (const parameter of parameters) places.set(start + parameter.replaceAll('_', '-'), name);
    if (!text.includes('const BAD')) continue;
    for (const parameter of parameters)
      if (new RegExp(`^  ${parameter}: `, 'm').test(text)) places.set(parameter, name);
  }
  return places;
}

/** The page `docs/parameters.md` as Markdown. Pure and deterministic. */
export function parametersMarkdown(tables: CheckTables): string {
  const { parameters, rules, shapeRules } = tables;
  const sources = [
    ...new Set([...parameters, ...rules, ...shapeRules].map(({ source }) => source)),
  ];
  const list = sources.map(({ text, date }, at) => `${at + 1}. ${inline(text)} (${date})`);
  return `${[
    INTRODUCTION,
    '## Parameters',
    `\`parameters\` is the native protocol's object; _body_ is the OpenAI-compatible request body. A value that
is not allowed is an error.`,
    parametersTable(tables, sources),
    '## Rules between parameters, messages and model',
    `Numbered rules are the vendor's cross-parameter rules. A rule is checked if its parameter is given; rules
marked _every line_ are always checked. _Listed_ models are those of which the catalog says so.`,
    rulesTable(tables, sources),
    '## Rules about messages, parts, names, headers and the line',
    shapeRulesTable(tables, sources),
    '## Sources',
    list.join('\n'),
  ].join('\n\n')}\n`;
}

function parametersTable(tables: CheckTables, sources: readonly Source[]): string {
  return table(
    ['parameter', 'place', 'allowed', 'default', 'models', 'service says', 'rules', ...LAST],
    tables.parameters.map((row) => [
      code(row.name),
      placeOf(row),
      inline(`${row.allowed}${row.nullable && !/null/.test(row.allowed) ? ', or null' : ''}`),
      inline(row.default),
      inline(row.models),
      row.service === null ? '' : inline(row.service),
      rulesOf(row.name, tables.rules),
      ...lastOf(row.name, row.source, tables, sources),
    ]),
  );
}

function rulesTable(tables: CheckTables, sources: readonly Source[]): string {
  return table(
    ['rule', 'asked for', 'at', 'must', 'models', 'severity', 'service says', ...LAST],
    tables.rules.map((rule) => [
      code(rule.id),
      rule.on === null ? 'every line' : code(rule.on),
      code(rule.place.name),
      inline(rule.text),
      inline(modelsOf(rule, tables.parameters)),
      severityOf(rule),
      rule.service === null ? '' : inline(rule.service),
      ...lastOf(rule.id, rule.source, tables, sources),
    ]),
  );
}

function shapeRulesTable(tables: CheckTables, sources: readonly Source[]): string {
  return table(
    ['rule', 'at', 'must', 'models', 'severity', 'service says', ...LAST],
    tables.shapeRules.map((rule) => [
      code(rule.id),
      inline(rule.about),
      inline(rule.must),
      inline(rule.models),
      rule.severity,
      rule.service === null ? '' : inline(rule.service),
      ...lastOf(rule.id, rule.source, tables, sources),
    ]),
  );
}

/** The last columns of every table. */
const LAST = ['source', 'test'] as const;

function lastOf(
  id: string,
  source: Source,
  { tests }: CheckTables,
  sources: readonly Source[],
): readonly string[] {
  const place = tests.get(id);
  return [String(sources.indexOf(source) + 1), place === undefined ? '' : code(place)];
}

function placeOf({ name, place }: Parameter): string {
  if (name === 'stream') return 'native: header `X-DashScope-SSE`; body';
  if (name === 'output_format') return '`parameters`, `input` or top level';
  if (place === 'native') return '`parameters`';
  return place === 'openai' ? 'body' : '`parameters`; body';
}

function rulesOf(name: string, rules: readonly Rule[]): string {
  const about = rules.filter(({ on, place }) => on === name || place.name.split('.')[0] === name);
  return about.map(({ id }) => code(id)).join(', ');
}

/** A rule for all models applies to those that its parameter is documented for. */
function modelsOf({ models, on }: Rule, parameters: readonly Parameter[]): string {
  if (models !== 'all') return models;
  return parameters.find(({ name }) => name === on)?.models ?? models;
}

function severityOf({ severity, weaker }: Rule): string {
  return weaker === null ? severity : `${severity}; ${weaker.severity}: ${inline(weaker.text)}`;
}
