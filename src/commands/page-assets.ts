import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { PageAssets } from '../report/report-page.ts';

/** Written beside the program at build time: the page's script with the charting library, and its style. */
const PAGE_FILE = 'report-page.json';

/** The script and style of the report's page. */
export function pageAssets(): PageAssets {
  const read: unknown = JSON.parse(readFileSync(new URL(PAGE_FILE, import.meta.url), 'utf8'));
  assert(typeof read === 'object' && read !== null && 'script' in read && 'style' in read);
  return { script: String(read.script), style: String(read.style) };
}
