import { usageNotes } from './usage-notes.ts';
import type { UsageReport } from './usage-report.ts';
import { usageRows } from './usage-rows.ts';

/** Characters that are special in Markdown or in HTML within it. */
const MEANINGFUL = /[\\`*_[\]<>|~#&]/gu;

function escaped(cell: string): string {
  return cell.replaceAll(MEANINGFUL, (character) => {
    if (character === '<') {
      return '&lt;';
    }
    return character === '&' ? '&amp;' : `\\${character}`;
  });
}

function row(cells: readonly string[]): string {
  return `| ${cells.map(escaped).join(' | ')} |\n`;
}

/** The report as a GitHub-flavoured Markdown table with its totals as last rows, and notes on its amounts below. */
export function usageMarkdown(report: UsageReport): string {
  const { header, groups, totals, right } = usageRows(report);
  const rule = `| ${right.map((isRight) => (isRight ? '---:' : '---')).join(' | ')} |\n`;
  const table = row(header) + rule + [...groups, ...totals].map(row).join('');
  return (
    table +
    usageNotes(report)
      .map((note) => `\n${note}\n`)
      .join('')
  );
}
