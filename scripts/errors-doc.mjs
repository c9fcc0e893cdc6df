// Writes docs/errors.md from the error table: `node scripts/errors-doc.mjs`.
// With --check it writes nothing and exits 1 where the page differs from the table.
import { readFile, writeFile } from 'node:fs/promises';
import { loadSource } from './load-source.mjs';

const { ERROR_RULES, OWN_CODES, errorsMarkdown } = await loadSource([
  'error-codes.ts',
  'report/errors-doc.ts',
]);
const page = new URL('../docs/errors.md', import.meta.url);
const text = errorsMarkdown(ERROR_RULES, OWN_CODES);
if (process.argv.includes('--check')) {
  const current = await readFile(page, 'utf8').catch(() => '');
  if (current !== text) {
    process.stderr.write('docs/errors.md is out of date: run node scripts/errors-doc.mjs\n');
    process.exitCode = 1;
  }
} else {
  await writeFile(page, text);
}
