/**
 * Characters that make a spreadsheet read a cell as a formula if it begins with one; the full-width forms count in East
 * Asian editions.
 * Source: OWASP "CSV Injection", https://owasp.org/www-community/attacks/CSV_Injection, 2024.
 */
const FORMULA_START = /^[=+\-@\t\r\n＝＋－＠]/u;
const PLAIN_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/iu;
const NEEDS_QUOTES = /[",\r\n]|^\s|\s$/u;
/**
 * Controls other than tab and line breaks: terminals obey them, and NUL ends some readers; marks that reorder what follows,
 * and Unicode's own line breaks, at which some readers split.
 */
const CONTROL = /[^\P{Cc}\t\r\n]|[\u202A-\u202E\u2066-\u2069\u2028\u2029]/gu;

function cellText(cell: string | number | null): string {
  if (cell === null) {
    return '';
  }
  if (typeof cell === 'number') {
    return Number.isFinite(cell) ? String(cell) : '';
  }
  const shown = cell.replaceAll(CONTROL, '\uFFFD');
  const isFormula = FORMULA_START.test(shown) && !PLAIN_NUMBER.test(shown);
  const defused = isFormula ? `'${shown}` : shown;
  return NEEDS_QUOTES.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}

/**
 * One CSV row with its line break (CR LF), quoted per RFC 4180. `null` and non-finite numbers are empty cells. A cell that
 * a spreadsheet would run as a formula gets a leading `'` unless it is a number; control characters, and marks that reorder
 * text, become U+FFFD.
 */
export function csvRow(cells: readonly (string | number | null)[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}
