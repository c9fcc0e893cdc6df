// Writes docs/errors.md and docs/errors.zh-CN.md from the error table: `node scripts/errors-doc.mjs`.
// With --check it writes nothing and exits 1 where a page differs from the table.
import { readFile, writeFile } from 'node:fs/promises';
import { loadSource } from './load-source.mjs';

const { ERROR_RULES, OWN_CODES, errorsMarkdown } = await loadSource([
  'error-codes.ts',
  'report/errors-doc.ts',
]);
const PAGES = { 'docs/errors.md': 'en', 'docs/errors.zh-CN.md': 'zh-CN' };
for (const [page, language] of Object.entries(PAGES)) {
  const url = new URL(`../${page}`, import.meta.url);
  const text = errorsMarkdown(language, ERROR_RULES, OWN_CODES);
  if (!process.argv.includes('--check')) {
    await writeFile(url, text);
  } else if ((await readFile(url, 'utf8').catch(() => '')) !== text) {
    process.stderr.write(`${page} is out of date: run node scripts/errors-doc.mjs\n`);
    process.exitCode = 1;
  }
}
