/** A Markdown table of cells that are Markdown already. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A pipe ends a cell even inside a code span, so it is escaped everywhere; so is a line break. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

/** Text that may contain code spans; what Markdown would read as a tag is escaped. */
export function inline(text: string): string {
  return cell(text)
    .split('`')
    .map((part, at) => (at % 2 === 0 ? part.replaceAll('<', '&lt;').replaceAll('*', '\\*') : part))
    .join('`');
}

/** A text as a code span. */
export function code(text: string): string {
  return `\`${cell(text)}\``;
}
