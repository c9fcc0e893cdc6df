// Writes docs/parameters.md from the tables of src/schemas: `node scripts/parameters-doc.mjs`.
// With --check it writes nothing and exits 1 where the page differs from them.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { loadSource } from './load-source.mjs';

const PAGE = 'docs/parameters.md';
const TESTS = new URL('../test/property/', import.meta.url);
const { PARAMETERS, RULES, SHAPE_RULES, parametersMarkdown, testPlaces } = await loadSource([
  'schemas/parameters.ts',
  'schemas/rules.ts',
  'schemas/shape-rules.ts',
  'report/parameters-doc.ts',
]);
const names = (await readdir(TESTS)).filter((name) => name.startsWith('mutators-')).toSorted();
const files = await Promise.all(
  names.map(async (name) => [name, await readFile(new URL(name, TESTS), 'utf8')]),
);
const text = parametersMarkdown({
  parameters: PARAMETERS,
  rules: RULES,
  shapeRules: SHAPE_RULES,
  tests: testPlaces(
    files,
    PARAMETERS.map(({ name }) => name),
  ),
});
const url = new URL(`../${PAGE}`, import.meta.url);
if (!process.argv.includes('--check')) {
  await writeFile(url, text);
} else if ((await readFile(url, 'utf8').catch(() => '')) !== text) {
  process.stderr.write(`${PAGE} is out of date: run node scripts/parameters-doc.mjs\n`);
  process.exitCode = 1;
}
