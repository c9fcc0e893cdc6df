import { textWidth } from './text-width.ts';

const GAP = '  ';

/**
 * Rows of cells as aligned text: columns two spaces apart, right-aligned if `right` is true, full-width characters counted
 * as two columns. Rows may differ in length. No trailing spaces and no final line break. Cells must be printable.
 */
export function alignTable(
  rows: readonly (readonly string[])[],
  options: { readonly right: readonly boolean[] },
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, textWidth(cell));
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - textWidth(cell));
        return options.right[column] === true ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
  return lines.join('\n');
}
