import { createHash } from 'node:crypto';
import { jsonText } from '../json/json-text.ts';
import type { ReportData, ReportLive } from './report-data.ts';

/** The page's script and style sheet, as they were built. */
export type PageAssets = { readonly script: string; readonly style: string };

/** What the page shows: a report of its own, or a live one that it fetches from where it came. */
export type PageContent =
  | { readonly kind: 'file'; readonly data: ReportData }
  | { readonly kind: 'live'; readonly live: ReportLive };

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * The policy of the page: its own script and style by their hashes, nothing else; a live page may ask
 * the server that it came from.
 */
export function pagePolicy({ script, style }: PageAssets, kind: PageContent['kind']): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    ...(kind === 'live' ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/**
 * One HTML file that needs nothing else. Texts from outside are in it only as JSON, in which no `<` is
 * left, and reach the page as text nodes. Pure.
 */
export function reportPage(assets: PageAssets, content: PageContent): string {
  // An icon of its own: browsers would ask the server for one.
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${pagePolicy(assets, content.kind)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>qbatch</title>
<style>${assets.style}</style>
</head>
<body>
<noscript>This report draws itself with a script that is in this file. 此报告由文件内的脚本绘制，请启用脚本。</noscript>
<script type="application/json" id="data">${jsonText(content).replaceAll('<', String.raw`\u003c`)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}
