import { createHash } from 'node:crypto';
import { jsonText } from '../json/json-text.ts';
import type { ReportData, ReportLive } from './report-data.ts';

/** The built script and style sheet of the page. */
export type PageAssets = { readonly script: string; readonly style: string };

/** The page's content: an embedded report, or a live one fetched from its origin. */
export type PageContent =
  | { readonly kind: 'file'; readonly data: ReportData }
  | { readonly kind: 'live'; readonly live: ReportLive };

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** The page's content security policy: only its own script and style, by hash; a live page may also fetch from its origin. */
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

/** A self-contained HTML file. Untrusted texts appear only in JSON without any `<`, and reach the page as text nodes. Pure. */
export function reportPage(assets: PageAssets, content: PageContent): string {
  // An embedded icon: browsers would request one from the server.
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
